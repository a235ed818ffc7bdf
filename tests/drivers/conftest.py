"""A desk with a reader on it over any medium, and a listener that waits instead of sleeping."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from smartcard import scard

from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.connection import establish, list_readers, release, status_change
from drivers.cards.readers.watch import WatchedReader
from kiosk.people.tags import CardTagger
from kiosk.ports import CardEvent, CardPlaced, CardRemoved
from tests.drivers.media import Medium, Pcsc
from virtual.cards.issuer import TestAuthority
from virtual.cards.mynumber import MyNumberCard
from virtual.cards.pcscd import Pcscd
from virtual.cards.tray import make_mynumber
from virtual.cards.udp import Antenna
from virtual.cards.vpcd import VirtualCard

E = TypeVar("E")
NOW = datetime.now(UTC)
KEY = bytes(range(32))
PATIENCE = 10.0


@dataclass
class Listener:
    """Collects events; `wait` gives the next of a type, or fails with what came instead."""

    events: queue.SimpleQueue[CardEvent] = field(default_factory=queue.SimpleQueue)

    def wait(self, kind: type[E] | tuple[type[E], ...]) -> E:
        deadline = time.monotonic() + PATIENCE
        passed = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                event = self.events.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(event, kind):
                return event
            passed.append(event)
        raise AssertionError(f"no {kind} within {PATIENCE} s, only {passed}")

    def next(self) -> CardEvent:
        """The next event, whatever it is."""
        return self.events.get(timeout=PATIENCE)


@dataclass
class Desk:
    """A reader under test and what it needs."""

    medium: Medium
    reader: WatchedReader
    listener: Listener
    authority: TestAuthority
    made: list[MyNumberCard] = field(default_factory=list)
    down: dict[int, Callable[[], None]] = field(default_factory=dict)

    def lay(self, card: VirtualCard) -> CardPlaced:
        self.put(card)
        return self.listener.wait(CardPlaced)

    def put(self, card: VirtualCard, place: int = 0) -> None:
        self.down[place] = self.medium.lay(card, place)

    def take(self, place: int = 0) -> None:
        """Lift without waiting."""
        if place in self.down:
            self.down.pop(place)()

    def lift(self) -> None:
        if 0 in self.down:
            self.take()
            self.listener.wait(CardRemoved)

    def card(self, **misfortunes: object) -> MyNumberCard:
        self.made.append(make_mynumber(self.authority, NOW, **misfortunes))  # type: ignore[arg-type]
        return self.made[-1]

    @property
    def pcscd(self) -> Pcscd:
        assert isinstance(self.medium, Pcsc)
        return self.medium.pcscd


@pytest.fixture(scope="session")
def authority() -> TestAuthority:
    return TestAuthority.make(NOW)


@pytest.fixture
def empty_reader(pcscd: Pcscd) -> None:
    """Until pcscd knows that the last test's card is gone: it does not see a change within its 400 ms."""
    context = establish()
    states = [(name, scard.SCARD_STATE_UNAWARE) for name in list_readers(context)]
    while any(state & scard.SCARD_STATE_PRESENT for _, state, _ in status_change(context, states, 0)):
        time.sleep(0.02)
    release(context)


@pytest.fixture(scope="session")
def antenna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Antenna]:
    """The air of nfcpy's UDP transport, in a process of its own."""
    with Antenna(tmp_path_factory.mktemp("antenna") / "log") as running:
        yield running


@pytest.fixture
def desk(request: pytest.FixtureRequest, authority: TestAuthority, tmp_path: Path) -> Iterator[Desk]:
    """A reader that watches: over the medium the test names, else over PC/SC."""
    medium: Medium = getattr(request, "param", Pcsc)(request)
    authority.save(tmp_path / "trust")
    listener = Listener()
    reader = medium.reader(CardTagger(KEY), TrustStore(tmp_path / "trust"), "kiosk-1")
    made = Desk(medium, reader, listener, authority)
    reader.start(listener.events.put)
    try:
        yield made
    finally:
        for place in list(made.down):
            made.take(place)
        reader.close()
    assert [card.trespasses for card in made.made if card.trespasses] == [], "a tripwire was touched"
