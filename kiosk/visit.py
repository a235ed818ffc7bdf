"""One resident's visit: who they are, what they do, and then everything is forgotten.

A visit lives in memory only. Its acts are durable in the ledger before a view says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, BookingState, Room
from kiosk.booking.queries import bookable_days, booking_line, bookings_of, offers_on, todays_booking
from kiosk.checkin.decide import CheckIn
from kiosk.codes import Refusal, Trouble
from kiosk.decision import Accepted, Context, Refused
from kiosk.greeting import Known
from kiosk.house import House
from kiosk.lending.barcode import item_id_of
from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.lending.model import Item, Loan
from kiosk.operations import OutcomeKind, Standing
from kiosk.people.decide import LinkCard, StopCard
from kiosk.people.model import CardLink, LinkState, Patron
from kiosk.people.risk import Action, Assurance
from kiosk.ports import CardKind
from kiosk.records import Put
from kiosk.state import Query
from kiosk.stepup import StepUp
from kiosk.views import (
    Booked,
    Borrowing,
    CardLine,
    Cards,
    CardStopped,
    CheckedIn,
    ChooseRoom,
    ConfirmRoom,
    ConfirmStop,
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


@dataclass
class Visit:
    """What one person does here. Every method answers with the view to show next."""

    house: House
    patron: Patron
    step_up: StepUp
    receipts: list[ReceiptLine] = field(default_factory=list)
    loans: list[LoanLine] = field(default_factory=list)
    day: date | None = None
    offers: tuple[Offer, ...] = ()
    offer: Offer | None = None
    links: tuple[CardLink, ...] = ()
    stopping: CardLink | None = None

    @classmethod
    def of(cls, house: House, known: Known) -> Visit:
        """The visit of somebody who was recognised."""
        return cls(house, known.patron, StepUp(house, known.patron.patron_id, known.assurance))

    def home(self) -> View:
        """The menu; while nothing is known for sure, the library PIN instead of it."""
        if self.step_up.assurance is Assurance.NONE:
            return self.step_up.doubt()
        house = self.house
        context = house.context()
        bookings = bookings_of(house.ledger, self.patron.patron_id)
        today = todays_booking(bookings, house.place.facility_id, context)
        actions = [Action.BORROW, Action.BOOK]
        if today is not None and today.state is BookingState.CONFIRMED:
            actions.insert(0, Action.CHECK_IN)
        actions.append(Action.CARDS)
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
        """What a touch on the menu leads to: the act, or the library PIN it asks for."""
        asked = self.step_up.demand(action)
        if asked is not None:
            return asked
        if action is Action.CHECK_IN:
            return self.check_in()
        if action is Action.BORROW:
            return self.borrowing()
        if action is Action.BOOK:
            days = bookable_days(self.house.context(), DAYS_SHOWN)
            return self.choose_day(days[1])
        if action is Action.LINK:
            return PlaceCardToLink()
        if action is Action.SET_PIN:
            return self.step_up.choose()
        if action is Action.STOP_CARD:
            return self.confirm_stop()
        return self.cards()

    def library_pin(self, pin: str) -> View:
        """The library PIN was typed; what was wanted before it begins now."""
        given = self.step_up.enter(pin)
        if isinstance(given, Action):
            return self.begin(given)
        return self.home() if given is None else given

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
        asked = self.step_up.demand(Action.BORROW)
        if asked is not None:
            return asked
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

    # ---- my cards ---------------------------------------------------------------------------

    def cards(self) -> View:
        """My cards, the newest first."""
        house = self.house
        found = house.ledger.state(Query.of(CardLink, patron_id=self.patron.patron_id)).all(CardLink)
        self.links = tuple(sorted(found, key=lambda link: link.since, reverse=True))
        lines = tuple(card_line(number, link) for number, link in enumerate(self.links))
        linkable = bool(house.context().rules.cards.linkable)
        return Cards(lines, linkable, self.step_up.has_pin, house.ledger.as_of)

    def pick_card(self, number: int) -> View | None:
        """One of the cards on screen was touched; None where it is none of them, or opens nothing anyway."""
        if not 0 <= number < len(self.links) or self.links[number].state in STOPPED:
            return None
        self.stopping = self.links[number]
        return self.begin(Action.STOP_CARD)

    def confirm_stop(self) -> View:
        """Ask which way the picked card shall end."""
        if self.stopping is None:
            return self.cards()
        return ConfirmStop(card_line(0, self.stopping))

    def stop_card(self, *, lost: bool) -> View:
        """End the picked card."""
        link, self.stopping = self.stopping, None
        if link is None:
            return self.cards()
        done = self.house.perform(StopCard(patron_id=self.patron.patron_id, tag=link.tag, lost=lost))
        if isinstance(done, Refused):
            return _no(done)
        self._note(ReceiptLine(ReceiptKind.CARD_STOPPED, done.decision.standing, done.op_id))
        return CardStopped(card_line(0, _put(done.decision, CardLink)))

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


STOPPED = (LinkState.REVOKED, LinkState.LOST)


def card_line(number: int, link: CardLink) -> CardLine:
    """A card as its owner may see it: what it is and since when, never its identifier."""
    return CardLine(number, link.card_kind, link.state.value, link.since)


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
