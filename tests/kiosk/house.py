"""A small library to test in: a clock that obeys, a ledger on a real file, a handful of records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kiosk.barcodes import numbered
from kiosk.booking.model import (
    Booking,
    BookingState,
    Facility,
    Lease,
    Occupancy,
    OpeningRule,
    Room,
    RoomPart,
    Slot,
)  # fmt: skip
from kiosk.codes import Trouble
from kiosk.decide import NOTES
from kiosk.house import House, Place
from kiosk.ids import Uuid7Ids
from kiosk.lending.model import Item
from kiosk.operations import ClockTrust, Operation
from kiosk.people.model import CardLink, LibraryPin, LinkState, Patron
from kiosk.people.pins import LibraryPins
from kiosk.people.scanned import ScannedCard
from kiosk.people.tags import CardTagger
from kiosk.ports import CardIdentity, CardKind, CardProblem, PrinterProblem, Revocation
from kiosk.reception import Reception
from kiosk.records import Put, change_to_json
from kiosk.rules import CardRules, Rules, RuleSet, rules_to_json
from kiosk.store.ledger import SqliteLedger
from kiosk.views import Status, View

NOON = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
"""Saturday 21 November 2026, 12:00 in Tokyo."""
TODAY = date(2026, 11, 21)
TOMORROW = TODAY + timedelta(days=1)
HOME = "hikarigaoka"
DEVICE = "kiosk-1"
HANAKO = "p-hanako"
HANAKO_TAG = "a" * 32
TAGGER, PINS = CardTagger(bytes(32)), LibraryPins(bytes(32))
HANAKO_PIN = "8620"
HANAKO_NUMBER = numbered("2", 8, 1)
"""Taro, the other one, has no library PIN."""
BOOKS = [numbered("1", 10, n) for n in range(1, 40)]


@dataclass
class HandClock:
    """Time that moves only when told to."""

    moment: datetime = NOON
    seconds: float = 1000.0
    trust: ClockTrust = ClockTrust.SYNCED
    boot_id: str = "boot"

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


@dataclass
class PaperCard:
    """A card as the reader port hands it over, with its PIN written on it."""

    kind: CardKind = CardKind.FELICA
    tag: str | None = HANAKO_TAG
    pin: str = "1234"
    tries: int = 3
    proves: str = "b" * 32
    trouble: Trouble | None = None
    unusable: Trouble | None = None
    revocation: Revocation | None = None
    released: int = 0

    def pin_tries_left(self) -> int:
        return self.tries

    def authenticate(self, pin: str, now: datetime) -> CardIdentity:
        if self.trouble is not None:
            raise CardProblem(self.trouble)
        if pin != self.pin:
            self.tries -= 1
            raise CardProblem(Trouble.PIN_WRONG, self.tries)
        self.tries = 3
        return CardIdentity(self.kind, self.proves, self.revocation)

    def release(self) -> None:
        self.released += 1


@dataclass
class PaperPrinter:
    slips: list[tuple[str, ...]] = field(default_factory=list)
    broken: bool = False

    def print_lines(self, lines: Sequence[str]) -> None:
        if self.broken:
            raise PrinterProblem("out of paper")
        self.slips.append(tuple(lines))


def ward_rules() -> Rules:
    return Rules(cards=CardRules(mynumber_with_pin=True, linkable=("mynumber", "felica")))


def records() -> list[object]:
    """The library 光が丘 and a community centre, open every day 9:00-20:00 but for New Year."""
    made: list[object] = [
        Facility(
            facility_id=HOME, kind="library", name="光が丘図書館", kana="ひかりがおか", latin="Hikarigaoka"
        ),
        Facility(facility_id="sakae", kind="community_centre", name="栄町会館", kana="さかえ", latin="Sakae"),
        RuleSet(name="ward", version=1, valid_from=date(2026, 4, 1), body=rules_to_json(ward_rules())),
        Patron(patron_id=HANAKO, masked_name="練馬 花○", expires_on=date(2028, 3, 31), blocked=False),
        Patron(patron_id="p-old", masked_name="練馬 古○", expires_on=date(2025, 3, 31), blocked=False),
        Patron(patron_id="p-taro", masked_name="練馬 太○", expires_on=date(2028, 3, 31), blocked=False),
        LibraryPin(patron_id=HANAKO, verifier=PINS.verifier(HANAKO, HANAKO_PIN), wrong=0, wrong_at=None),
        _link(HANAKO_TAG, HANAKO),
        _link(ScannedCard(CardKind.BARCODE, HANAKO_NUMBER).tag(TAGGER), HANAKO, "barcode"),
        _link("c" * 32, "p-old"),
        _link("d" * 32, "p-taro"),
    ]
    for place in (HOME, "sakae"):
        made += [
            OpeningRule(facility_id=place, rule_no=1, kind="hours", open_cell=18, close_cell=40),
            OpeningRule(facility_id=place, rule_no=2, kind="closed_yearly", from_md="12-29", to_md="01-04"),
        ]
        for name in ("a", "b"):
            room = f"{place}-{name}"
            made.append(
                Room(room_id=room, facility_id=place, name=f"会議室{name.upper()}", kana="かいぎしつ",
                     latin=f"Room {name.upper()}", capacity=12, fee_yen=300)
            )  # fmt: skip
            made.append(RoomPart(room_id=room, part_id=room))
            made += [
                Slot(room_id=room, slot_no=1, label="morning", start_cell=18, end_cell=24),
                Slot(room_id=room, slot_no=2, label="afternoon", start_cell=24, end_cell=34),
                Slot(room_id=room, slot_no=3, label="evening", start_cell=34, end_cell=40),
            ]
    made += [
        Item(item_id=number, title=f"本 {n}", item_type="book", home_id=HOME, for_loan=n < 35)
        for n, number in enumerate(BOOKS)
    ]
    made.append(
        Booking(booking_id="today", patron_id=HANAKO, facility_id=HOME, room_id=f"{HOME}-a", on=TODAY,
                label="afternoon", start_cell=24, end_cell=34, state=BookingState.CONFIRMED)
    )  # fmt: skip
    made += [
        Occupancy(part_id=f"{HOME}-a", on=TODAY, cell=cell, booking_id="today") for cell in range(24, 34)
    ]
    made += [
        Lease(facility_id=HOME, on=day, device_id=DEVICE, epoch=1, valid_until=NOON + timedelta(hours=36))
        for day in (TODAY, TOMORROW)
    ]
    return made


def _link(tag: str, patron_id: str, kind: str = "felica") -> CardLink:
    return CardLink(tag=tag, card_kind=kind, patron_id=patron_id, state=LinkState.ACTIVE, since=NOON)


def open_ledger(folder: Path, clock: HandClock | None = None, *, stocked: bool = True) -> SqliteLedger:
    ledger = SqliteLedger(folder / "kiosk.db", DEVICE, clock or HandClock(), Uuid7Ids())
    if stocked:
        changes = [change_to_json(Put(record)) for record in records()]
        ledger.replace_all("epoch-1", 1, changes, NOON)
    return ledger


class Counter:
    """A reception with everything around it in the hand of the test."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.ledger = open_ledger(folder, self.clock)
        self.printer = PaperPrinter()
        self.shown: list[View] = []
        self.statuses: list[Status] = []
        house = House(self.ledger, self.clock, Uuid7Ids(), Place(DEVICE, HOME), TAGGER, PINS)
        self.reception = Reception(house, self.printer, self._show)
        self.reception.open()

    def _show(self, view: View | Status) -> None:
        (self.statuses if isinstance(view, Status) else self.shown).append(view)  # type: ignore[arg-type]

    def do(self, *inputs: object) -> View:
        for given in inputs:
            self.reception.handle(given)  # type: ignore[arg-type]
        return self.shown[-1]

    def acts(self) -> list[Operation]:
        """What a resident did, oldest first: what the kiosk notes by itself left out."""
        return [op for op in self.ledger.queued(1000) if op.kind not in NOTES]
