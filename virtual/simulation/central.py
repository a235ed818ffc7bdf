"""The central server without its sockets: the functions behind its routes, on a database that can be reset.

It can crash before any of its statements, and right before or after a COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from fastapi.routing import APIRoute
from sqlalchemy import delete, event, insert, select, update

from kiosk.ids import Uuid7Ids
from kiosk.operations import GENESIS
from kiosk.records import Put
from server.api import problems
from server.api.devices import make_router
from server.store import tables
from server.store.database import Database, write_changes
from sync.protocol import PROBLEM_JSON, ProblemType
from virtual.simulation import ward
from virtual.simulation.disk import SimulatedCrash

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


class Backing(Protocol):
    """A migrated database with the ward in it, made once and reset for every seed."""

    database: Database

    def image(self) -> Any:
        """Everything in it, to be restored later."""
        ...

    def restore(self, image: Any) -> None: ...


class SqliteBacking:
    """One file on a fast disk, reset by writing its bytes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "server.db"
        self.database = Database(f"sqlite:///{self._path}")
        _prepare(self.database)

    def image(self) -> bytes:
        raw = self.database.engine.raw_connection()
        try:
            return bytes(raw.driver_connection.serialize())  # type: ignore[union-attr]
        finally:
            raw.close()

    def restore(self, image: bytes) -> None:
        self.database.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._path.write_bytes(image)


class PostgresBacking:
    """An empty database of a PostgreSQL server, reset row by row."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        _prepare(self.database)

    def image(self) -> dict[str, list[dict[str, Any]]]:
        with self.database.read() as conn:
            found = {name: conn.execute(select(table)) for name, table in tables.metadata.tables.items()}
            return {name: [dict(row._mapping) for row in rows] for name, rows in found.items()}

    def restore(self, image: dict[str, list[dict[str, Any]]]) -> None:
        with self.database.engine.begin() as conn:
            for name, table in tables.metadata.tables.items():
                conn.execute(delete(table))
                if image[name]:
                    conn.execute(insert(table), image[name])


def _prepare(database: Database) -> None:
    database.migrate()
    with database.write() as conn:
        conn.execute(update(tables.meta).where(tables.meta.c.name == "epoch").values(value="life-0"))
        write_changes(conn, [Put(record) for record in ward.records()])
        # without keys: who asks is no question of the simulation
        rows = [
            {"device_id": name, "name": name, "facility_id": facility, "last_hash": GENESIS}
            for name, facility in ward.KIOSKS.items()
        ]
        conn.execute(insert(tables.device), rows)


class Central:
    """One server; each simulation begins it anew."""

    def __init__(self, backing: Backing) -> None:
        self.database = backing.database
        self._backing = backing
        self._now: Callable[[], datetime] = lambda: ward.START
        self._ids = Uuid7Ids()
        self._reset()
        numbers = Uuid7Ids()
        numbers.new = lambda: self._ids.new()  # type: ignore[method-assign]
        router = make_router(self.database, lambda: None, lambda: self._now(), numbers)
        self._calls: dict[tuple[str, str], Callable[..., Any]] = {
            (next(iter(route.methods)), route.path.rsplit("/", 1)[1]): route.endpoint
            for route in router.routes
            if isinstance(route, APIRoute)
        }
        event.listen(self.database.engine, "before_cursor_execute", self._statement)
        event.listen(self.database.engine, "commit", self._commit)

    def begin(self, image: Any, now: Callable[[], datetime], ids: Uuid7Ids) -> None:
        """Another simulation: with this content, time and numbers."""
        self._reset()
        self._backing.restore(image)
        self._now, self._ids = now, ids

    def _reset(self) -> None:
        self._lives = 0
        self._countdown: int | None = None
        self._before_commit = False
        self._crashed = False
        self.commits = 0
        """How often something was written: nothing changes in between."""

    # ---- requests ---------------------------------------------------------------------------

    def answer(self, method: str, url: str, body: bytes) -> Answer:
        """What the server says to this request; raises SimulatedCrash, and whatever is a defect of it."""
        parts = urlsplit(url)
        _, _, _, device_id, name = parts.path.split("/")
        call = self._calls[method, name]
        with self.database.read() as conn:
            found = select(tables.device).where(tables.device.c.device_id == device_id)
            device = conn.execute(found).first()
        try:
            if device is None:
                raise problems.ProblemError(ProblemType.UNAUTHORIZED)
            if method == "POST":
                made = call(device=device, body=body)
            else:
                wanted = dict(parse_qsl(parts.query))
                made = call(
                    device=device, epoch=wanted.get("epoch", ""), after=int(wanted.get("after", 0)),
                    limit=int(wanted["limit"]),
                )  # fmt: skip
        except problems.ProblemError as problem:
            said = problems.answer(problem)
            return said.status_code, PROBLEM_JSON, bytes(said.body)
        text = made.body if hasattr(made, "body") else made.model_dump_json().encode()
        return 200, "application/json", bytes(text)

    # ---- what breaks ------------------------------------------------------------------------

    def crash_at(self, statement: int) -> None:
        """Before the n-th statement from now."""
        self._countdown = statement

    def crash_before_commit(self) -> None:
        self._before_commit = True

    def restart(self) -> None:
        """A new process opens the database."""
        self._countdown, self._before_commit, self._crashed = None, False, False
        self.database.engine.dispose()

    def restart_if_crashed(self) -> None:
        """Whatever was to break in this request is over with it."""
        if self._crashed:
            self.restart()
        self._countdown, self._before_commit = None, False

    def backup(self) -> Any:
        return self._backing.image()

    def restore(self, backup: Any) -> None:
        """Go back to a backup. A restored database begins a new life, so that kiosks fetch everything."""
        self._backing.restore(backup)
        self._lives += 1
        with self.database.write() as conn:
            where = tables.meta.c.name == "epoch"
            conn.execute(update(tables.meta).where(where).values(value=f"life-{self._lives}"))

    def _statement(self, *_: Any) -> None:
        if self._countdown is not None:
            self._countdown -= 1
            if self._countdown < 0:
                self._crash()

    def _commit(self, _conn: Any) -> None:
        if self._before_commit:
            self._crash()
        self.commits += 1

    def _crash(self) -> None:
        self._crashed = True
        raise SimulatedCrash
