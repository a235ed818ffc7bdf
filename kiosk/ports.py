"""What the domain needs from the outside, as protocols. Drivers, sync and tests provide them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kiosk.codes import Trouble
from kiosk.operations import ClockTrust


class Clock(Protocol):
    """Wall time for people, monotonic time for waiting."""

    def now(self) -> datetime:
        """Aware wall time."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    @property
    def trust(self) -> ClockTrust: ...

    @property
    def boot_id(self) -> str: ...


class Ids(Protocol):
    def new(self) -> str:
        """A fresh UUIDv7 in its text form."""
        ...


class CardKind(StrEnum):
    """What kind of card lies on the reader."""

    MYNUMBER = "mynumber"
    FELICA = "felica"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CardIdentity:
    """Who the card speaks for, as a keyed tag; `revocation_checked`: against a dated list at hand."""

    kind: CardKind
    tag: str
    revocation_checked: bool


class CardProblem(Exception):
    """The card could not be used. `tries_left` goes with PIN troubles."""

    def __init__(self, code: Trouble, tries_left: int | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.tries_left = tries_left


class Card(Protocol):
    """A card on the reader now. Methods talk to it and raise CardProblem; call them off the UI thread."""

    @property
    def kind(self) -> CardKind: ...

    @property
    def tag(self) -> str | None:
        """The keyed tag where the bare card is enough (library card); None where a PIN must prove it."""
        ...

    def pin_tries_left(self) -> int:
        """Read the counter; costs no try."""
        ...

    def authenticate(self, pin: str, now: datetime) -> CardIdentity:
        """Prove possession and PIN by challenge–response. Refuses at one try left, never retries."""
        ...

    def release(self) -> None:
        """Power the card off, so that a verified PIN ends with this use. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class CardPlaced:
    """A card lies on the reader. `detected_at`: monotonic seconds; `io_seconds`: cost of recognising it."""

    card: Card
    detected_at: float = 0.0
    io_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """The card has left the reader."""


@dataclass(frozen=True, slots=True)
class CardFailed:
    """Something lies on the reader that could not be read."""

    code: Trouble


@dataclass(frozen=True, slots=True)
class ReaderUp:
    name: str


@dataclass(frozen=True, slots=True)
class ReaderDown:
    code: Trouble


CardEvent = CardPlaced | CardRemoved | CardFailed | ReaderUp | ReaderDown


class CardReader(Protocol):
    """Watches for cards in a thread of its own and recovers by itself from everything."""

    def start(self, listener: Callable[[CardEvent], None]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class BarcodeScanned:
    """A line from the scanner, without its terminator."""

    text: str


class Scanner(Protocol):
    def start(self, listener: Callable[[BarcodeScanned], None]) -> None: ...

    def close(self) -> None: ...


class PrinterProblem(Exception):
    """The slip did not come out."""


class Printer(Protocol):
    def print_lines(self, lines: Sequence[str]) -> None:
        """Print one slip and cut; raises PrinterProblem. The first line is the heading."""
        ...
