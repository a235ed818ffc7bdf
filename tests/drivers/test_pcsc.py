"""What only a real pcscd shows; what every reader promises is in test_contract."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from smartcard import scard

from drivers.cards.apdu import Command
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.connection import connected, establish, insertion, release, status_change
from drivers.cards.readers.pcsc import PcscReader
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardEvent, CardPlaced, CardProblem, ReaderDown, ReaderUp
from tests.drivers.conftest import KEY, NOW, Desk, Listener
from virtual.cards.felica import FelicaCard
from virtual.cards.issuer import TestAuthority
from virtual.cards.tray import make_mynumber

pytestmark = pytest.mark.serial
IDM = bytes.fromhex("0114B34D5E6F7081")
FIRST = "Virtual PCD 00 00"


def trouble(placed: CardPlaced, pin: str = "1234") -> tuple[Trouble, int | None]:
    with pytest.raises(CardProblem) as problem:
        placed.card.authenticate(pin, NOW)
    return problem.value.code, problem.value.tries_left


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


def test_a_card_that_was_changed_unnoticed_is_not_spoken_to(desk: Desk) -> None:
    """The count of the laying down is asked again under the exclusive connection."""
    card = desk.card()
    desk.lay(card)
    context = establish()
    ((_, state, _),) = status_change(context, [(FIRST, scard.SCARD_STATE_UNAWARE)], 0)
    release(context)
    another = insertion(state) - 1  # as if the card had been changed in between
    card.log.clear()
    with pytest.raises(CardProblem) as problem, connected(FIRST, threading.Lock(), another) as send:
        send(Command(0x00, 0xA4, 0x00, 0x00))
    assert problem.value.code is Trouble.CARD_REMOVED
    assert card.log == []
    desk.lift()


def test_while_we_talk_to_a_card_no_other_program_can(desk: Desk) -> None:
    desk.lay(desk.card())
    context = establish()
    ((_, state, _),) = status_change(context, [(FIRST, scard.SCARD_STATE_UNAWARE)], 0)
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    with connected(FIRST, threading.Lock(), insertion(state)):
        result, *_ = scard.SCardConnect(context, FIRST, scard.SCARD_SHARE_SHARED, protocols)
        assert result == scard.SCARD_E_SHARING_VIOLATION
    release(context)
    desk.lift()


def test_another_program_that_holds_the_card_is_waited_for(desk: Desk) -> None:
    placed = desk.lay(desk.card())
    context = establish()
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    result, card, _ = scard.SCardConnect(context, FIRST, scard.SCARD_SHARE_EXCLUSIVE, protocols)
    assert result == scard.SCARD_S_SUCCESS
    with pytest.raises(CardProblem) as problem:
        placed.card.pin_tries_left()
    assert problem.value.code is Trouble.CARD_UNREADABLE
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    release(context)
    assert placed.card.pin_tries_left() == 3
    desk.lift()


def test_no_reader_at_all_is_said(desk: Desk) -> None:
    listener = Listener()
    lonely = PcscReader(CardTagger(KEY), desk.reader._trust, "kiosk-1", reader_filter="no such reader")
    lonely.start(listener.events.put)
    assert listener.wait(ReaderDown).code is Trouble.READER_MISSING
    lonely.close()


def test_recognising_a_card_is_quick_once_it_is_noticed(desk: Desk) -> None:
    """pcscd asks the virtual reader every 400 ms; from then on it is our time, and there is little of it."""
    for card in (FelicaCard(IDM), desk.card()):
        assert desk.lay(card).io_seconds < 0.3
        desk.lift()


def test_a_kiosk_that_starts_before_its_reader_service_waits_for_it_even_after_a_defect(desk: Desk) -> None:
    desk.pcscd.kill()
    listener = Listener()

    def fragile(event: CardEvent) -> None:
        listener.events.put(event)
        if event == ReaderDown(Trouble.READER_SERVICE_DOWN):
            raise RuntimeError("a defect of ours")

    early = PcscReader(CardTagger(KEY), desk.reader._trust, "kiosk-1")
    early.start(fragile)
    assert listener.next() == ReaderDown(Trouble.READER_SERVICE_DOWN)
    desk.pcscd.start()
    assert isinstance(listener.wait(ReaderUp), ReaderUp)
    early.close()


def test_a_trust_directory_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.pem").write_text("no certificate")
    with pytest.raises(ValueError, match=r"notes\.pem"):
        TrustStore(tmp_path)
