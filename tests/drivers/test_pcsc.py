"""Cards on a real pcscd: the same code path as hardware."""

from __future__ import annotations

import time

import pytest

from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.pcsc import PcscReader
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import (
    CardFailed,
    CardKind,
    CardPlaced,
    CardProblem,
    CardRemoved,
    ReaderDown,
    ReaderUp,
)  # fmt: skip
from tests.drivers.conftest import KEY, NOW, Desk, Listener
from virtual.cards.felica import FelicaCard
from virtual.cards.issuer import TestAuthority
from virtual.cards.tray import make_mynumber
from virtual.cards.vpcd import OnReader

pytestmark = pytest.mark.serial
IDM = bytes.fromhex("0114B34D5E6F7081")


def trouble(placed: CardPlaced, pin: str = "1234") -> tuple[Trouble, int | None]:
    with pytest.raises(CardProblem) as problem:
        placed.card.authenticate(pin, NOW)
    return problem.value.code, problem.value.tries_left


def test_a_library_card_is_known_by_its_tag_alone(desk: Desk) -> None:
    desk.listener.wait(ReaderUp)
    placed = desk.lay(FelicaCard(IDM))
    assert placed.card.kind is CardKind.FELICA
    assert placed.card.tag == CardTagger(KEY).tag(CardKind.FELICA, IDM, "felica")
    assert IDM.hex() not in repr(placed)
    desk.lift()


def test_a_mynumber_card_proves_its_owner_with_the_pin(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    assert (placed.card.kind, placed.card.tag) == (CardKind.MYNUMBER, None)
    assert placed.card.pin_tries_left() == 3
    first = placed.card.authenticate("1234", NOW)
    assert card.no_pin_in_force.wait(2), "a verified PIN must not stay in force"
    assert placed.card.authenticate("1234", NOW) == first, "the same card is the same person"
    assert first.revocation_as_of is None, "without a list nobody can say that it is good"
    assert card.trespasses == []
    desk.lift()


def test_a_wrong_pin_costs_one_try_and_the_last_is_never_spent(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    assert trouble(placed, "9999") == (Trouble.PIN_WRONG, 2)
    assert trouble(placed, "12a4")[0] is Trouble.PIN_MALFORMED
    assert trouble(placed, "１２３４")[0] is Trouble.PIN_MALFORMED
    assert card.tries_left == 2, "what is no PIN never reaches the card"
    assert trouble(placed, "9999") == (Trouble.PIN_WRONG, 1)
    assert trouble(placed, "1234") == (Trouble.PIN_LAST_TRY, 1)
    assert card.tries_left == 1
    desk.lift()


@pytest.mark.parametrize(
    ("days", "code"),
    [((-1900, -5), Trouble.CERT_EXPIRED), ((3, 400), Trouble.CERT_NOT_YET_VALID)],
)
def test_a_certificate_outside_its_validity_costs_no_try(
    desk: Desk, days: tuple[int, int], code: Trouble
) -> None:
    card = desk.card(valid_from_days=days[0], valid_to_days=days[1])
    assert trouble(desk.lay(card))[0] is code
    assert not any(line.startswith("0020") and line != "00200080" for line in card.log)
    assert card.tries_left == 3
    desk.lift()


def test_an_authority_of_the_same_name_is_not_trusted(desk: Desk) -> None:
    card = make_mynumber(TestAuthority.make(NOW), NOW)
    assert trouble(desk.lay(card), "0000")[0] is Trouble.CERT_UNTRUSTED
    assert card.tries_left == 3
    desk.lift()


def test_a_phone_is_told_apart(desk: Desk) -> None:
    placed = desk.lay(desk.card(token="JPKIAPGPSETOKEN"))
    with pytest.raises(CardProblem) as problem:
        placed.card.pin_tries_left()
    assert problem.value.code is Trouble.CARD_KIND_NOT_ACCEPTED
    desk.lift()


@pytest.mark.parametrize("ins", [0xB0, 0x20, 0x2A])
def test_a_card_pulled_out_in_the_middle(desk: Desk, ins: int) -> None:
    placed = desk.lay(desk.card(torn_at=ins))
    assert trouble(placed)[0] is Trouble.CARD_REMOVED
    desk.listener.wait(CardRemoved)
    desk.lay(FelicaCard(IDM))
    desk.lift()


def test_a_card_that_answers_garbage(desk: Desk) -> None:
    desk.put(desk.card(garbage=True))
    assert desk.listener.wait(CardFailed).code is Trouble.CARD_UNREADABLE
    desk.lift()
    desk.lay(FelicaCard(IDM))
    desk.lift()


@pytest.mark.parametrize("quirk", ["first_6f00", "split_answers", "wrong_le"])
def test_the_quirks_of_real_cards(desk: Desk, quirk: str) -> None:
    placed = desk.lay(desk.card(**{quirk: True}))
    assert placed.card.authenticate("1234", NOW).kind is CardKind.MYNUMBER
    desk.lift()


def test_an_empty_slot_between_two_cards_is_always_seen(desk: Desk) -> None:
    for n in range(5):
        placed = desk.lay(FelicaCard(IDM[:7] + bytes((n,))))
        assert placed.card.tag == CardTagger(KEY).tag(CardKind.FELICA, IDM[:7] + bytes((n,)), "felica")
        desk.lift()


def test_pcscd_dies_and_comes_back(desk: Desk) -> None:
    if not desk.pcscd.ours:
        pytest.skip("the pcscd of this system is not ours to kill")
    desk.listener.wait(ReaderUp)
    card = desk.card()
    desk.lay(card)
    desk.pcscd.kill()
    desk.listener.wait(CardRemoved)
    assert desk.listener.wait(ReaderDown).code is Trouble.READER_SERVICE_DOWN
    desk.pcscd.start()
    desk.listener.wait(ReaderUp)
    again = desk.listener.wait(CardPlaced)
    assert again.card.authenticate("1234", NOW).kind is CardKind.MYNUMBER
    desk.lift()


def test_no_reader_at_all_is_said(desk: Desk) -> None:
    listener = Listener()
    lonely = PcscReader(CardTagger(KEY), desk.reader._trust, "kiosk-1", reader_filter="no such reader")
    lonely.start(listener.events.put)
    assert listener.wait(ReaderDown).code is Trouble.READER_MISSING
    lonely.close()


def test_a_second_card_does_not_disturb_the_first(desk: Desk) -> None:
    desk.lay(FelicaCard(IDM))
    with OnReader(desk.card(), port=35964):
        time.sleep(1.0)  # nothing may happen: there is no event to wait for
        assert desk.listener.events.empty()
    desk.lift()


def test_a_trust_directory_with_anything_else_in_it_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "notes.pem").write_text("no certificate")
    with pytest.raises(ValueError, match=r"notes\.pem"):
        TrustStore(tmp_path)
