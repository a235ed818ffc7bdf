"""What a screen wants to know about rooms: today's booking, and what looks free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from kiosk.booking.calendar import opening_hours
from kiosk.booking.decide import current_cell, holds_now
from kiosk.booking.model import (
    CELL_MINUTES,
    Booking,
    BookingState,
    Facility,
    Lease,
    Occupancy,
    OpeningRule,
    Room,
    RoomPart,
    Slot,
)
from kiosk.decision import Context
from kiosk.operations import Standing
from kiosk.ports import Ledger
from kiosk.state import Query, State
from kiosk.views import BookingLine, Offer, Period, Place


def facility_place(facility: Facility | None) -> Place:
    return Place(facility.name, facility.kana, facility.latin) if facility else Place("", "", "")


def period_of(on: date, label: str, start_cell: int, end_cell: int) -> Period:
    return Period(on, label, start_cell * CELL_MINUTES, end_cell * CELL_MINUTES)


def booking_line(ledger: Ledger, booking: Booking) -> BookingLine:
    """A booking as a screen shows it."""
    state = ledger.state(
        Query.of(Facility, facility_id=booking.facility_id), Query.of(Room, room_id=booking.room_id)
    )
    room = state.get(Room, booking.room_id)
    requested = booking.state in (BookingState.REQUESTED, BookingState.REJECTED)
    return BookingLine(
        booking_id=booking.booking_id,
        facility=facility_place(state.get(Facility, booking.facility_id)),
        room=Place(room.name, room.kana, room.latin) if room else Place("", "", ""),
        period=period_of(booking.on, booking.label, booking.start_cell, booking.end_cell),
        standing=Standing.REQUESTED if requested else Standing.FINAL,
        checked_in=booking.state is BookingState.CHECKED_IN,
    )


def bookings_of(ledger: Ledger, patron_id: str) -> tuple[Booking, ...]:
    """All bookings of a patron that this device knows, the earliest first."""
    found = ledger.state(Query.of(Booking, patron_id=patron_id)).all(Booking)
    return tuple(sorted(found, key=lambda b: (b.on, b.start_cell)))


def todays_booking(bookings: Sequence[Booking], facility_id: str, context: Context) -> Booking | None:
    """The booking a person most likely came for: the next one here today that is not over."""
    for booking in bookings:
        here = booking.facility_id == facility_id and booking.on == context.today
        live = booking.state in (BookingState.CONFIRMED, BookingState.CHECKED_IN)
        if here and live and booking.end_cell > current_cell(context):
            return booking
    return None


def bookable_days(context: Context, count: int) -> tuple[date, ...]:
    """The next days somebody may choose from, today first."""
    return tuple(context.today + timedelta(days=n) for n in range(count))


def offers_on(ledger: Ledger, on: date, home_id: str, context: Context) -> tuple[Offer, ...]:
    """Everything that looks free on a day: the rooms of this house first, then those of all others."""
    rooms = sorted(ledger.all(Room), key=lambda r: (r.facility_id != home_id, r.facility_id, r.room_id))
    facilities = {f.facility_id: f for f in ledger.all(Facility)}
    state = _loaded(ledger, rooms, on)
    return tuple(offer for room in rooms for offer in _room_offers(state, room, facilities, on, context))


def _loaded(ledger: Ledger, rooms: Sequence[Room], on: date) -> State:
    state = ledger.state(
        *(Query.of(RoomPart, room_id=room.room_id) for room in rooms),
        *(Query.of(Slot, room_id=room.room_id) for room in rooms),
        *(Query.of(OpeningRule, facility_id=f) for f in dict.fromkeys(r.facility_id for r in rooms)),
        *(Query.of(Lease, facility_id=f, on=on) for f in dict.fromkeys(r.facility_id for r in rooms)),
    )
    parts = dict.fromkeys(part.part_id for part in state.all(RoomPart))
    occupied = ledger.state(*(Query.of(Occupancy, part_id=part, on=on) for part in parts))
    state.add(occupied.all(Occupancy))
    return state


def _room_offers(
    state: State, room: Room, facilities: dict[str, Facility], on: date, context: Context
) -> Iterator[Offer]:
    hours = opening_hours(state.where(OpeningRule, facility_id=room.facility_id), on)
    if hours is None:
        return
    parts = state.where(RoomPart, room_id=room.room_id)
    final = holds_now(state.get(Lease, room.facility_id, on), context)
    for slot in sorted(state.where(Slot, room_id=room.room_id), key=lambda s: s.slot_no):
        over = on == context.today and slot.end_cell <= current_cell(context)
        inside = hours[0] <= slot.start_cell and slot.end_cell <= hours[1]
        cells = range(slot.start_cell, slot.end_cell)
        free = not any(state.get(Occupancy, p.part_id, on, cell) for p in parts for cell in cells)
        if free and inside and not over:
            yield Offer(
                room_id=room.room_id,
                slot_no=slot.slot_no,
                facility=facility_place(facilities.get(room.facility_id)),
                room=Place(room.name, room.kana, room.latin),
                capacity=room.capacity,
                period=period_of(on, slot.label, slot.start_cell, slot.end_cell),
                final=final,
            )
