"""The storage of one kiosk: a real SQLite file that can lose its machine, its power or its space anywhere.

What is durable is what SQLite has asked the disk to keep: with `synchronous=FULL` the write-ahead log is
flushed at every COMMIT, with NORMAL only before a checkpoint. A power cut keeps no byte of it beyond that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

_FULL_SYNC = 2


class SimulatedCrash(BaseException):
    """The process is gone: nothing of it runs any more, no `except` and no `finally` of it counts."""


class Mishap(StrEnum):
    """What can happen to the machine while it works."""

    KILLED_BEFORE = "killed before a statement"
    KILLED_AFTER = "killed after a statement"
    TORN_COMMIT = "power cut inside a COMMIT"
    POWER_CUT = "power cut"
    DISK_FULL = "disk full"


@dataclass(frozen=True, slots=True)
class Image:
    """The bytes of a database and of its write-ahead log."""

    database: bytes
    log: bytes


class Disk:
    """Where one kiosk keeps its database. `factory` makes the connections that feel what happens here."""

    def __init__(self, path: Path, content: Image) -> None:
        self.path = path
        self._log = path.with_name(path.name + "-wal")
        self._kept: Image | None = None
        self._live: sqlite3.Connection | None = None
        self.disarm()
        self.write(content)
        self.factory = _factory(self)

    # ---- images -----------------------------------------------------------------------------

    def image(self) -> Image:
        """What is in the files now, written by the system or not."""
        return Image(self.path.read_bytes(), self._log.read_bytes() if self._log.exists() else b"")

    def write(self, content: Image) -> None:
        """Put these files there; nobody may have them open."""
        for name in (self.path.name + "-shm", self._log.name, self.path.name):
            self.path.with_name(name).unlink(missing_ok=True)  # what a dead process had open is another file
        self.path.write_bytes(content.database)
        if content.log:
            self._log.write_bytes(content.log)
        self._durable = len(content.log)

    # ---- what breaks ------------------------------------------------------------------------

    def arm(self, mishap: Mishap, statement: int, chance: Random) -> None:
        """Let it happen at the n-th statement from now (TORN_COMMIT: at the n-th COMMIT)."""
        self._mishap, self._countdown, self._chance = mishap, statement, chance

    def disarm(self) -> None:
        """Nothing breaks from now on, and there is space again."""
        self._mishap: Mishap | None = None
        self._countdown = 0
        self.struck = False

    def cut_power(self) -> None:
        """While nothing runs: what was not flushed is lost."""
        self._die(self._durable)

    def revive(self) -> None:
        """After a death: close what the dead process had open and put its files back as it left them."""
        if self._live is not None:
            self._live.rollback()
            self._live.close()
        if self._kept is not None:
            self.write(self._kept)
        self._live = self._kept = None

    def opened(self, connection: sqlite3.Connection) -> None:
        self._live = connection

    def run(self, connection: sqlite3.Connection, sql: str, work: Callable[[], Any]) -> Any:
        """One statement of the process, with whatever is to happen at it."""
        if self._kept is not None:
            raise SimulatedCrash
        strikes = self._strikes(sql)
        if strikes:
            self.struck = True
            if self._mishap is Mishap.DISK_FULL:
                raise _disk_full()
            if self._mishap in (Mishap.KILLED_BEFORE, Mishap.POWER_CUT):
                self._die(self._durable if self._mishap is Mishap.POWER_CUT else None)
                raise SimulatedCrash
        done = work()
        if strikes:
            self._die(self._torn() if self._mishap is Mishap.TORN_COMMIT else None)
            raise SimulatedCrash
        if sql == "COMMIT":
            self._flush(connection)
        return done

    def _strikes(self, sql: str) -> bool:
        if self._mishap is None:
            return False
        if self._mishap is Mishap.TORN_COMMIT and sql != "COMMIT":
            return False
        if self._mishap is Mishap.DISK_FULL and (self.struck or self._countdown <= 0):
            return sql.lstrip().startswith(("INSERT", "UPDATE", "COMMIT"))
        self._countdown -= 1
        return self._countdown < 0

    def _flush(self, connection: sqlite3.Connection) -> None:
        level = sqlite3.Connection.execute(connection, "PRAGMA synchronous").fetchone()[0]
        if level >= _FULL_SYNC:
            self._durable = self._length()

    def _length(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    def _torn(self) -> int:
        return self._chance.randint(self._durable, max(self._durable, self._length()))

    def _die(self, log_length: int | None) -> None:
        image = self.image()
        self._kept = image if log_length is None else Image(image.database, image.log[:log_length])


def _disk_full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def _factory(disk: Disk) -> type[sqlite3.Connection]:
    """The class of connections to this disk."""

    class Connection(sqlite3.Connection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            disk.opened(self)

        def execute(self, sql: str, *values: Any) -> Any:
            return disk.run(self, sql, lambda: sqlite3.Connection.execute(self, sql, *values))

        def executemany(self, sql: str, *values: Any) -> Any:
            return disk.run(self, sql, lambda: sqlite3.Connection.executemany(self, sql, *values))

    return Connection
