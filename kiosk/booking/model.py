"""Rooms are made of indivisible parts, days of half-hour cells; a booking occupies parts × cells.

The key (part, day, cell) makes an overlap impossible in any database that keeps its keys unique.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from kiosk.records import record

CELL_MINUTES = 30
"""Length of one cell; cell 18 begins at 09:00 local time."""


class BookingState(StrEnum):
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    REJECTED = "rejected"


@record("facility", key=("facility_id",))
class Facility:
    """A library or community centre. `kind` is library or community_centre."""

    facility_id: str
    kind: str
    name: str
    kana: str
    latin: str


@record("opening_rule", key=("facility_id", "rule_no"), lookups=(("facility_id",),))
class OpeningRule:
    """One line of an opening calendar; see `calendar.opening_hours` for how lines combine.

    kind `hours`: open on `weekday` (0 Monday, None every day) from/to these cells;
    kind `closed_weekday`: closed on `weekday`, except on its `except_nth` of the month; if that day is a
    public holiday it is open and the next working day is closed instead (`holiday_shift`);
    kind `closed_yearly`: closed from/to these month-days (MM-DD, may wrap over New Year).
    """

    facility_id: str
    rule_no: int
    kind: str
    weekday: int | None = None
    except_nth: int | None = None
    holiday_shift: bool = False
    from_md: str | None = None
    to_md: str | None = None
    open_cell: int | None = None
    close_cell: int | None = None


@record("room", key=("room_id",), lookups=(("facility_id",),))
class Room:
    """Something that can be booked. `fee_yen` is per slot."""

    room_id: str
    facility_id: str
    name: str
    kana: str
    latin: str
    capacity: int
    fee_yen: int


@record(
    "room_part",
    key=("room_id", "part_id"),
    lookups=(
        ("room_id",),
        ("part_id",),
    ),
)
class RoomPart:
    """This room includes this part; a dividable hall shares its parts with its halves."""

    room_id: str
    part_id: str


@record("slot", key=("room_id", "slot_no"), lookups=(("room_id",),))
class Slot:
    """A period of the day the room is sold in (区分). `label`: morning, afternoon, evening or hours."""

    room_id: str
    slot_no: int
    label: str
    start_cell: int
    end_cell: int


@record(
    "booking",
    key=("booking_id",),
    lookups=(
        ("patron_id",),
        ("room_id",),
    ),
)
class Booking:
    """Somebody has, or has asked for, a room on a day for the cells `[start_cell, end_cell)`."""

    booking_id: str
    patron_id: str
    facility_id: str
    room_id: str
    on: date
    label: str
    start_cell: int
    end_cell: int
    state: BookingState


@record("occupancy", key=("part_id", "on", "cell"), lookups=(("on", "part_id"), ("booking_id",)))
class Occupancy:
    """One part is taken for one cell by one booking."""

    part_id: str
    on: date
    cell: int
    booking_id: str


@record("lease", key=("facility_id", "on"), lookups=(("facility_id",),))
class Lease:
    """On this day only this device may confirm rooms of this facility (escrow, so offline is safe).

    The server sells none of these cells itself until the lease is handed back or its day has passed.
    The device stops confirming at `valid_until`. `epoch` fences a lease that staff revoked.
    """

    facility_id: str
    on: date
    device_id: str
    epoch: int
    valid_until: datetime
