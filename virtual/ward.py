"""A small Nerima that never was: real libraries by their public names, everything else made up.

Deterministic: the same seed and moment give the same ward, so that a picture or a failure can be repeated.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import insert

from kiosk.barcodes import numbered
from kiosk.booking.calendar import opening_hours
from kiosk.booking.model import (
    CELL_MINUTES,
    Booking,
    BookingState,
    Facility,
    Occupancy,
    OpeningRule,
    Room,
    RoomPart,
    Slot,
)  # fmt: skip
from kiosk.clock import local, local_date
from kiosk.lending.model import Item, Loan
from kiosk.people.model import CardLink, LibraryPin, LinkState, Patron, mask_name
from kiosk.people.pins import LibraryPins
from kiosk.people.scanned import ScannedCard
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind
from kiosk.records import Put
from kiosk.rules import BarcodeScheme, CardRules, Rules, RuleSet, rules_to_json
from server.store import tables
from server.store.database import Database, write_changes
from virtual import names

DEMO_FACILITY = "hikarigaoka"
DEMO_RESIDENT = "p00000"
DEMO_LIBRARY_PIN = "8620"
_SCHEME = BarcodeScheme()
_DAY_SLOTS = (("morning", 18, 24), ("afternoon", 26, 34), ("evening", 35, 43))
"""午前 9:00-12:00, 午後 13:00-17:00, 夜間 17:30-21:30 (the 区分 of the ward's 地域集会所)."""


@dataclass
class Ward:
    """All records of the ward, and the names that never leave the server."""

    records: list[object] = field(default_factory=list)
    profiles: list[dict[str, str]] = field(default_factory=list)
    now: datetime = field(kw_only=True)

    def give_card(self, tag: str, patron_id: str = DEMO_RESIDENT, kind: CardKind = CardKind.FELICA) -> None:
        """Give anybody a card."""
        self.records.append(
            CardLink(
                tag=tag, card_kind=kind.value, patron_id=patron_id, state=LinkState.ACTIVE, since=self.now
            )
        )  # fmt: skip

    def equip_demo_resident(self, ward_key: bytes, idm: bytes) -> None:
        """A FeliCa card, a printed card and a library PIN for the resident of the demo."""
        tagger, pins = CardTagger(ward_key), LibraryPins(ward_key)
        self.give_card(tagger.tag(CardKind.FELICA, idm, "felica"))
        printed = ScannedCard(CardKind.BARCODE, self.card_number(DEMO_RESIDENT))
        self.give_card(printed.tag(tagger), kind=CardKind.BARCODE)
        verifier = pins.verifier(DEMO_RESIDENT, DEMO_LIBRARY_PIN)
        self.records.append(LibraryPin(patron_id=DEMO_RESIDENT, verifier=verifier, wrong=0, wrong_at=None))

    def card_number(self, patron_id: str) -> str:
        """What is printed on somebody's library card."""
        return next(p["card_number"] for p in self.profiles if p["patron_id"] == patron_id)

    def of(self, kind: type) -> list[object]:
        """All records of one kind."""
        return [record for record in self.records if isinstance(record, kind)]

    def free_items(self, count: int) -> list[str]:
        """Numbers of books at the demo library that may be lent now."""
        lent = {loan.item_id for loan in self.records if isinstance(loan, Loan)}
        numbers = (
            r.item_id
            for r in self.records
            if isinstance(r, Item) and r.for_loan and r.item_type == "book" and r.item_id not in lent
        )
        return [number for number, _ in zip(numbers, range(count), strict=False)]


def make_ward(*, now: datetime, seed: int = 2026, patrons: int = 3000, items: int = 5000) -> Ward:
    """The ward as it is at `now`: open, half booked, with some books out and some cards expired."""
    chance = random.Random(seed)
    ward = Ward(now=now)
    ward.records.extend(_rules())
    for row in names.LIBRARIES:
        ward.records.extend(_library(row))
    for row in names.CENTRES:
        ward.records.extend(_centre(row))
    _people(ward, chance, patrons, local_date(now))
    _books(ward, chance, items)
    _loans(ward, chance, now)
    _bookings(ward, chance, now)
    return ward


def _rules() -> Iterator[object]:
    rules = Rules(cards=CardRules(mynumber_with_pin=True, linkable=("mynumber", "felica", "transit")))
    yield RuleSet(name="ward", version=1, valid_from=date(2026, 4, 1), body=rules_to_json(rules))


# ---- places ----------------------------------------------------------------------------------------


def _library(row: names.Library) -> Iterator[object]:
    """Open 9-20, closed on Mondays but for the n-th (lib.nerima.tokyo.jp/riyo.html)."""
    yield Facility(facility_id=row.id, kind="library", name=row.name, kana=row.kana, latin=row.latin)
    yield OpeningRule(facility_id=row.id, rule_no=1, kind="hours", open_cell=18, close_cell=40)
    yield OpeningRule(
        facility_id=row.id, rule_no=2, kind="closed_weekday", weekday=0, except_nth=row.open_monday,
        holiday_shift=True,
    )  # fmt: skip
    yield OpeningRule(facility_id=row.id, rule_no=3, kind="closed_yearly", from_md="12-29", to_md="01-04")
    yield from _room(row.id, "a", "会議室", "かいぎしつ", "Meeting Room", 18, 400)
    yield from _room(row.id, "b", "グループ学習室", "グループがくしゅうしつ", "Group Study Room", 8, 0)


def _centre(row: names.Centre) -> Iterator[object]:
    yield Facility(facility_id=row.id, kind="community_centre", name=row.name, kana=row.kana, latin=row.latin)
    yield OpeningRule(facility_id=row.id, rule_no=1, kind="hours", open_cell=18, close_cell=43)
    yield OpeningRule(facility_id=row.id, rule_no=2, kind="closed_yearly", from_md="12-29", to_md="01-03")
    yield from _room(row.id, "washitsu", "和室", "わしつ", "Tatami Room", 20, 300)
    halves = (f"{row.id}-hall-east", f"{row.id}-hall-west")
    yield from _room(
        row.id, "hall", "集会室（全面）", "しゅうかいしつ ぜんめん", "Assembly Hall", 80, 1200, halves
    )
    yield from _room(
        row.id, "hall-e", "集会室（東）", "しゅうかいしつ ひがし", "Hall East", 40, 600, halves[:1]
    )
    yield from _room(
        row.id, "hall-w", "集会室（西）", "しゅうかいしつ にし", "Hall West", 40, 600, halves[1:]
    )


def _room(
    facility: str, short: str, name: str, kana: str, latin: str, capacity: int, fee: int,
    parts: tuple[str, ...] = (),
) -> Iterator[object]:  # fmt: skip
    room = f"{facility}-{short}"
    yield Room(
        room_id=room, facility_id=facility, name=name, kana=kana, latin=latin, capacity=capacity, fee_yen=fee
    )
    for part in parts or (room,):
        yield RoomPart(room_id=room, part_id=part)
    for number, (label, start, end) in enumerate(_DAY_SLOTS, start=1):
        yield Slot(room_id=room, slot_no=number, label=label, start_cell=start, end_cell=end)


# ---- people and books ------------------------------------------------------------------------------


def _people(ward: Ward, chance: random.Random, count: int, today: date) -> None:
    for number in range(count):
        family, family_kana = chance.choice(names.FAMILIES)
        given, given_kana = chance.choice(names.GIVENS)
        if number == 0:
            (family, family_kana), (given, given_kana) = ("練馬", "ねりま"), ("花子", "はなこ")
        expired = number % 41 == 7
        expires = today - timedelta(days=30) if expired else today + timedelta(days=chance.randint(30, 700))
        patron_id = f"p{number:05d}"
        ward.records.append(
            Patron(
                patron_id=patron_id, masked_name=mask_name(family, given), expires_on=expires,
                blocked=number % 97 == 11,
            )
        )  # fmt: skip
        ward.profiles.append(
            {"patron_id": patron_id, "card_number": numbered("2", _SCHEME.patron_length, number),
             "family": family, "given": given, "kana": f"{family_kana} {given_kana}"}
        )  # fmt: skip


def _books(ward: Ward, chance: random.Random, count: int) -> None:
    homes = [row.id for row in names.LIBRARIES]
    for number in range(count):
        title = names.TITLES[number % len(names.TITLES)]
        copy = number // len(names.TITLES)
        kind = "book" if number % 20 < 16 else ("magazine", "cd", "dvd", "book")[number % 4]
        ward.records.append(
            Item(
                item_id=numbered(_SCHEME.item_prefix, _SCHEME.item_length, number + 1),
                title=title if copy == 0 else f"{title}　{copy % 9 + 1}",
                item_type=kind,
                home_id=DEMO_FACILITY if number < 40 else chance.choice(homes),
                for_loan=number % 53 != 29,
            )
        )


def _loans(ward: Ward, chance: random.Random, now: datetime) -> None:
    items = [r for r in ward.records if isinstance(r, Item) and r.for_loan][50:]
    for number, item in enumerate(chance.sample(items, len(items) // 12)):
        since = now - timedelta(days=chance.randint(0, 16))
        ward.records.append(
            Loan(
                item_id=item.item_id, loan_id=f"loan-{number:05d}",
                patron_id=f"p{chance.randint(1, 900):05d}", item_type=item.item_type,
                facility_id=item.home_id, since=since,
                due_on=local_date(since) + timedelta(days=14),
            )
        )  # fmt: skip


# ---- bookings --------------------------------------------------------------------------------------


def _bookings(ward: Ward, chance: random.Random, now: datetime) -> None:
    """The demo resident's booking of this hour, and a third of all slots of the next days."""
    rooms = [r for r in ward.records if isinstance(r, Room)]
    parts: dict[str, list[str]] = {}
    for part in (r for r in ward.records if isinstance(r, RoomPart)):
        parts.setdefault(part.room_id, []).append(part.part_id)
    plan = _Plan(ward, parts)
    home = next(room for room in rooms if room.room_id == f"{DEMO_FACILITY}-a")
    plan.book("b-demo", DEMO_RESIDENT, home, *_around(now))
    rules: dict[str, list[OpeningRule]] = {}
    for rule in (r for r in ward.records if isinstance(r, OpeningRule)):
        rules.setdefault(rule.facility_id, []).append(rule)
    for room in rooms:
        for ahead in range(14):
            on = local_date(now) + timedelta(days=ahead)
            if opening_hours(rules[room.facility_id], on) is None:
                continue
            for label, start, end in _DAY_SLOTS:
                if chance.random() < 0.33:
                    number = f"b-{room.room_id}-{on}-{label}"
                    patron_id = f"p{chance.randint(1000, 2000):05d}"
                    plan.book(number, patron_id, room, on, label, start, end)


def _around(now: datetime) -> tuple[date, str, int, int]:
    """Two hours of today that contain this moment, whatever the hour."""
    moment = local(now)
    cell = (moment.hour * 60 + moment.minute) // CELL_MINUTES
    start = max(0, min(cell, 44))
    return moment.date(), "hours", start, start + 4


@dataclass
class _Plan:
    """The bookings made so far; what does not fit any more is left out."""

    ward: Ward
    parts: dict[str, list[str]]
    taken: set[tuple[str, date, int]] = field(default_factory=set)

    def book(
        self, number: str, patron_id: str, room: Room, on: date, label: str, start: int, end: int
    ) -> None:
        cells = {(part, on, cell) for part in self.parts[room.room_id] for cell in range(start, end)}
        if self.taken & cells:
            return
        self.taken |= cells
        self.ward.records.append(
            Booking(
                booking_id=number,
                patron_id=patron_id,
                facility_id=room.facility_id,
                room_id=room.room_id,
                on=on,
                label=label,
                start_cell=start,
                end_cell=end,
                state=BookingState.CONFIRMED,
            )
        )
        self.ward.records.extend(
            Occupancy(part_id=p, on=d, cell=c, booking_id=number) for p, d, c in sorted(cells)
        )


# ---- into a server ---------------------------------------------------------------------------------


def seed_server(database: str | Database, ward: Ward) -> None:
    """Load a ward into an empty, migrated server database, feed included."""
    opened = database if isinstance(database, Database) else Database(database)
    with opened.write() as conn:
        write_changes(conn, [Put(record) for record in ward.records])
        conn.execute(insert(tables.patron_profile), ward.profiles)
    if opened is not database:
        opened.dispose()
