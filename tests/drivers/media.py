"""The three ways by which a card reaches the kiosk, each behind the same few verbs.

What a medium cannot show is not in its `can`, and the contract does not ask it: one antenna holds one card,
and the air knows no ISO 15693.
"""

from __future__ import annotations

import errno
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import pytest
from smartcard import scard

from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.nfc_device import load
from drivers.cards.readers.nfcpy import NfcpyReader
from drivers.cards.readers.pcsc import PcscReader
from drivers.cards.readers.watch import WatchedReader
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from virtual.cards.pcscd import Pcscd
from virtual.cards.reader import VirtualReader
from virtual.cards.udp import Antenna
from virtual.cards.vpcd import OnReader, VirtualCard

TWO_READERS = "two readers"
ISO15693 = "cards by ISO 15693"
SYSTEMS = "FeliCa system codes"


class Medium(ABC):
    """A way from the card to the kiosk, for one test."""

    name: str
    can: frozenset[str]
    marks: tuple[pytest.MarkDecorator, ...] = ()
    lost: Trouble = Trouble.READER_MISSING

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.request = request

    @abstractmethod
    def reader(self, tagger: CardTagger, trust: TrustStore, device_id: str) -> WatchedReader: ...

    @abstractmethod
    def lay(self, card: VirtualCard, place: int) -> Callable[[], None]:
        """Lay a card down; gives what lifts it."""

    def noticed(self, place: int) -> bool:
        """Whether the adapter knows of the card that lies there."""
        raise NotImplementedError

    @abstractmethod
    def lose(self) -> None:
        """The reader goes away, with whatever lies on it."""

    @abstractmethod
    def restore(self) -> None:
        """It comes back, and what lay on it lies there still."""


class Pcsc(Medium):
    """A real pcscd with vsmartcard's virtual readers."""

    name = "pcsc"
    can = frozenset({TWO_READERS, ISO15693})
    marks = (pytest.mark.serial,)
    lost = Trouble.READER_SERVICE_DOWN

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.pcscd: Pcscd = request.getfixturevalue("pcscd")
        request.getfixturevalue("empty_reader")

    def reader(self, tagger: CardTagger, trust: TrustStore, device_id: str) -> WatchedReader:
        self._reader = PcscReader(tagger, trust, device_id, reader_filter="Virtual PCD")
        return self._reader

    def lay(self, card: VirtualCard, place: int) -> Callable[[], None]:
        return OnReader(card, self.pcscd.port + place).take_away

    def noticed(self, place: int) -> bool:
        return bool(self._reader._slots[f"Virtual PCD 00 0{place}"].state & scard.SCARD_STATE_PRESENT)

    def lose(self) -> None:
        self.pcscd.kill()

    def restore(self) -> None:
        self.pcscd.start()


class Nfcpy(Medium):
    """nfcpy over UDP, the card in a process of its own; a cable that can be pulled stands for the USB one."""

    name = "nfcpy"
    can = frozenset({SYSTEMS})

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.antenna: Antenna = request.getfixturevalue("antenna")
        self._pulled = threading.Event()

    def reader(self, tagger: CardTagger, trust: TrustStore, device_id: str) -> WatchedReader:
        return NfcpyReader(tagger, trust, device_id, path=self.antenna.path, open_exact=self._open)

    def _open(self, path: str) -> Any:
        if self._pulled.is_set():
            raise OSError(errno.ENODEV, "No such device")
        return Cable(load().ContactlessFrontend(path), self._pulled)

    def lay(self, card: VirtualCard, place: int) -> Callable[[], None]:
        return OnReader(card, self.antenna.card_port).take_away

    def lose(self) -> None:
        self._pulled.set()

    def restore(self) -> None:
        self._pulled.clear()


class Cable:
    """nfcpy's frontend of a reader that can be unplugged while it is in use."""

    def __init__(self, frontend: Any, pulled: threading.Event) -> None:
        self._frontend = frontend
        self._pulled = pulled

    def __str__(self) -> str:
        return str(self._frontend)

    def __getattr__(self, name: str) -> Any:
        if self._pulled.is_set() and name != "close":
            raise OSError(errno.ENODEV, "No such device")
        return getattr(self._frontend, name)


class Virtual(Medium):
    """Within this process."""

    name = "virtual"
    can = frozenset({TWO_READERS, ISO15693})
    _NAMES = ("Virtual 0", "Virtual 1")

    def reader(self, tagger: CardTagger, trust: TrustStore, device_id: str) -> WatchedReader:
        self._reader = VirtualReader(tagger, trust, device_id, readers=self._NAMES)
        self._cards: dict[int, VirtualCard] = {}
        return self._reader

    def lay(self, card: VirtualCard, place: int) -> Callable[[], None]:
        self._cards[place] = card
        self._reader.lay(card, self._NAMES[place])

        def lift() -> None:
            self._cards.pop(place, None)
            self._reader.lift(self._NAMES[place])

        return lift

    def noticed(self, place: int) -> bool:
        return True  # laying is a call

    def lose(self) -> None:
        for name in self._NAMES:
            self._reader.pull(name)

    def restore(self) -> None:
        for name in self._NAMES:
            self._reader.put_back(name)
        for place, card in self._cards.items():
            self._reader.lay(card, self._NAMES[place])


MEDIA: tuple[type[Medium], ...] = (Pcsc, Nfcpy, Virtual)


def over(*needed: str) -> pytest.MarkDecorator:
    """Run a test with a desk over every medium that can show what it needs."""
    return pytest.mark.parametrize(
        "desk",
        [pytest.param(one, marks=one.marks, id=one.name) for one in MEDIA if one.can.issuperset(needed)],
        indirect=True,
    )
