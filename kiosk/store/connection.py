"""Opening the kiosk's SQLite file the one right way, and naming what can go wrong with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from kiosk.codes import Trouble
from kiosk.ports import StoreProblem

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL}

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL may lose the last commits in a power cut: not for an outbox
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA wal_autocheckpoint=1000",
    "PRAGMA journal_size_limit=16777216",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA secure_delete=FAST",
    "PRAGMA temp_store=MEMORY",
)


class DamagedFile(Exception):
    """The database file itself is damaged: see `kiosk.store.rescue`."""


def connect(
    path: Path, *, readonly: bool = False, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> Database:
    """A connection with the pragmas of an outbox. The caller serialises access across threads.

    `factory` makes the connection: a simulation hands in one that can fail at any statement.
    """
    conn = sqlite3.connect(path, timeout=5.0, check_same_thread=False, factory=factory)
    try:
        for pragma in _PRAGMAS:
            conn.execute(pragma)
        if readonly:
            conn.execute("PRAGMA query_only=ON")
    except sqlite3.DatabaseError as error:
        conn.close()
        raise named(error) from error
    conn.row_factory = sqlite3.Row
    return Database(conn, recursive_triggers=False, execute_plugins=False)


def named(error: sqlite3.Error) -> StoreProblem | DamagedFile:
    """The typed error for what SQLite said."""
    primary = (error.sqlite_errorcode or 0) & 0xFF if hasattr(error, "sqlite_errorcode") else 0
    if primary in _DAMAGED:
        return DamagedFile(str(error))
    return StoreProblem(Trouble.STORE_FULL if primary in _FULL else Trouble.STORE_FAILED, str(error))


@contextmanager
def immediate(db: Database) -> Iterator[None]:
    """One write transaction. BEGIN IMMEDIATE, so that a read before a write never meets a stale snapshot."""
    try:
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK")
            raise
        db.conn.execute("COMMIT")
    except sqlite3.Error as error:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")
        raise named(error) from error
