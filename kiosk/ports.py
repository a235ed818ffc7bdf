"""What the domain needs from the outside, as protocols. Drivers, sync and tests provide them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from kiosk.codes import Trouble
from kiosk.decision import Accepted, Refused
from kiosk.operations import ClockTrust, Operation, Outcome, OutcomeKind
from kiosk.rules import AttributesBy, Rules
from kiosk.state import Query, State

R = TypeVar("R")


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
    TRANSIT = "transit"
    MIFARE = "mifare"
    TYPE2 = "type2"
    ISO15693 = "iso15693"
    BARCODE = "barcode"
    QR = "qr"
    TYPE4 = "type4"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Revocation:
    """Checked: a fresh list of that date says the certificate is good. Else nobody has looked since then.

    `as_of` of an unchecked one is the date of the newest list there is, or its first day where there is none.
    """

    as_of: datetime
    checked: bool


@dataclass(frozen=True, slots=True)
class CardIdentity:
    """Who the card speaks for, as a keyed tag.

    `revocation` says what is known of its certificate; None for cards that have none.
    """

    kind: CardKind
    tag: str
    revocation: Revocation | None = None


class Sex(StrEnum):
    """As the register has it (ISO/IEC 5218)."""

    NOT_KNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    NOT_APPLICABLE = "9"


@dataclass(frozen=True, slots=True)
class Attributes:
    """The four attributes on a My Number card, for filling in one form. Kept nowhere, and shown in no log.

    `birth_date` is None where the register knows no full date. `substituted` names the fields in which a
    character that has no code point was replaced: the resident has to say how it is written.
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: Sex = field(repr=False)
    substituted: frozenset[str] = field(default=frozenset(), repr=False)


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

    @property
    def unusable(self) -> Trouble | None:
        """Why this card can never be known again (it makes up its number at every touch); None otherwise."""
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


class CardWithAttributes(Card, Protocol):
    """A card that can also tell who its owner is, where the ward's rules let it (`CardRules.attributes`)."""

    def attributes(self, by: AttributesBy, secret: str) -> Attributes:
        """The four attributes for the 照合番号B or PIN the resident typed. Refuses at one try left."""
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


@dataclass(frozen=True, slots=True)
class Performed:
    """An act that is durable: it was decided, and stands in the journal under `op_id`."""

    op_id: str
    decision: Accepted


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to an operation of ours."""

    outcome: OutcomeKind
    code: str | None


class StoreProblem(Exception):
    """The database did not take a write (nothing of it was kept). `code` is for screen and log."""

    def __init__(self, code: Trouble, detail: str) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code


class Ledger(Protocol):
    """The door to the local store: the only way in which anything becomes true on this device."""

    def perform(self, command: object, now: datetime) -> Performed | Refused:
        """Decide, and write the act and its effect in one durable transaction; raises StoreProblem."""
        ...

    def state(self, *queries: Query) -> State:
        """The records these queries ask for."""
        ...

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every record of a kind (for the small tables: facilities, rooms)."""
        ...

    def rules(self, now: datetime) -> Rules:
        """The rules in force."""
        ...

    def answer(self, op_id: str) -> Answer | None:
        """The server's word on an operation, None while it waits."""
        ...

    def waiting_acts(self) -> int:
        """How many acts of residents the server has not answered yet, without what it notes itself."""
        ...

    @property
    def as_of(self) -> datetime | None:
        """When the server last brought this device up to date."""
        ...

    rescued: int
    """Rows saved from a damaged database file since this process began."""


class Outbox(Protocol):
    """What sync needs of the local store."""

    device_id: str

    def queued(self, limit: int) -> list[Operation]:
        """The oldest operations without an outcome, in order."""
        ...

    def answered(self, first: int, limit: int) -> list[tuple[Operation, bool]]:
        """Answered operations from this number on, in order; and whether the contents are still here."""
        ...

    def reached(self) -> tuple[int, int]:
        """This incarnation, and the number of its last answered operation (0: none)."""
        ...

    def queue_length(self) -> int: ...

    def oldest_queued_at(self) -> datetime | None: ...

    def settle(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Note the server's words and make their effects true, in one transaction."""
        ...

    def cursor(self) -> tuple[str, int]:
        """Epoch and position of the feed; position 0 means nothing has been pulled yet."""
        ...

    def apply_page(
        self, epoch: str, position: int, changes: Iterable[dict[str, Any]], now: datetime, *, complete: bool
    ) -> None:
        """Take in a feed page and move the cursor, in one transaction; own waiting acts stay on top."""
        ...

    def replace_all(
        self, epoch: str, position: int, changes: Iterable[dict[str, Any]], now: datetime
    ) -> None:
        """Start anew from a full snapshot; own waiting acts stay on top."""
        ...

    def forget(self, now: datetime) -> int:
        """Delete the contents of acts the server has had for a day; returns how many."""
        ...
