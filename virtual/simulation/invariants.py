"""What must hold after every event, and what once everything works again. Broken says what does not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from kiosk.booking.model import Lease
from kiosk.operations import ClockTrust
from kiosk.records import TABLES
from server.store import tables
from server.store.database import Database, record_of
from virtual.simulation import ward
from virtual.simulation.machine import Machine

FORK = "sequence-fork"
_TAKEN = ("confirmed", "checked_in")


class Broken(Exception):
    """An invariant does not hold."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation in the server's ledger."""

    op_id: str
    server_seq: int
    device_id: str
    incarnation: int
    seq: int
    outcome: str
    code: str | None
    case_id: str | None


class ServerBooks:
    """The server's tables as plain rows, asked for anew at every check."""

    def __init__(self, database: Database) -> None:
        raw = database.engine.raw_connection()
        try:
            self._cursor = raw.cursor()
            self.ledger = [Row(*row) for row in self._ask(_LEDGER)]
            self.cases = self._ask("SELECT op_id, case_id FROM staff_case")
            self.places = self._ask("SELECT device_id, incarnation, last_seq FROM device")
            self.loans = [row[0] for row in self._ask("SELECT item_id FROM loan")]
            self.bookings = [(*row[:2], str(row[2]), *row[3:]) for row in self._ask(_BOOKINGS)]
            self.cells = self._ask('SELECT part_id, "on", cell, booking_id FROM occupancy')
        finally:
            raw.close()

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql)
        return [tuple(row) for row in self._cursor.fetchall()]

    def confirmed(self) -> set[str]:
        """The bookings that hold a room."""
        return {booking_id for booking_id, *_, state in self.bookings if state in _TAKEN}


_LEDGER = (
    "SELECT op_id, server_seq, device_id, incarnation, seq, outcome, code, case_id FROM operation"
    " ORDER BY server_seq"
)
_BOOKINGS = 'SELECT booking_id, room_id, "on", start_cell, end_cell, state FROM booking ORDER BY booking_id'


class Memory:
    """What the server has said before: it may not take anything of it back."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """The server was restored from a backup."""
        self.outcomes: dict[str, tuple[int, str]] = {}
        self.confirmed: set[str] = set()

    def check(self, books: ServerBooks) -> None:
        now = {row.op_id: (row.server_seq, row.outcome) for row in books.ledger}
        for op_id, said in self.outcomes.items():
            _hold(now.get(op_id) == said, f"the server takes back what it said of {op_id}")
        confirmed = books.confirmed()
        gone = self.confirmed - confirmed
        _hold(not gone, f"confirmed bookings have disappeared: {_some(gone)}")
        self.outcomes, self.confirmed = now, confirmed


def end_of_feed(database: Database) -> tuple[str, int]:
    """The cursor of whoever has heard everything."""
    with database.read() as conn:
        newest = conn.execute(select(func.max(tables.change.c.seq))).scalar_one()
        return database.epoch(conn), int(newest)


def check_server(books: ServerBooks) -> None:
    """After every event."""
    _ledger_and_cases(books)
    _sequences(books)
    _hold(_once(books.loans), "an item has more than one open loan")
    _rooms(books)


def _ledger_and_cases(books: ServerBooks) -> None:
    _hold(_once(row.op_id for row in books.ledger), "an operation stands twice in the ledger")
    _hold(_once(row.server_seq for row in books.ledger), "two operations have one number")
    clashed = {(row.op_id, row.case_id) for row in books.ledger if row.outcome != "applied"}
    _hold(clashed == set(books.cases), "outcomes that are not applied and cases do not match")
    _hold(len(clashed) == len(books.cases), "there are more cases than clashes")
    for row in books.ledger:
        _hold(row.code != "internal", f"a defect of the server parked {row.op_id}")


def _sequences(books: ServerBooks) -> None:
    """Gapless numbers for each device and incarnation; a number used twice is parked as a fork."""
    taken: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row in books.ledger:
        if row.code != FORK:
            taken[row.device_id, row.incarnation].append(row.seq)
    for (device_id, incarnation), found in taken.items():
        whole = sorted(found) == list(range(1, len(found) + 1))
        _hold(whole, f"the numbers of {device_id}, incarnation {incarnation}, have a gap: {sorted(found)}")
    for device_id, incarnation, last in books.places:
        reached = max(taken.get((device_id, incarnation), [0]))
        _hold(reached == last, f"{device_id} is said to be at {last}, its ledger at {reached}")


def _rooms(books: ServerBooks) -> None:
    """The cells that are taken are those of the confirmed bookings, each once."""
    wanted = [
        (part, on, cell, booking_id)
        for booking_id, room, on, start, end, state in books.bookings
        if state in _TAKEN
        for part in ward.ROOMS[room][1]
        for cell in range(start, end)
    ]
    _hold(_once(slot[:3] for slot in wanted), "two confirmed bookings share a part of a room")
    taken = {(part, str(on), cell, booking_id) for part, on, cell, booking_id in books.cells}
    _hold(set(wanted) == taken, "the cells that are taken are not those of the confirmed bookings")


# ---- once everything works again ---------------------------------------------------------------------


def check_arrived(books: ServerBooks, confirmed: Iterable[str]) -> None:
    """Every operation that was confirmed to somebody is in the ledger."""
    there = {row.op_id for row in books.ledger}
    missing = [op_id for op_id in confirmed if op_id not in there]
    _hold(not missing, f"confirmed to people, and not at the server: {_some(missing)}")


def check_answers(books: ServerBooks, machine: Machine) -> None:
    """The kiosk has heard what the server says."""
    said = {row.op_id: row.outcome for row in books.ledger}
    for op_id, heard in machine.journal().items():
        _hold(
            said.get(op_id) == heard, f"{machine.name} heard {heard} of {op_id}, which is {said.get(op_id)}"
        )


def check_same(database: Database, machines: Iterable[Machine]) -> None:
    """Kiosks and server hold the same records."""
    with database.read() as conn:
        there = {
            name: {record_of(spec.type, row) for row in conn.execute(select(tables.records[name]))}
            for name, spec in TABLES.items()
        }
    for machine in machines:
        for name, spec in TABLES.items():
            here = set(machine.ledger.all(spec.type))
            _hold(
                here == there[name],
                f"{machine.name} and the server differ in {name}:"
                f" only here {_some(here - there[name])}, only there {_some(there[name] - here)}",
            )


def check_lease(machine: Machine, lease: Lease | None, now: datetime) -> None:
    """Whoever confirms a room alone holds its lease, and it has not run out: in true time.

    Only a hardware clock that somebody has set wrong can deceive a device: then its own time counts here.
    """
    held = lease is not None and lease.device_id == machine.device_id
    _hold(held, f"{machine.name} confirmed a room without a lease")
    deceived = machine.clock.trust is ClockTrust.RTC and machine.board.offset
    moment = machine.clock.now() if deceived else now
    live = lease is not None and moment < lease.valid_until
    _hold(live, f"{machine.name} confirmed a room under a lease that has run out")


def _hold(true: bool, otherwise: str) -> None:
    if not true:
        raise Broken(otherwise)


def _once(values: Iterable[Any]) -> bool:
    return all(number == 1 for number in Counter(values).values())


def _some(values: Iterable[Any]) -> str:
    return "; ".join(sorted(map(str, values))[:3]) or "nothing"
