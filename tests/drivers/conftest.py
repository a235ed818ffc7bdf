"""A real pcscd with the virtual reader, and a listener that waits instead of sleeping."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.pcsc import PcscReader
from kiosk.people.tags import CardTagger
from kiosk.ports import CardEvent, CardPlaced, CardRemoved
from virtual.cards.issuer import TestAuthority
from virtual.cards.mynumber import MyNumberCard
from virtual.cards.pcscd import Pcscd
from virtual.cards.tray import make_mynumber
from virtual.cards.vpcd import OnReader, VirtualCard

E = TypeVar("E")
NOW = datetime.now(UTC)
KEY = bytes(range(32))
PATIENCE = 10.0


@dataclass
class Listener:
    """Collects events; `wait` gives the next of a type, or fails with what came instead."""

    events: queue.SimpleQueue[CardEvent] = field(default_factory=queue.SimpleQueue)

    def wait(self, kind: type[E]) -> E:
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
        raise AssertionError(f"no {kind.__name__} within {PATIENCE} s, only {passed}")


@dataclass
class Desk:
    """A reader under test and what it needs."""

    reader: PcscReader
    listener: Listener
    authority: TestAuthority
    pcscd: Pcscd
    _down: OnReader | None = None

    def lay(self, card: VirtualCard) -> CardPlaced:
        self.put(card)
        return self.listener.wait(CardPlaced)

    def put(self, card: VirtualCard) -> None:
        self._down = OnReader(card)

    def lift(self) -> None:
        if self._down is not None:
            self._down.take_away()
            self._down = None
            self.listener.wait(CardRemoved)

    def card(self, **misfortunes: object) -> MyNumberCard:
        return make_mynumber(self.authority, NOW, **misfortunes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def authority() -> TestAuthority:
    return TestAuthority.make(NOW)


@pytest.fixture(scope="session")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    with Pcscd(tmp_path_factory.mktemp("pcscd") / "log") as running:
        yield running


@pytest.fixture
def desk(pcscd: Pcscd, authority: TestAuthority, tmp_path: Path) -> Iterator[Desk]:
    authority.save(tmp_path / "trust")
    listener = Listener()
    reader = PcscReader(
        CardTagger(KEY), TrustStore(tmp_path / "trust"), "kiosk-1", reader_filter="Virtual PCD"
    )
    made = Desk(reader, listener, authority, pcscd)
    reader.start(listener.events.put)
    try:
        yield made
    finally:
        if made._down is not None:
            made._down.take_away()
        reader.close()
