"""The kiosk's ledger in SQLite: one writer, one transaction an act, confirmed only after COMMIT."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from kiosk.clock import local_date
from kiosk.decide import NOTES, command_to_body, decide, decider_of, load_state
from kiosk.decision import Context, Refused, Seat
from kiosk.operations import CONTENT_WITHHELD, ClockTrust, Operation, Outcome, OutcomeKind
from kiosk.people import sighting
from kiosk.ports import Answer, Clock, Ids, Performed
from kiosk.records import TABLES
from kiosk.rules import Rules, RuleSet, rules_on
from kiosk.state import Query, State
from kiosk.store import journal, rescue, rows
from kiosk.store.connection import DamagedFile, connect, immediate, named
from kiosk.store.schema import migrations

R = TypeVar("R")
T = TypeVar("T")
log = logging.getLogger(__name__)

_WAITING_ACTS = "SELECT count(*) FROM journal WHERE state = 'queued' AND kind NOT IN ({})".format(  # noqa: S608
    ", ".join(f"'{kind}'" for kind in sorted(NOTES))
)
KEEP_ANSWERED = timedelta(hours=24)
"""How long the contents of an answered act stay (JLA 1984 standard: a loan is forgotten on return)."""


class SqliteLedger:
    """Implements the ports `Ledger` and `Outbox`. Safe to use from several threads."""

    def __init__(
        self,
        path: Path,
        device_id: str,
        clock: Clock,
        ids: Ids,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        """Open (or make) the database; a damaged file is kept aside and what is readable is rescued."""
        self.device_id = device_id
        self.rescued = 0
        self._path = path
        self._factory = factory
        self._clock = clock
        self._ids = ids
        self._lock = threading.RLock()
        self._open()

    # ---- opening ----------------------------------------------------------------------------

    def _open(self) -> None:
        try:
            self._db = self._checked()
        except DamagedFile as damage:
            log.error("store-rescued: %s", damage)
            self.rescued += rescue.rebuild(self._path, self.device_id)
            self._db = self._checked()
        self._incarnation = int(self._meta("incarnation") or 1)

    def _checked(self) -> Database:
        fresh = not self._path.exists()
        db = connect(self._path, factory=self._factory)
        try:
            if not fresh and db.conn.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise DamagedFile("quick_check failed")
            migrations.apply(db)
            with immediate(db):
                number = str(rescue.next_incarnation(self._path) if fresh else 1)
                db.conn.execute("INSERT OR IGNORE INTO meta VALUES ('incarnation', ?)", (number,))
        except sqlite3.DatabaseError as error:
            db.close()
            raise DamagedFile(str(error)) from error
        except DamagedFile:
            db.close()
            raise
        return db

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _surviving(self, work: Callable[[], T]) -> T:
        """Run `work` under the lock; if the file turns out damaged, rescue it and run once more."""
        with self._lock:
            try:
                return work()
            except DamagedFile as damage:
                log.error("store-rescued: %s", damage)
                self._db.close()
                self.rescued += rescue.rebuild(self._path, self.device_id)
                self._open()
                return work()

    # ---- Ledger -----------------------------------------------------------------------------

    def perform(self, command: object, now: datetime) -> Performed | Refused:
        """Decide, and write the act and its effect in one durable transaction; raises StoreProblem."""
        return self._surviving(lambda: self._perform(command, now))

    def _perform(self, command: object, now: datetime) -> Performed | Refused:
        conn = self._db.conn
        with immediate(self._db):
            timely = self._clock.trust is not ClockTrust.GUESSED
            context = Context(now, Seat(self.device_id), self._rules(now), timely)
            state = load_state([command], self._fetch)
            decision = decide(state, command, context)
            if isinstance(decision, Refused):
                return decision
            op_id, decider = self._ids.new(), decider_of(command)
            rows.write_changes(conn, decision.changes)
            journal.append(
                conn,
                device_id=self.device_id,
                incarnation=self._incarnation,
                op_id=op_id,
                kind=decider.kind,
                schema_v=decider.schema_v,
                stamp=self._stamp(now),
                body=command_to_body(decider.promised(command, decision, state)),
                changes=journal.changes_of(decision),
                standing=decision.standing.value,
            )
        return Performed(op_id, decision)

    def _stamp(self, now: datetime) -> journal.Stamp:
        clock = self._clock
        return journal.Stamp(now, int(clock.monotonic() * 1000), clock.boot_id, clock.trust)

    def _fetch(self, queries: Iterable[Query]) -> list[Any]:
        return list(rows.fetch(self._db.conn, queries))

    def _rules(self, now: datetime) -> Rules:
        return rules_on(local_date(now), rows.fetch_all(self._db.conn, RuleSet))

    def _read(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return work()
            except sqlite3.Error as error:
                raise named(error) from error

        return self._surviving(guarded)

    def state(self, *queries: Query) -> State:
        """The records these queries ask for."""
        return self._read(lambda: State(self._fetch(queries)))

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every record of a kind."""
        return self._read(lambda: tuple(rows.fetch_all(self._db.conn, kind)))

    def rules(self, now: datetime) -> Rules:
        """The rules in force."""
        return self._read(lambda: self._rules(now))

    def answer(self, op_id: str) -> Answer | None:
        """The server's word on an operation, None while it waits."""
        sql = "SELECT outcome, code FROM journal WHERE op_id = ? AND state = 'acked'"
        row = self._read(lambda: self._db.conn.execute(sql, (op_id,)).fetchone())
        return Answer(OutcomeKind(row["outcome"]), row["code"]) if row else None

    @property
    def as_of(self) -> datetime | None:
        """When the server last brought this device up to date."""
        value = self._read(lambda: self._meta("as_of"))
        return datetime.fromisoformat(value) if value else None

    def waiting_acts(self) -> int:
        """How many acts of residents wait for the server."""
        return int(self._read(lambda: self._db.conn.execute(_WAITING_ACTS).fetchone()[0]))

    @property
    def latest(self) -> datetime | None:
        """The latest moment this device has written down; None for a new one."""
        sql = "SELECT max(at) FROM (SELECT at FROM journal ORDER BY seq DESC LIMIT 1)"
        found = self._read(lambda: (self._db.conn.execute(sql).fetchone()[0], self._meta("as_of")))
        return max((datetime.fromisoformat(text) for text in found if text), default=None)

    # ---- Outbox -----------------------------------------------------------------------------

    def queued(self, limit: int) -> list[Operation]:
        """The oldest operations without an outcome, in order."""
        sql = "SELECT * FROM journal WHERE state = 'queued' ORDER BY seq LIMIT ?"
        found = self._read(lambda: self._db.conn.execute(sql, (limit,)).fetchall())
        return [journal.operation(row, self.device_id, self._incarnation) for row in found]

    def answered(self, first: int, limit: int) -> list[tuple[Operation, bool]]:
        """Answered operations from this number on, in order; and whether the contents are still here."""
        sql = "SELECT * FROM journal WHERE state = 'acked' AND seq >= ? ORDER BY seq LIMIT ?"
        found = self._read(lambda: self._db.conn.execute(sql, (first, limit)).fetchall())
        return [
            (journal.operation(row, self.device_id, self._incarnation), row["body"] is not None)
            for row in found
        ]

    def reached(self) -> tuple[int, int]:
        """This incarnation, and the number of its last answered operation (0: none)."""
        sql = "SELECT coalesce(max(seq), 0) FROM journal WHERE state = 'acked'"
        return self._incarnation, int(self._read(lambda: self._db.conn.execute(sql).fetchone()[0]))

    def queue_length(self) -> int:
        sql = "SELECT count(*) FROM journal WHERE state = 'queued'"
        return int(self._read(lambda: self._db.conn.execute(sql).fetchone()[0]))

    def oldest_queued_at(self) -> datetime | None:
        sql = "SELECT at FROM journal WHERE state = 'queued' ORDER BY seq LIMIT 1"
        row = self._read(lambda: self._db.conn.execute(sql).fetchone())
        return datetime.fromisoformat(row["at"]) if row else None

    def settle(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Note the server's words and make their effects true, in one transaction."""
        self._surviving(lambda: self._settle(outcomes, now))

    def _settle(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        conn = self._db.conn
        with immediate(self._db):
            settled = journal.acknowledge(conn, outcomes, now)
            if settled.surprises:
                rows.write_feed(conn, settled.surprises)
                rows.write_changes(conn, journal.waiting_changes(conn))
            if settled.astray:
                self._set_meta("feed", "0")  # the next pull fetches everything

    def cursor(self) -> tuple[str, int]:
        """Epoch and position of the feed; position 0 means nothing has been pulled yet."""
        return self._read(lambda: (self._meta("epoch") or "", int(self._meta("feed") or 0)))

    def apply_page(
        self, epoch: str, position: int, changes: Iterable[dict[str, Any]], now: datetime, *, complete: bool
    ) -> None:
        """Take in a feed page and move the cursor, in one transaction; own waiting acts stay on top."""
        listed = list(changes)
        self._surviving(lambda: self._take_in(epoch, position, listed, now if complete else None))

    def replace_all(
        self, epoch: str, position: int, changes: Iterable[dict[str, Any]], now: datetime
    ) -> None:
        """Start anew from a full snapshot; own waiting acts stay on top."""
        listed = list(changes)

        def work() -> None:
            with immediate(self._db):
                for table in TABLES:
                    self._db.conn.execute(f'DELETE FROM "{table}"')  # noqa: S608
                self._write_feed(epoch, position, listed, now)

        self._surviving(work)

    def _take_in(
        self, epoch: str, position: int, changes: Sequence[dict[str, Any]], now: datetime | None
    ) -> None:
        with immediate(self._db):
            self._write_feed(epoch, position, changes, now)

    def _write_feed(
        self, epoch: str, position: int, changes: Sequence[dict[str, Any]], now: datetime | None
    ) -> None:
        conn = self._db.conn
        rows.write_feed(conn, changes)
        rows.write_changes(conn, journal.waiting_changes(conn))
        self._set_meta("epoch", epoch)
        self._set_meta("feed", str(position))
        if now is not None:
            self._set_meta("as_of", now.isoformat())

    def forget(self, now: datetime) -> int:
        """Delete old sightings of cards, and the contents of acts the server has had for a day: how many.

        What the server could not take stays: this is its only copy until staff have seen to the case.
        """
        limit = (now - KEEP_ANSWERED).isoformat()
        sql = (
            "UPDATE journal SET body = NULL WHERE state = 'acked' AND body IS NOT NULL AND acked_at < ?"
            " AND code IS NOT ?"
        )
        sightings = "DELETE FROM card_sighting WHERE seen_at < ?"

        def work() -> int:
            with immediate(self._db):
                self._db.conn.execute(sightings, ((now - sighting.KEPT).isoformat(),))
                return self._db.conn.execute(sql, (limit, CONTENT_WITHHELD)).rowcount

        return self._surviving(work)

    # ---- meta -------------------------------------------------------------------------------

    def _meta(self, name: str) -> str | None:
        row = self._db.conn.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def _set_meta(self, name: str, value: str) -> None:
        self._db.conn.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
