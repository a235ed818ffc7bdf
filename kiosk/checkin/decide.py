"""Check-in for a booking: a fact, for somebody stood here with their card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kiosk.booking.model import CELL_MINUTES, Booking, BookingState
from kiosk.clock import local
from kiosk.codes import Refusal
from kiosk.decision import Accepted, Context, Decision, Plain, Refused
from kiosk.operations import Nature
from kiosk.people.decide import objections_to
from kiosk.people.model import Patron
from kiosk.records import Put
from kiosk.state import Query, State


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """The patron of this booking has come to this facility."""

    booking_id: str
    patron_id: str
    facility_id: str


class CheckInDecider(Plain[CheckIn]):
    kind = "check_in"
    nature = Nature.FACT
    command = CheckIn

    def reads(self, command: CheckIn, state: State) -> Iterator[Query]:
        yield Query.of(Booking, booking_id=command.booking_id)
        yield Query.of(Patron, patron_id=command.patron_id)

    def decide(self, state: State, command: CheckIn, context: Context) -> Decision:
        booking = state.get(Booking, command.booking_id)
        codes = [
            *objections_to(state.get(Patron, command.patron_id), context),
            *self._objections(booking, command, context),
        ]
        if codes and not context.seat.server:
            return Refused(tuple(codes))
        if booking is None:
            return Accepted((), clashes=tuple(codes))
        return Accepted((Put(replace(booking, state=BookingState.CHECKED_IN)),), clashes=tuple(codes))

    @staticmethod
    def _objections(booking: Booking | None, command: CheckIn, context: Context) -> Iterator[Refusal]:
        if booking is None:
            yield Refusal.BOOKING_UNKNOWN
            return
        if booking.patron_id != command.patron_id:
            yield Refusal.BOOKING_NOT_YOURS
        if booking.facility_id != command.facility_id:
            yield Refusal.CHECK_IN_OTHER_PLACE
        if booking.state is BookingState.CHECKED_IN:
            yield Refusal.ALREADY_CHECKED_IN
        elif booking.state is not BookingState.CONFIRMED:
            yield Refusal.BOOKING_NOT_CONFIRMED
        yield from CheckInDecider._window(booking, context)

    @staticmethod
    def _window(booking: Booking, context: Context) -> Iterator[Refusal]:
        moment = local(context.now)
        minute = moment.hour * 60 + moment.minute
        opens = booking.start_cell * CELL_MINUTES - context.rules.check_in.opens_before_minutes
        if (context.today, minute) < (booking.on, opens):
            yield Refusal.CHECK_IN_TOO_EARLY
        if (context.today, minute) >= (booking.on, booking.end_cell * CELL_MINUTES):
            yield Refusal.CHECK_IN_TOO_LATE
