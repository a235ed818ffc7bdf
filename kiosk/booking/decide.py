"""Booking a room: a claim, which a kiosk may confirm alone only under a lease of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kiosk.booking.calendar import opening_hours
from kiosk.booking.model import (
    CELL_MINUTES,
    Booking,
    BookingState,
    Lease,
    Occupancy,
    OpeningRule,
    Room,
    RoomPart,
    Slot,
)
from kiosk.clock import local
from kiosk.codes import Refusal
from kiosk.decision import Accepted, Context, Decision, Plain, Refused
from kiosk.operations import Nature, Standing
from kiosk.people.decide import objections_to
from kiosk.people.model import Patron
from kiosk.records import Change, Put, Remove
from kiosk.state import Query, State

OPEN_STATES = (BookingState.REQUESTED, BookingState.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRoom:
    """This room in this slot, please. `lease_epoch` is set where a kiosk confirmed it under its lease."""

    booking_id: str
    patron_id: str
    facility_id: str
    room_id: str
    on: date
    slot_no: int
    lease_epoch: int | None = None


def _booking(command: BookRoom, slot: Slot, state: BookingState) -> Booking:
    return Booking(
        booking_id=command.booking_id,
        patron_id=command.patron_id,
        facility_id=command.facility_id,
        room_id=command.room_id,
        on=command.on,
        label=slot.label,
        start_cell=slot.start_cell,
        end_cell=slot.end_cell,
        state=state,
    )


LEASE_MARGIN = timedelta(minutes=2)
"""How long before its end a lease is left alone: a monotonic clock drifts half a minute in its 36 hours."""


def current_cell(context: Context) -> int:
    """The cell of the day in which `now` falls."""
    moment = local(context.now)
    return (moment.hour * 60 + moment.minute) // CELL_MINUTES


def own_lease(state: State, command: BookRoom, context: Context) -> Lease | None:
    """The live lease under which this seat may confirm this booking, if there is one."""
    lease = state.get(Lease, command.facility_id, command.on)
    if lease is None or lease.device_id != context.seat.device_id:
        return None
    if context.seat.server:  # the promise was made under this epoch; when it arrives does not matter
        return lease if command.lease_epoch == lease.epoch else None
    return lease if holds_now(lease, context) else None


def holds_now(lease: Lease | None, context: Context) -> bool:
    """Whether this device may confirm under this lease at this moment; one that guesses the time may not."""
    if lease is None or lease.device_id != context.seat.device_id or not context.timely:
        return False
    return context.now < lease.valid_until - LEASE_MARGIN


class BookRoomDecider(Plain[BookRoom]):
    kind = "book"
    nature = Nature.CLAIM
    command = BookRoom
    chained = True  # a room's parts, then their cells

    def reads(self, command: BookRoom, state: State) -> Iterator[Query]:
        yield Query.of(Patron, patron_id=command.patron_id)
        yield Query.of(Room, room_id=command.room_id)
        yield Query.of(RoomPart, room_id=command.room_id)
        yield Query.of(Slot, room_id=command.room_id)
        yield Query.of(OpeningRule, facility_id=command.facility_id)
        yield Query.of(Booking, patron_id=command.patron_id)
        yield Query.of(Lease, facility_id=command.facility_id, on=command.on)
        for part in state.where(RoomPart, room_id=command.room_id):
            yield Query.of(Occupancy, part_id=part.part_id, on=command.on)

    def decide(self, state: State, command: BookRoom, context: Context) -> Decision:
        slot = state.get(Slot, command.room_id, command.slot_no)
        lease = own_lease(state, command, context)
        person = tuple(objections_to(state.get(Patron, command.patron_id), context))
        promised = context.seat.server and lease is not None
        codes = [*(() if promised else person), *self._objections(state, command, context, slot)]
        if slot is None or codes:
            return Refused(tuple(codes))
        final = context.seat.server or lease is not None
        return Accepted(
            self._changes(state, command, slot, confirmed=final),
            Standing.FINAL if final else Standing.REQUESTED,
            clashes=person if promised else (),  # on paper it is confirmed: staff see who it was given to
        )

    def promised(self, command: BookRoom, decision: Accepted, state: State) -> BookRoom:
        """With the epoch of the lease under which it was confirmed, if it was."""
        lease = state.get(Lease, command.facility_id, command.on)
        if decision.standing is not Standing.FINAL or lease is None:
            return command
        return replace(command, lease_epoch=lease.epoch)

    def refused(self, state: State, command: BookRoom, context: Context) -> tuple[Change, ...]:
        """After a no: the booking stays as rejected, so that the resident can be told."""
        slot = state.get(Slot, command.room_id, command.slot_no)
        if slot is None:
            return (Remove(Booking, (command.booking_id,)),)
        return (Put(_booking(command, slot, BookingState.REJECTED)),)

    def _objections(
        self, state: State, command: BookRoom, context: Context, slot: Slot | None
    ) -> Iterator[Refusal]:
        room = state.get(Room, command.room_id)
        if room is None or room.facility_id != command.facility_id:
            yield Refusal.ROOM_UNKNOWN
            return
        if slot is None:
            yield Refusal.SLOT_UNKNOWN
            return
        promised = context.seat.server and own_lease(state, command, context) is not None
        if not promised:  # what a lease holder confirmed on paper is not re-judged by date or quota
            yield from self._date_objections(state, command, context, slot)
            yield from self._quota_objections(state, command, context)
        yield from self._cell_objections(state, command, context, slot)

    @staticmethod
    def _date_objections(state: State, command: BookRoom, context: Context, slot: Slot) -> Iterator[Refusal]:
        last = context.today + timedelta(days=context.rules.booking.window_days)
        over = command.on == context.today and slot.end_cell <= current_cell(context)
        if not context.today <= command.on <= last or over:
            yield Refusal.OUTSIDE_BOOKING_WINDOW
        hours = opening_hours(state.where(OpeningRule, facility_id=command.facility_id), command.on)
        if hours is None or slot.start_cell < hours[0] or slot.end_cell > hours[1]:
            yield Refusal.FACILITY_CLOSED

    @staticmethod
    def _quota_objections(state: State, command: BookRoom, context: Context) -> Iterator[Refusal]:
        mine = [
            b
            for b in state.where(Booking, patron_id=command.patron_id)
            if b.state in OPEN_STATES and b.on >= context.today and b.booking_id != command.booking_id
        ]
        if len(mine) >= context.rules.booking.open_bookings:
            yield Refusal.BOOKING_QUOTA

    @staticmethod
    def _cell_objections(state: State, command: BookRoom, context: Context, slot: Slot) -> Iterator[Refusal]:
        for part in state.where(RoomPart, room_id=command.room_id):
            for cell in range(slot.start_cell, slot.end_cell):
                taken = state.get(Occupancy, part.part_id, command.on, cell)
                if taken is not None and taken.booking_id != command.booking_id:
                    yield Refusal.SLOT_TAKEN
                    return
        lease = state.get(Lease, command.facility_id, command.on)
        if context.seat.server and lease is not None and lease.device_id != context.seat.device_id:
            yield Refusal.SLOT_LEASED_ELSEWHERE

    @staticmethod
    def _changes(state: State, command: BookRoom, slot: Slot, *, confirmed: bool) -> tuple[Change, ...]:
        if not confirmed:
            return (Put(_booking(command, slot, BookingState.REQUESTED)),)
        booking = _booking(command, slot, BookingState.CONFIRMED)
        cells = (
            Put(Occupancy(part_id=p.part_id, on=command.on, cell=cell, booking_id=command.booking_id))
            for p in state.where(RoomPart, room_id=command.room_id)
            for cell in range(slot.start_cell, slot.end_cell)
        )
        return (Put(booking), *cells)
