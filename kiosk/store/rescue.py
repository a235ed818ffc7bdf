"""When the database file is damaged: keep it aside, save every row that can still be read, go on.

Operations that had no outcome yet are written into the new journal with their own ids, as a new
incarnation of this device: their ids make them count once at the server, and the chain starts anew.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from kiosk.operations import ClockTrust
from kiosk.records import TABLES
from kiosk.store import journal, rows
from kiosk.store.connection import connect, immediate
from kiosk.store.schema import migrations

log = logging.getLogger(__name__)

_PROBE_BEYOND = 1000
"""How many sequence numbers after the last readable one are still tried."""


def next_incarnation(path: Path, at_least: int = 1) -> int:
    """The incarnation a new database file at `path` gets; remembered beside it, for the file may be lost."""
    marker = path.with_suffix(".incarnation")
    number = max(at_least, int(marker.read_text()) + 1 if marker.exists() else 1)
    with marker.open("w") as file:
        file.write(str(number))
        file.flush()
        os.fsync(file.fileno())
    return number


def rebuild(path: Path, device_id: str) -> int:
    """Move the damaged file aside and fill a new one with what can be read; returns the rows saved."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}-{time.time_ns() % 10**6}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    db = connect(path)
    migrations.apply(db)
    old = sqlite3.connect(aside)
    old.row_factory = sqlite3.Row
    number = next_incarnation(path, _last_incarnation(old) + 1)
    try:
        with immediate(db):
            saved = _copy_records(old, db) + _copy_journal(old, db, device_id, number)
            db.conn.execute("INSERT OR REPLACE INTO meta VALUES ('incarnation', ?)", (str(number),))
    finally:
        old.close()
        db.close()
    log.error("store-rescued: kept %s aside, saved %d rows", aside.name, saved)
    return saved


def _last_incarnation(old: sqlite3.Connection) -> int:
    for row in _readable(old, "SELECT name, value FROM meta"):
        if row["name"] == "incarnation":
            return int(row["value"])
    return 0


def _copy_records(old: sqlite3.Connection, db: Database) -> int:
    saved = 0
    for table in TABLES:
        for row in _readable(old, f'SELECT * FROM "{table}"'):  # noqa: S608
            try:
                rows.write_rows(db.conn, table, [row])
                saved += 1
            except (sqlite3.IntegrityError, KeyError) as error:
                log.warning("store-rescued: a row of %s does not fit any more: %s", table, error)
    return saved


def _copy_journal(old: sqlite3.Connection, db: Database, device_id: str, number: int) -> int:
    saved = 0
    for row in _queued_rows(old):
        stamp = journal.Stamp(
            datetime.fromisoformat(row["at"]), row["mono_ms"], row["boot_id"], ClockTrust(row["clock_trust"])
        )
        journal.append(
            db.conn, device_id=device_id, incarnation=number, op_id=row["op_id"], kind=row["kind"],
            schema_v=row["schema_v"], stamp=stamp, body=json.loads(row["body"]),
            changes=json.loads(row["changes"]), standing=row["standing"],
        )  # fmt: skip
        saved += 1
    rows.write_changes(db.conn, journal.waiting_changes(db.conn))
    return saved


def _readable(old: sqlite3.Connection, sql: str) -> Iterator[dict[str, Any]]:
    """Rows from the front until the damage, then from the back until the damage."""
    for direction in ("", " ORDER BY 1 DESC"):
        try:
            for row in old.execute(sql + direction):
                yield dict(row)
            else:
                return
        except sqlite3.DatabaseError as error:
            log.warning("store-rescued: %s", error)


def _queued_rows(old: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every waiting operation that can be read, one by one, so that one bad page costs one page."""
    last = 0
    for direction in ("ASC", "DESC"):
        try:
            for row in old.execute(f"SELECT seq FROM journal ORDER BY seq {direction}"):  # noqa: S608
                last = max(last, row["seq"])
        except sqlite3.DatabaseError as error:
            log.warning("store-rescued: %s", error)
    misses = 0
    for seq in range(1, last + _PROBE_BEYOND):
        try:
            row = old.execute("SELECT * FROM journal WHERE seq = ?", (seq,)).fetchone()
        except sqlite3.DatabaseError:
            misses += seq <= last
            continue
        if row is not None and row["state"] == "queued":
            yield dict(row)
    if misses:
        log.error("store-rescued: %d journal rows could not be read", misses)
