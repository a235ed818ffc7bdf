"""A card torn out at every single command of every flow: before it is done, or with the answer lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.rules import AttributesBy
from tests.drivers import nextgen
from tests.drivers.conftest import NOW
from tests.drivers.flows import Handling, outcome
from virtual.cards.chip import AppletCard
from virtual.cards.felica import FelicaCard
from virtual.cards.issuer import TestAuthority, new_key
from virtual.cards.resident import Resident
from virtual.cards.tray import make_mynumber
from virtual.cards.vpcd import Pulled

HANAKO = Resident()
KEY = new_key()
Flow = Callable[[Handling, AppletCard], object]
FLOWS: dict[str, Flow] = {
    "recognise": lambda desk, card: desk.recognise(card),
    "tries": lambda desk, card: desk.tries(card),
    "log in": lambda desk, card: desk.log_in(card),
    "attributes by number B": lambda desk, card: desk.attributes(
        card, AttributesBy.NUMBER_B, HANAKO.number_b
    ),
    "attributes by PIN": lambda desk, card: desk.attributes(card, AttributesBy.PIN, HANAKO.pin),
}
NEXT_FLOWS: dict[str, Flow] = {
    "log in": lambda desk, card: desk.log_in(card, "LIBR42"),
    "attributes by PIN": lambda desk, card: desk.attributes(card, AttributesBy.PIN, "FACE2030"),
}


@pytest.fixture
def desk(authority: TestAuthority, tmp_path: Path) -> Handling:
    authority.save(tmp_path)
    return Handling(TrustStore(tmp_path), [*Handling.profiles, nextgen.profile()])


def counters(card: AppletCard) -> list[int]:
    return [pin.tries for applet in card.applets for pin in applet.pins.values()]


def tear_everywhere(
    desk: Handling, make: Callable[[], AppletCard], act: Flow, *, answer_lost: bool
) -> list[int]:
    """At how many commands it was torn; the same card must serve afterwards as if nothing had been."""
    card = make()
    card.answer_lost = answer_lost
    untouched = counters(card)
    act(desk, card)
    total = len(card.log)
    for number in range(total):
        card.log.clear()
        card.torn_after = number
        assert outcome(lambda: act(desk, card)) is Trouble.CARD_REMOVED, number
        assert len(card.log) == number + 1, "after that nothing more was asked"
        assert not card.verified
        assert card.no_pin_in_force.is_set()
        assert counters(card) == untouched, "a right PIN costs nothing, whoever hears the answer"
        card.torn_after = float("inf")
        assert outcome(lambda: act(desk, card)) is None, "laid down again, it works"
    assert card.trespasses == []
    return list(range(total))


@pytest.mark.parametrize("answer_lost", [False, True])
@pytest.mark.parametrize("manner", ["plain", "split_answers", "wrong_le", "first_6f00"])
@pytest.mark.parametrize("flow", FLOWS)
def test_torn_out_at_every_command(
    desk: Handling, authority: TestAuthority, flow: str, manner: str, answer_lost: bool
) -> None:
    manners = {} if manner == "plain" else {manner: True}

    def make() -> AppletCard:
        return make_mynumber(authority, NOW, key=KEY, resident=HANAKO, **manners)

    torn = tear_everywhere(desk, make, FLOWS[flow], answer_lost=answer_lost)
    assert len(torn) >= (2 if flow == "recognise" else 8)


@pytest.mark.parametrize("flow", NEXT_FLOWS)
def test_so_does_the_next_generation(desk: Handling, authority: TestAuthority, flow: str) -> None:
    def make() -> AppletCard:
        return nextgen.NextCard(authority, NOW)

    assert len(tear_everywhere(desk, make, NEXT_FLOWS[flow], answer_lost=True)) >= 8


def test_a_wrong_pin_whose_answer_is_lost_costs_the_one_try_it_was(
    desk: Handling, authority: TestAuthority
) -> None:
    card = make_mynumber(authority, NOW, key=KEY, resident=HANAKO, answer_lost=True)
    assert outcome(lambda: desk.log_in(card, "0000")) is Trouble.PIN_WRONG
    last = len(card.log)
    card.log.clear()
    card.torn_after = last - 1
    assert outcome(lambda: desk.log_in(card, "0000")) is Trouble.CARD_REMOVED
    assert card.tries_left == 1, "two wrong ones were given, and never a third"
    card.torn_after = float("inf")
    assert outcome(lambda: desk.log_in(card)) is Trouble.PIN_LAST_TRY


class TornStorage(FelicaCard):
    """A library card that is gone before it says who it is."""

    def answer(self, command: bytes) -> bytes:
        raise Pulled


def test_a_library_card_torn_away_is_simply_gone(desk: Handling) -> None:
    card = TornStorage(bytes.fromhex("0114B34D5E6F7081"))
    assert outcome(lambda: desk.recognise(card)) is Trouble.CARD_REMOVED
