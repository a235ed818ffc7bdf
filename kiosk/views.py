"""What a screen shows and what a resident can do on it, without any widget.

`kiosk.visit` answers every input with one `View`; `ui/` draws it and sends back `Intent`s. Views carry
codes, names and times, never sentences: the words are the catalogue's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from kiosk.codes import Refusal, Standstill, Trouble
from kiosk.operations import Standing
from kiosk.people.risk import Action


@dataclass(frozen=True, slots=True)
class Place:
    """The name of a facility or room in the forms a catalogue can choose from (ja, kana reading, Latin)."""

    name: str
    kana: str
    latin: str


@dataclass(frozen=True, slots=True)
class Period:
    """A slot on a day. `label` is morning, afternoon, evening or hours; minutes since midnight, local."""

    on: date
    label: str
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class BookingLine:
    booking_id: str
    facility: Place
    room: Place
    period: Period
    standing: Standing
    checked_in: bool


@dataclass(frozen=True, slots=True)
class LoanLine:
    """One item lent in this visit."""

    item_id: str
    title: str
    due_on: date
    standing: Standing


@dataclass(frozen=True, slots=True)
class Offer:
    """A room and period that looks free here. `final` says whether this kiosk may confirm it by itself."""

    room_id: str
    slot_no: int
    facility: Place
    room: Place
    capacity: int
    period: Period
    final: bool


class ReceiptKind(StrEnum):
    CHECK_IN = "check-in"
    LOAN = "loan"
    RETURN = "return"
    BOOKING = "booking"
    LINK = "link"
    CARD_STOPPED = "card-stopped"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One act of this visit. `rejected` is set when the server has already said no to a request."""

    kind: ReceiptKind
    standing: Standing
    op_id: str
    title: str = ""
    due_on: date | None = None
    booking: BookingLine | None = None
    rejected: str | None = None


# ---- views: one dataclass a screen ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attract:
    """Nobody is here: put your card down, or return books without one."""

    facility: Place
    reader_trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """A card is being read; do not take it away."""


class PinPurpose(StrEnum):
    """Which four digits are asked for, and what for."""

    OPEN = "open"
    """The My Number card's, to open a visit."""
    LINK = "link"
    """The My Number card's, to link it."""
    LIBRARY = "library"
    """The library PIN."""
    CHOOSE = "choose"
    """A new library PIN."""
    REPEAT = "repeat"
    """The same new library PIN once more."""


class PinProblem(StrEnum):
    """Why the digits are asked for again."""

    WRONG = "wrong"
    TOO_SIMPLE = "too-simple"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class PinEntry:
    """Four digits. `tries_left` where wrong ones are counted; `problem` is about the last ones."""

    purpose: PinPurpose
    tries_left: int | None = None
    problem: PinProblem | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """Who you are and what you can do, what you most likely came for first."""

    masked_name: str
    today: BookingLine | None
    actions: tuple[Action, ...]
    loans_open: int
    receipts: tuple[ReceiptLine, ...]


@dataclass(frozen=True, slots=True)
class CheckedIn:
    booking: BookingLine


@dataclass(frozen=True, slots=True)
class Borrowing:
    """Scan one book after the other. `refusal` is about the last scan."""

    lines: tuple[LoanLine, ...]
    loans_left: int
    refusal: Refusal | Trouble | None = None


@dataclass(frozen=True, slots=True)
class Returning:
    """Scan what you bring back; no card needed, and no name is shown."""

    titles: tuple[str, ...]
    refusal: Refusal | Trouble | None = None


@dataclass(frozen=True, slots=True)
class ChooseRoom:
    """Days to choose from, and what is free on the chosen one. `as_of`: when the server last told us."""

    on: date
    days: tuple[date, ...]
    offers: tuple[Offer, ...]
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class ConfirmRoom:
    offer: Offer
    fee_yen: int


@dataclass(frozen=True, slots=True)
class Booked:
    booking: BookingLine


@dataclass(frozen=True, slots=True)
class PlaceCardToLink:
    """Take your card off and put down the one to link."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One of my cards. `number` names it on this screen only."""

    number: int
    kind: str
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Cards:
    """My cards, and what can be done about them. `as_of`: when the server last told us of them."""

    lines: tuple[CardLine, ...]
    can_link: bool
    has_pin: bool
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class ConfirmStop:
    """Shall this card stop opening anything: because it is lost, or because I do not want it any more?"""

    card: CardLine


@dataclass(frozen=True, slots=True)
class CardStopped:
    card: CardLine


@dataclass(frozen=True, slots=True)
class PinSet:
    """The new library PIN holds from now on."""


@dataclass(frozen=True, slots=True)
class Linked:
    standing: Standing


@dataclass(frozen=True, slots=True)
class Receipt:
    """All acts of this visit; final ones apart from requested ones. `printed`: None not asked yet."""

    lines: tuple[ReceiptLine, ...]
    printed: bool | None = None


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Take your card; everything of this visit is being forgotten."""

    card_on_reader: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened and what to do. `back` says whether the visit goes on after "OK".

    `as_of` is the date of the list that says so, where there is one.
    """

    code: Refusal | Trouble
    back: bool
    tries_left: int | None = None
    others: tuple[Refusal, ...] = field(default=())
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class StillThere:
    """Nobody touched anything for a while; one big button continues."""

    seconds_left: int


View = (
    Attract
    | Working
    | PinEntry
    | Home
    | CheckedIn
    | Borrowing
    | Returning
    | ChooseRoom
    | ConfirmRoom
    | Booked
    | PlaceCardToLink
    | Linked
    | Cards
    | ConfirmStop
    | CardStopped
    | PinSet
    | Receipt
    | Goodbye
    | Problem
    | StillThere
)


@dataclass(frozen=True, slots=True)
class Status:
    """The line that is always on screen: is there a network, what still waits, what time is it."""

    online: bool
    offline_since: datetime | None
    queued: int
    rescued: int = 0
    standstill: Standstill | None = None
    clock_unsure: bool = False
    """Nobody has told this device the time since it lost it: it books nothing by itself."""


# ---- intents: what a touch means ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    action: Action


@dataclass(frozen=True, slots=True)
class BeginReturn:
    """Return books, from the attract screen, without a card."""


@dataclass(frozen=True, slots=True, repr=False)
class EnterPin:
    """The digits typed; its repr is hidden so that no log can hold them."""

    pin: str

    def __repr__(self) -> str:
        return "EnterPin(****)"


@dataclass(frozen=True, slots=True)
class PickDay:
    on: date


@dataclass(frozen=True, slots=True)
class PickOffer:
    room_id: str
    slot_no: int


@dataclass(frozen=True, slots=True)
class OtherWay:
    """I have no PIN, or do not remember it."""


@dataclass(frozen=True, slots=True)
class PickCard:
    """Stop this one of my cards."""

    number: int


@dataclass(frozen=True, slots=True)
class StopPicked:
    """Yes, stop it; `lost` where I do not have it any more."""

    lost: bool


@dataclass(frozen=True, slots=True)
class Confirm:
    """Yes, do what this screen describes."""


@dataclass(frozen=True, slots=True)
class GoHome:
    """Back to the home screen of this visit (or to attract where there is no visit)."""


@dataclass(frozen=True, slots=True)
class GoBack:
    """One screen back."""


@dataclass(frozen=True, slots=True)
class Finish:
    """I am done: show the receipt, or end the visit when nothing was done or it is already shown."""


@dataclass(frozen=True, slots=True, repr=False)
class PrintSlip:
    """Print these lines, already in the resident's language; the first is the heading."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StayHere:
    """I am still here."""


Intent = (
    Begin
    | BeginReturn
    | EnterPin
    | OtherWay
    | PickCard
    | StopPicked
    | PickDay
    | PickOffer
    | Confirm
    | GoHome
    | GoBack
    | Finish
    | PrintSlip
    | StayHere
)
