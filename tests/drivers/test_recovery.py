"""Cards that change, listeners that fail, readers that share: the watch goes on and nobody is mistaken."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from smartcard import scard

from drivers.cards.apdu import Command
from drivers.cards.readers.connection import connected, establish, insertion, release, status_change
from drivers.cards.readers.pcsc import PcscReader
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import (
    CardEvent,
    CardKind,
    CardPlaced,
    CardProblem,
    CardRemoved,
    ReaderDown,
    ReaderUp,
)  # fmt: skip
from tests.drivers.conftest import KEY, NOW, PATIENCE, Desk, Listener
from virtual.cards.felica import FelicaCard
from virtual.cards.vpcd import PORT, OnReader
from virtual.processes import wait_until

pytestmark = pytest.mark.serial
IDM = bytes.fromhex("0114B34D5E6F7081")
OTHER_PORT = PORT + 1


def test_a_pin_never_reaches_the_card_that_was_laid_down_next(desk: Desk) -> None:
    first = desk.lay(desk.card())
    desk.lift()
    neighbour = desk.card()
    desk.lay(neighbour)
    with pytest.raises(CardProblem) as problem:
        first.card.authenticate("9999", NOW)
    assert problem.value.code is Trouble.CARD_REMOVED
    assert neighbour.tries_left == 3
    assert not any(line.startswith("0020") for line in neighbour.log)
    desk.lift()


def test_nor_when_the_change_was_not_yet_noticed(desk: Desk) -> None:
    """The count of the laying down is asked again under the exclusive connection."""
    desk.lay(desk.card())
    context, name = establish(), "Virtual PCD 00 00"
    ((_, state, _),) = status_change(context, [(name, scard.SCARD_STATE_UNAWARE)], 0)
    release(context)
    another = insertion(state) - 1  # as if the card had been changed in between
    with pytest.raises(CardProblem) as problem, connected(name, threading.Lock(), another) as send:
        send(Command(0x00, 0xA4, 0x00, 0x00))
    assert problem.value.code is Trouble.CARD_REMOVED
    desk.lift()


def test_what_is_no_pin_does_not_even_wake_the_card(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    card.log.clear()
    for pin in ("", "123", "12345", "abcd", "１２３４", "1234\n"):
        with pytest.raises(CardProblem) as problem:
            placed.card.authenticate(pin, NOW)
        assert problem.value.code is Trouble.PIN_MALFORMED
    assert card.log == []
    desk.lift()


def test_a_card_that_begins_to_talk_nonsense(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    card.garbage = True
    with pytest.raises(CardProblem) as problem:
        placed.card.authenticate("1234", NOW)
    assert problem.value.code is Trouble.CARD_UNREADABLE
    card.garbage = False
    assert placed.card.authenticate("1234", NOW).kind is CardKind.MYNUMBER
    desk.lift()


def test_a_verified_pin_ends_with_the_connection_not_some_time_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, order = desk.card(), []
    off, answer = card.power_off, card.answer
    monkeypatch.setattr(card, "power_off", lambda: (order.append("off"), off()))
    monkeypatch.setattr(card, "answer", lambda raw: (order.append(raw[1:2].hex()), answer(raw))[1])
    placed = desk.lay(card)
    for _ in range(2):
        placed.card.authenticate("1234", NOW)
    signed = order.index("2a")
    assert "off" in order[signed : order.index("a4", signed)], "pcscd would do it only when idle"
    desk.lift()


def test_two_threads_asking_at_once_take_turns(desk: Desk) -> None:
    placed = desk.lay(desk.card())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: placed.card.authenticate("1234", NOW), range(8)))
    assert len(set(answers)) == 1
    desk.lift()


def noticed(desk: Desk, reader: str) -> bool:
    return bool(desk.reader._slots[reader].state & scard.SCARD_STATE_PRESENT)


@pytest.mark.parametrize(("first", "second"), [(PORT, OTHER_PORT), (OTHER_PORT, PORT)])
def test_a_card_that_waited_on_another_reader_gets_its_turn(desk: Desk, first: int, second: int) -> None:
    waiting = {PORT: "Virtual PCD 00 00", OTHER_PORT: "Virtual PCD 00 01"}[second]
    lying = OnReader(FelicaCard(IDM), first)
    assert desk.listener.wait(CardPlaced).card.kind is CardKind.FELICA
    with OnReader(desk.card(), second):
        wait_until(lambda: noticed(desk, waiting), PATIENCE, "the other card", lambda: True)
        lying.take_away()
        assert desk.listener.wait(CardPlaced).card.kind is CardKind.MYNUMBER
    desk.listener.wait(CardRemoved)


def test_a_listener_that_fails_does_not_end_the_watch(desk: Desk) -> None:
    failed = threading.Event()

    def fragile(event: CardEvent) -> None:
        if isinstance(event, CardPlaced) and not failed.is_set():
            failed.set()
            raise RuntimeError("a defect of ours")
        desk.listener.events.put(event)

    desk.reader._listener = fragile
    desk.put(FelicaCard(IDM))
    assert failed.wait(PATIENCE)
    desk.lift()
    desk.lay(FelicaCard(IDM))
    desk.lift()


def test_a_reader_is_announced_only_when_something_changed(desk: Desk) -> None:
    assert isinstance(desk.listener.next(), ReaderUp)
    for _ in range(2):
        desk.put(FelicaCard(IDM))
        assert isinstance(desk.listener.next(), CardPlaced)
        desk.lift()
    assert desk.listener.events.empty()


def test_recognising_a_card_is_quick_once_it_is_noticed(desk: Desk) -> None:
    """pcscd asks the virtual reader every 400 ms; from then on it is our time, and there is little of it."""
    for card in (FelicaCard(IDM), desk.card()):
        assert desk.lay(card).io_seconds < 0.3
        desk.lift()


def test_a_kiosk_that_starts_before_its_reader_service_waits_for_it_even_after_a_defect(desk: Desk) -> None:
    if not desk.pcscd.ours:
        pytest.skip("the pcscd of this system is not ours to kill")
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
