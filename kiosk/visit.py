"""One resident's visit: who they are, what they do, and then everything is forgotten.

A visit lives in memory only. Its acts are durable in the ledger before a view says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, BookingState, Room
from kiosk.booking.queries import bookable_days, booking_line, bookings_of, offers_on, todays_booking
from kiosk.checkin.decide import CheckIn
from kiosk.codes import Refusal, Trouble
from kiosk.decision import Accepted, Context, Refused, Seat
from kiosk.lending.barcode import item_id_of
from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.lending.model import Item, Loan
from kiosk.operations import OutcomeKind, Standing
from kiosk.people.decide import LinkCard
from kiosk.people.model import CardLink, LinkState, Patron
from kiosk.ports import CardKind, Clock, Ids, Ledger, Performed
from kiosk.records import Put
from kiosk.state import Query
from kiosk.views import (
    Action,
    Booked,
    Borrowing,
    CheckedIn,
    ChooseRoom,
    ConfirmRoom,
    Home,
    Linked,
    LoanLine,
    Offer,
    PlaceCardToLink,
    Problem,
    Receipt,
    ReceiptKind,
    ReceiptLine,
    Returning,
    View,
)

T = TypeVar("T")

DAYS_SHOWN = 7
"""How many days the room screen offers to choose from."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this device stands and who it is."""

    device_id: str
    facility_id: str


@dataclass(frozen=True, slots=True)
class House:
    """What a visit works with."""

    ledger: Ledger
    clock: Clock
    ids: Ids
    place: Place
    on_act: Callable[[], None] = lambda: None
    """Called after every durable act, so that sync need not wait."""

    def context(self) -> Context:
        now = self.clock.now()
        return Context(now, Seat(self.place.device_id), self.ledger.rules(now))

    def perform(self, command: object) -> Performed | Refused:
        done = self.ledger.perform(command, self.clock.now())
        if isinstance(done, Performed):
            self.on_act()
        return done


def identify(house: House, tag: str) -> Patron | Trouble | Refusal:
    """Whose card this is, or why nobody can be greeted."""
    link = house.ledger.state(Query.of(CardLink, tag=tag)).get(CardLink, tag)
    if link is None or link.state is LinkState.REVOKED:
        return Trouble.CARD_UNKNOWN
    if link.state is LinkState.REQUESTED:
        return Trouble.CARD_LINK_PENDING
    patron = house.ledger.state(Query.of(Patron, patron_id=link.patron_id)).get(Patron, link.patron_id)
    return patron or Refusal.PATRON_UNKNOWN


@dataclass
class Visit:
    """What one person does here. Every method answers with the view to show next."""

    house: House
    patron: Patron
    receipts: list[ReceiptLine] = field(default_factory=list)
    loans: list[LoanLine] = field(default_factory=list)
    day: date | None = None
    offers: tuple[Offer, ...] = ()
    offer: Offer | None = None

    def home(self) -> View:
        house = self.house
        context = house.context()
        bookings = bookings_of(house.ledger, self.patron.patron_id)
        today = todays_booking(bookings, house.place.facility_id, context)
        actions = [Action.BORROW, Action.BOOK]
        if today is not None and today.state is BookingState.CONFIRMED:
            actions.insert(0, Action.CHECK_IN)
        if context.rules.cards.linkable:
            actions.append(Action.LINK)
        loans = house.ledger.state(Query.of(Loan, patron_id=self.patron.patron_id)).all(Loan)
        return Home(
            masked_name=self.patron.masked_name,
            today=booking_line(house.ledger, today) if today else None,
            actions=tuple(actions),
            loans_open=len(loans),
            receipts=(*self._lost_requests(bookings, context), *self.receipts),
        )

    def _lost_requests(self, bookings: tuple[Booking, ...], context: Context) -> list[ReceiptLine]:
        """Requests of earlier visits the server had to refuse: this is where the resident hears of it."""
        return [
            ReceiptLine(
                ReceiptKind.BOOKING,
                Standing.REQUESTED,
                op_id=b.booking_id,
                booking=booking_line(self.house.ledger, b),
                rejected=Refusal.SLOT_TAKEN,
            )
            for b in bookings
            if b.state is BookingState.REJECTED and b.on >= context.today
        ]

    def begin(self, action: Action) -> View:
        if action is Action.CHECK_IN:
            return self.check_in()
        if action is Action.BORROW:
            return self.borrowing()
        if action is Action.BOOK:
            days = bookable_days(self.house.context(), DAYS_SHOWN)
            return self.choose_day(days[1])
        return PlaceCardToLink()

    # ---- check-in ---------------------------------------------------------------------------

    def check_in(self) -> View:
        house = self.house
        bookings = bookings_of(house.ledger, self.patron.patron_id)
        booking = todays_booking(bookings, house.place.facility_id, house.context())
        if booking is None:
            return Problem(Refusal.BOOKING_UNKNOWN, back=True)
        command = CheckIn(
            booking_id=booking.booking_id,
            patron_id=self.patron.patron_id,
            facility_id=house.place.facility_id,
        )
        done = house.perform(command)
        if isinstance(done, Refused):
            return _no(done)
        line = replace(booking_line(house.ledger, booking), checked_in=True)
        self._note(ReceiptLine(ReceiptKind.CHECK_IN, Standing.FINAL, done.op_id, booking=line))
        return CheckedIn(line)

    # ---- lending ----------------------------------------------------------------------------

    def borrowing(self, refusal: Refusal | Trouble | None = None) -> View:
        house = self.house
        loans = house.ledger.state(Query.of(Loan, patron_id=self.patron.patron_id)).all(Loan)
        books = sum(1 for loan in loans if loan.item_type == "book")
        limit = house.context().rules.lending.terms["book"].limit
        return Borrowing(tuple(self.loans), max(0, limit - books), refusal)

    def borrow(self, text: str) -> View:
        """The scanner read `text` while this person is borrowing."""
        house = self.house
        item_id = item_id_of(text, house.context().rules.lending.barcodes)
        if isinstance(item_id, Refusal):
            return self.borrowing(item_id)
        done = house.perform(
            Checkout(
                patron_id=self.patron.patron_id,
                item_id=item_id,
                facility_id=house.place.facility_id,
                loan_id=house.ids.new(),
            )
        )
        if isinstance(done, Refused):
            return self.borrowing(done.code)
        loan = _put(done.decision, Loan)
        line = LoanLine(item_id, title_of(house, item_id), loan.due_on, done.decision.standing)
        self.loans.append(line)
        self._note(
            ReceiptLine(
                ReceiptKind.LOAN, done.decision.standing, done.op_id, title=line.title, due_on=line.due_on
            )
        )
        return self.borrowing()

    # ---- booking ----------------------------------------------------------------------------

    def choose_day(self, on: date) -> View:
        house, context = self.house, self.house.context()
        self.day = on
        self.offers = offers_on(house.ledger, on, house.place.facility_id, context)
        return ChooseRoom(on, bookable_days(context, DAYS_SHOWN), self.offers, house.ledger.as_of)

    def pick(self, room_id: str, slot_no: int) -> View | None:
        """An offer was touched; None where it is none of those on screen."""
        self.offer = next((o for o in self.offers if (o.room_id, o.slot_no) == (room_id, slot_no)), None)
        if self.offer is None:
            return None
        room = self.house.ledger.state(Query.of(Room, room_id=room_id)).get(Room, room_id)
        return ConfirmRoom(self.offer, room.fee_yen if room else 0)

    def book(self) -> View | None:
        house, offer = self.house, self.offer
        if offer is None or self.day is None:
            return None
        room = house.ledger.state(Query.of(Room, room_id=offer.room_id)).get(Room, offer.room_id)
        if room is None:
            return Problem(Refusal.ROOM_UNKNOWN, back=True)
        done = house.perform(
            BookRoom(
                booking_id=house.ids.new(),
                patron_id=self.patron.patron_id,
                facility_id=room.facility_id,
                room_id=room.room_id,
                on=self.day,
                slot_no=offer.slot_no,
            )
        )
        self.offer = None
        if isinstance(done, Refused):
            return _no(done)
        line = booking_line(house.ledger, _put(done.decision, Booking))
        self._note(ReceiptLine(ReceiptKind.BOOKING, line.standing, done.op_id, booking=line))
        return Booked(line)

    # ---- linking ----------------------------------------------------------------------------

    def link(self, tag: str, kind: CardKind) -> View:
        done = self.house.perform(LinkCard(patron_id=self.patron.patron_id, tag=tag, card_kind=kind.value))
        if isinstance(done, Refused):
            return _no(done)
        self._note(ReceiptLine(ReceiptKind.LINK, done.decision.standing, done.op_id))
        return Linked(done.decision.standing)

    # ---- receipts ---------------------------------------------------------------------------

    def receipt(self, printed: bool | None = None) -> Receipt:
        return Receipt(tuple(self.receipts), printed)

    def _note(self, line: ReceiptLine) -> None:
        self.receipts.append(line)

    def hear_answers(self) -> bool:
        """Take in what the server has said of this visit's requests; True where something changed."""
        changed = False
        for index, line in enumerate(self.receipts):
            if line.standing is Standing.FINAL or line.rejected is not None:
                continue
            answer = self.house.ledger.answer(line.op_id)
            if answer is None:
                continue
            changed = True
            if answer.outcome in (OutcomeKind.APPLIED, OutcomeKind.APPLIED_WITH_CASE):
                booking = replace(line.booking, standing=Standing.FINAL) if line.booking else None
                self.receipts[index] = replace(line, standing=Standing.FINAL, booking=booking)
            else:
                self.receipts[index] = replace(line, rejected=answer.code or answer.outcome.value)
        return changed

    def refreshed(self, view: View) -> View:
        """The same view after `hear_answers` found something new."""
        last = self.receipts[-1] if self.receipts else None
        if isinstance(view, Receipt):
            return self.receipt(view.printed)
        if isinstance(view, Home):
            return self.home()
        if last is not None and last.rejected is not None and isinstance(view, (Booked, Linked)):
            return Problem(_refusal(last.rejected), back=True)
        if isinstance(view, Booked) and last is not None and last.booking is not None:
            return Booked(last.booking)
        if isinstance(view, Linked) and last is not None:
            return Linked(last.standing)
        return view


@dataclass
class BookReturn:
    """Books coming back, from whoever: no card, no name."""

    house: House
    titles: list[str] = field(default_factory=list)

    def view(self, refusal: Refusal | Trouble | None = None) -> View:
        return Returning(tuple(self.titles), refusal)

    def scan(self, text: str) -> View:
        house = self.house
        item_id = item_id_of(text, house.context().rules.lending.barcodes)
        if isinstance(item_id, Refusal):
            return self.view(item_id)
        done = house.perform(ReturnItem(item_id=item_id, facility_id=house.place.facility_id))
        if isinstance(done, Refused):
            return self.view(done.code)
        self.titles.append(title_of(house, item_id))
        return self.view()


def title_of(house: House, item_id: str) -> str:
    item = house.ledger.state(Query.of(Item, item_id=item_id)).get(Item, item_id)
    return item.title if item else item_id


def _no(refused: Refused) -> Problem:
    return Problem(refused.code, back=True, others=refused.codes[1:])


def _refusal(code: str) -> Refusal | Trouble:
    return Refusal(code) if code in set(Refusal) else Trouble.INTERNAL


def _put(decision: Accepted, kind: type[T]) -> T:
    """The record of this kind that the decision made."""
    for change in decision.changes:
        if isinstance(change, Put) and isinstance(change.record, kind):
            return change.record
    raise LookupError(kind.__name__)
