"""The smallest ward in which everything can clash: two houses, three rooms, a dozen books, five people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from kiosk.booking.model import (
    Booking,
    BookingState,
    Facility,
    Occupancy,
    OpeningRule,
    Room,
    RoomPart,
    Slot,
)  # fmt: skip
from kiosk.lending.model import Item
from kiosk.people.model import CardLink, LibraryPin, LinkState, Patron
from kiosk.rules import CardRules, Rules, RuleSet, rules_to_json

START = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""02:00 on a Tuesday in Tokyo: leases taken now run out in the next afternoon, while rooms are still sold."""
TODAY = date(2026, 11, 24)
FACILITIES = ("library", "centre")
KIOSKS = {f"kiosk-{number}": FACILITIES[number % 2] for number in range(1, 5)}
"""Enrolled devices and where they stand; a simulation runs some of them."""
ROOMS = {
    "lib-a": ("library", ("lib-a",)),
    "hall": ("centre", ("east", "west")),
    "hall-e": ("centre", ("east",)),
}
"""Each room with its house and the parts it is made of: the hall shares one with its half."""
SLOTS = (("morning", 18, 24), ("afternoon", 26, 34), ("evening", 35, 43))
ITEMS = tuple(f"item-{number}" for number in range(1, 11))
PATRONS = tuple(f"p{number}" for number in range(1, 6))
CARDS = tuple(f"card-{number}" for number in range(1, 8))
"""Tags of cards: the first five belong to the five patrons, the others to nobody yet."""


def records() -> Iterator[object]:
    """Everything in the ward when a simulation begins."""
    rules = Rules(cards=CardRules(linkable=("felica", "transit")))
    yield RuleSet(name="ward", version=1, valid_from=date(2026, 4, 1), body=rules_to_json(rules))
    for facility in FACILITIES:
        yield Facility(facility_id=facility, kind=facility, name=facility, kana=facility, latin=facility)
        yield OpeningRule(facility_id=facility, rule_no=1, kind="hours", open_cell=18, close_cell=43)
    yield from _rooms()
    for number, item in enumerate(ITEMS):
        kind = ("book", "book", "book", "cd", "dvd")[number % 5]
        yield Item(item_id=item, title=item, item_type=kind, home_id=FACILITIES[0], for_loan=number != 9)
    yield from _people()
    yield from _booked("b-today-1", "p1", "lib-a", ("night", 4, 10))
    yield from _booked("b-today-2", "p2", "hall-e", ("night", 4, 12))
    yield from _booked("b-today-3", "p3", "hall", SLOTS[1])


def _rooms() -> Iterator[object]:
    for room, (facility, parts) in ROOMS.items():
        yield Room(
            room_id=room, facility_id=facility, name=room, kana=room, latin=room, capacity=8, fee_yen=0
        )
        for part in parts:
            yield RoomPart(room_id=room, part_id=part)
        for number, (label, start, end) in enumerate(SLOTS, start=1):
            yield Slot(room_id=room, slot_no=number, label=label, start_cell=start, end_cell=end)


def _people() -> Iterator[object]:
    for number, patron in enumerate(PATRONS):
        expires = TODAY if number == 4 else date(2028, 3, 31)
        yield Patron(patron_id=patron, masked_name="A", expires_on=expires, blocked=False)
        yield CardLink(
            tag=CARDS[number], card_kind="felica", patron_id=patron, state=LinkState.ACTIVE, since=START
        )
        if number < 3:
            yield LibraryPin(patron_id=patron, verifier=f"verifier-{number}", wrong=0, wrong_at=None)


def _booked(booking_id: str, patron: str, room: str, slot: tuple[str, int, int]) -> Iterator[object]:
    label, start, end = slot
    facility, parts = ROOMS[room]
    yield Booking(
        booking_id=booking_id, patron_id=patron, facility_id=facility, room_id=room, on=TODAY, label=label,
        start_cell=start, end_cell=end, state=BookingState.CONFIRMED,
    )  # fmt: skip
    for part in parts:
        for cell in range(start, end):
            yield Occupancy(part_id=part, on=TODAY, cell=cell, booking_id=booking_id)
