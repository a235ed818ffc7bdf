"""The reception: what this device does with every card, scan, touch and second, whoever is there.

It owns the current view. One thread feeds it (see `kiosk.attendant`); it talks to the card, the ledger
and the printer through their ports and never knows how a view is drawn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kiosk.booking.model import Facility
from kiosk.booking.queries import facility_place
from kiosk.codes import Refusal, Standstill, Trouble
from kiosk.entrance import Entrance
from kiosk.house import House
from kiosk.operations import ClockTrust
from kiosk.people.risk import Assurance
from kiosk.ports import (
    BarcodeScanned,
    Card,
    CardEvent,
    CardFailed,
    CardPlaced,
    CardProblem,
    CardRemoved,
    Printer,
    PrinterProblem,
    ReaderDown,
    ReaderUp,
    StoreProblem,
)
from kiosk.state import Query
from kiosk.views import (
    Attract,
    Begin,
    BeginReturn,
    Booked,
    Borrowing,
    CheckedIn,
    Confirm,
    ConfirmRoom,
    ConfirmStop,
    EnterPin,
    Finish,
    GoBack,
    GoHome,
    Goodbye,
    Home,
    Intent,
    Linked,
    OtherWay,
    PickCard,
    PickDay,
    PickOffer,
    PinEntry,
    PinPurpose,
    PlaceCardToLink,
    PrintSlip,
    Problem,
    Receipt,
    Returning,
    Status,
    StayHere,
    StillThere,
    StopPicked,
    View,
    Working,
)
from kiosk.visit import BookReturn, Visit

log = logging.getLogger(__name__)

IDLE_SECONDS = 60
"""Without a touch for this long the screen asks whether anybody is there (WCAG 2.2.1 asks for a warning)."""
WARNING_SECONDS = 20
CHANGING_CARDS_SECONDS = 20
"""The same while the reader is empty because they change cards: the next one could be a stranger's."""
GOODBYE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class SyncNews:
    """The network came, went, or brought answers."""

    online: bool
    offline_since: datetime | None
    standstill: Standstill | None = None


Input = CardEvent | BarcodeScanned | Intent | Tick | SyncNews


class Reception:
    """Routes inputs to the current visit. `show` is called with every new view and status."""

    def __init__(self, house: House, printer: Printer | None, show: Callable[[View | Status], None]) -> None:
        self._house = house
        self._entrance = Entrance(house)
        self._printer = printer
        self._show_outside = show
        self._visit: Visit | None = None
        self._return: BookReturn | None = None
        self._card: Card | None = None
        self._reader_trouble: Trouble | None = Trouble.READER_MISSING
        self._view: View = Working()
        self._before_warning: View | None = None
        self._touched = house.clock.monotonic()
        self._shown_at = self._touched
        self._online = False
        self._offline_since: datetime | None = house.clock.now()
        self._standstill: Standstill | None = None
        self._status: Status | None = None

    @property
    def view(self) -> View:
        """What is on screen now."""
        return self._view

    def open(self) -> None:
        """Show the first screen."""
        self._attract()

    def handle(self, given: Input) -> None:
        """Take in one thing that happened. Only problems of this device itself are raised."""
        try:
            self._route(given)
        except StoreProblem as problem:
            log.error("%s", problem)
            self._show(Problem(problem.code, back=self._visit is not None))
        except CardProblem as problem:
            log.warning("%s", problem.code.value)
            self._card_problem(problem)
        self._show_status()

    # ---- routing ----------------------------------------------------------------------------

    def _route(self, given: Input) -> None:
        if isinstance(given, Tick):
            self._tick()
        elif isinstance(given, SyncNews):
            self._sync_news(given)
        elif isinstance(given, (CardPlaced, CardRemoved, CardFailed, ReaderUp, ReaderDown)):
            self._touched = self._house.clock.monotonic()
            self._card_event(given)
        elif isinstance(given, BarcodeScanned):
            self._touched = self._house.clock.monotonic()
            self._scanned(given.text)
        else:
            self._touched = self._house.clock.monotonic()
            self._touch(given)

    def _card_event(self, event: CardEvent) -> None:
        if isinstance(event, ReaderUp):
            self._reader_trouble = None
            if isinstance(self._view, Attract):
                self._attract()
        elif isinstance(event, ReaderDown):
            self._reader_trouble = event.code
            self._card = None
            if self._return is None:
                self._attract()
        elif isinstance(event, CardRemoved):
            self._removed()
        elif isinstance(event, CardFailed):
            if not isinstance(self._view, Goodbye):
                self._show(Problem(event.code, back=self._visit is not None))
        else:
            self._placed(event.card)

    def _placed(self, card: Card) -> None:
        self._card = card
        if isinstance(self._view, Goodbye):
            self._attract()
        if self._visit is None:
            self._return = None
            self._enter(self._entrance.placed(card))
        elif isinstance(self._view, PlaceCardToLink):
            self._show(self._entrance.placed_to_link(card, self._visit))

    def _removed(self) -> None:
        self._card = None
        if isinstance(self._view, PlaceCardToLink):
            return  # they are changing cards, as they were asked to
        if isinstance(self._view, PinEntry) and self._view.purpose is PinPurpose.LINK:
            self._show(PlaceCardToLink())
        elif self._visit is not None:
            self._end(Goodbye(card_on_reader=False))
        elif isinstance(self._view, (Goodbye, PinEntry, Working)) or (
            isinstance(self._view, Problem) and self._view.code in _SOLVED_BY_REMOVAL
        ):
            self._attract()

    # ---- who is it --------------------------------------------------------------------------

    def _enter(self, given: View | Visit) -> None:
        """Begin the visit, or show why there is none yet."""
        if isinstance(given, Visit):
            self._visit = given
            given = given.home()
        self._show(given)

    def _pin_entered(self, pin: str) -> None:
        view, visit = self._view, self._visit
        if not isinstance(view, PinEntry):
            return
        if view.purpose in _ON_CARD and self._card is not None:
            self._show(Working())
            self._enter(self._entrance.pin_for_card(self._card, view, pin, visit))
        elif visit is not None and view.purpose is PinPurpose.LIBRARY:
            self._show(visit.library_pin(pin))
        elif visit is not None and view.purpose not in _ON_CARD:
            self._show(visit.step_up.chosen(pin))

    def _other_way(self) -> None:
        """They have no PIN, or do not remember it: nothing is tried, and nobody is sent away."""
        if isinstance(self._view, PinEntry):
            on_card = self._view.purpose in _ON_CARD
            code = Trouble.OTHER_WAY if on_card else Trouble.LIBRARY_PIN_FORGOTTEN
            surely = self._visit is not None and self._visit.step_up.assurance is not Assurance.NONE
            self._show(Problem(code, back=surely))

    def _card_problem(self, problem: CardProblem) -> None:
        if problem.code is Trouble.CARD_REMOVED and self._visit is not None:
            self._show(PlaceCardToLink())
            return
        self._show(Problem(problem.code, back=self._visit is not None, tries_left=problem.tries_left))

    # ---- touches ----------------------------------------------------------------------------

    def _touch(self, intent: Intent) -> None:
        if isinstance(self._view, StillThere) and self._before_warning is not None:
            self._show(self._before_warning)  # any touch says: I am here
            if isinstance(intent, StayHere):
                return
        if isinstance(intent, EnterPin):
            self._pin_entered(intent.pin)
        elif isinstance(intent, OtherWay):
            self._other_way()
        elif isinstance(intent, BeginReturn):
            self._begin_return()
        elif isinstance(intent, PrintSlip):
            self._print(intent.lines)
        elif self._visit is not None:
            self._touch_in_visit(self._visit, intent)
        elif isinstance(intent, (GoHome, GoBack, Finish)):
            self._end(Goodbye(card_on_reader=True)) if self._card is not None else self._attract()

    def _touch_in_visit(self, visit: Visit, intent: Intent) -> None:
        view: View | None = None
        if isinstance(intent, Begin):
            view = visit.begin(intent.action)
        elif isinstance(intent, PickDay):
            view = visit.choose_day(intent.on)
        elif isinstance(intent, PickOffer):
            view = visit.pick(intent.room_id, intent.slot_no)
        elif isinstance(intent, Confirm):
            view = visit.book() if isinstance(self._view, ConfirmRoom) else None
        elif isinstance(intent, PickCard):
            view = visit.pick_card(intent.number)
        elif isinstance(intent, StopPicked):
            view = visit.stop_card(lost=intent.lost) if isinstance(self._view, ConfirmStop) else None
        elif isinstance(intent, GoBack) and isinstance(self._view, ConfirmStop):
            view = visit.cards()
        elif isinstance(intent, GoBack):
            back_to_rooms = isinstance(self._view, ConfirmRoom) and visit.day is not None
            view = visit.choose_day(visit.day) if back_to_rooms and visit.day else visit.home()
        elif isinstance(intent, GoHome):
            view = visit.home()
        elif isinstance(intent, Finish):
            self._finish(visit)
        if view is not None:
            self._show(view)

    def _finish(self, visit: Visit) -> None:
        if visit.receipts and not isinstance(self._view, Receipt):
            self._show(visit.receipt())
        else:
            self._end(Goodbye(card_on_reader=self._card is not None))

    def _begin_return(self) -> None:
        if self._visit is None and isinstance(self._view, Attract):
            self._return = BookReturn(self._house)
            self._show(self._return.view())

    def _print(self, lines: tuple[str, ...]) -> None:
        visit, view = self._visit, self._view
        if visit is None or not isinstance(view, Receipt):
            return
        if self._printer is None:
            self._show(Problem(Trouble.PRINTER_FAILED, back=True))
            return
        try:
            self._printer.print_lines(lines)
        except PrinterProblem as problem:
            log.error("printer-failed: %s", problem)
            self._show(Problem(Trouble.PRINTER_FAILED, back=True))
            return
        self._show(visit.receipt(printed=True))

    def _scanned(self, text: str) -> None:
        if self._return is not None and isinstance(self._view, Returning):
            self._show(self._return.scan(text))
        elif self._visit is not None and isinstance(self._view, _SCAN_LENDS):
            self._show(self._visit.borrow(text))
        elif isinstance(self._view, PlaceCardToLink) or (self._visit is None and self._nobody_here()):
            self._card_scanned(text)

    def _nobody_here(self) -> bool:
        """Whether a code that is shown now begins a visit, as a card that is laid down would."""
        waiting = isinstance(self._view, (Attract, Problem)) or self._view == Goodbye(card_on_reader=False)
        return waiting and self._card is None

    def _card_scanned(self, text: str) -> None:
        given = self._entrance.scanned(text, self._visit)
        if given is not None:
            self._enter(given)

    # ---- time and news ----------------------------------------------------------------------

    def _tick(self) -> None:
        now = self._house.clock.monotonic()
        if isinstance(self._view, Goodbye):
            if not self._view.card_on_reader and now - self._shown_at >= GOODBYE_SECONDS:
                self._attract()
            return
        if isinstance(self._view, Attract):
            return
        idle = now - self._touched
        if isinstance(self._view, Problem) and self._visit is None:
            if self._card is None and idle >= WARNING_SECONDS:
                self._attract()
            return
        shown = self._before_warning if isinstance(self._view, StillThere) else self._view
        changing = isinstance(shown, PlaceCardToLink) and self._card is None
        patience = CHANGING_CARDS_SECONDS if changing else IDLE_SECONDS
        if idle >= patience + WARNING_SECONDS:
            self._end(Goodbye(card_on_reader=self._card is not None))
        elif idle >= patience:
            left = max(1, round(patience + WARNING_SECONDS - idle))
            if not isinstance(self._view, StillThere):
                self._before_warning = self._view
            if self._view != StillThere(left):
                self._show(StillThere(left))

    def _sync_news(self, news: SyncNews) -> None:
        self._online, self._offline_since = news.online, news.offline_since
        self._standstill = news.standstill
        if isinstance(self._view, Attract) and self._first_screen() != self._view:
            self._attract()
        if self._visit is not None and self._visit.hear_answers():
            view = self._visit.refreshed(self._view)
            if view != self._view:
                self._show(view)

    # ---- the end ----------------------------------------------------------------------------

    def _end(self, last: View) -> None:
        self._visit = None
        self._return = None
        self._before_warning = None
        if self._card is not None:
            self._card.release()
        self._show(last)

    def _attract(self) -> None:
        self._visit = None
        self._return = None
        self._before_warning = None
        self._show(self._first_screen())

    def _first_screen(self) -> Attract:
        facility_id = self._house.place.facility_id
        found = self._house.ledger.state(Query.of(Facility, facility_id=facility_id))
        return Attract(facility_place(found.get(Facility, facility_id)), self._reader_trouble)

    def _show(self, view: View) -> None:
        self._view = view
        self._shown_at = self._house.clock.monotonic()
        self._show_outside(view)

    def _show_status(self) -> None:
        house = self._house
        unsure = house.clock.trust is ClockTrust.GUESSED
        queued, rescued = house.ledger.waiting_acts(), house.ledger.rescued
        status = Status(self._online, self._offline_since, queued, rescued, self._standstill, unsure)
        if status != self._status:
            self._status = status
            self._show_outside(status)


_ON_CARD = (PinPurpose.OPEN, PinPurpose.LINK)
"""PINs that the card itself checks; the others are the library's."""

_SCAN_LENDS = (Home, Borrowing, CheckedIn, Booked, Linked)
"""Views on which a scanned book is borrowed at once, without a touch."""

_STAYS = {Trouble.STORE_FULL, Trouble.STORE_FAILED, Trouble.INTERNAL, Trouble.CARD_REMOVED}
_SOLVED_BY_REMOVAL = frozenset(Trouble) - _STAYS | {Refusal.PATRON_UNKNOWN, Refusal.CARD_REPORTED_LOST}
"""Problems that are about the card on the reader: when it leaves, so does the message."""
