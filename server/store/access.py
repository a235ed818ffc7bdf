"""Whole databases at rest: one that nobody else has open, one that is empty, one as it was at a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, StatementError
from sqlalchemy.pool import NullPool

from server.faults import in_short
from server.store import tables
from server.store.database import Database, revisions, with_driver

_LINGERING = 5.0
"""Seconds that a session of PostgreSQL may take to end after its client is gone."""
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND coalesce(backend_type, 'client backend') = 'client backend'"
)


class StoreProblem(Exception):
    """A whole database could not be moved, kept or brought back; the text says why and names nobody."""


class NoStore(StoreProblem):
    """There is no such database, or nobody answers there."""


class StoreInUse(StoreProblem):
    """Somebody else has the database open: it could change while it is read."""


class StoreNotEmpty(StoreProblem):
    """The database that is to be filled holds tables already."""


class OtherRevision(StoreProblem):
    """The schema is not the one of this program."""


def located(database: str) -> URL:
    """The URL, if it is of an engine that we have; raises NoStore."""
    try:
        url = make_url(with_driver(database))
    except ArgumentError as error:
        raise NoStore("not the URL of a database: sqlite:///… or postgresql://…") from error
    if url.get_backend_name() not in ("sqlite", "postgresql") or not url.database:
        raise NoStore("a database of the server is sqlite:///FILE or postgresql://…/NAME")
    return url


def sqlite_file(database: str) -> Path | None:
    """The file of an SQLite database; None for PostgreSQL."""
    url = located(database)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Errors of an engine as StoreProblem. Their own text may hold values, so only a connection's is told."""
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
        if isinstance(error, OperationalError) and code is None:
            raise NoStore(f"{what}: no connection") from None
        raise StoreProblem(f"{what}: {type(error.orig).__name__} {code or ''}".rstrip()) from None
    except (StatementError, ValueError, TypeError) as error:
        raise StoreProblem(f"{what}: a value of another kind than its column ({in_short(error)})") from None


@contextmanager
def sealed(database: str) -> Iterator[Connection]:
    """A database that nobody else has open, read in one transaction while nobody can write.

    Raises NoStore, StoreInUse, OtherRevision.
    """
    file = sqlite_file(database)
    if file is not None and not file.is_file():
        raise NoStore("the source is no file")
    open_it = _sealed_postgresql if file is None else _sealed_sqlite
    with explained("the source"), open_it(database) as conn:
        at_home(conn)
        yield conn


@contextmanager
def _sealed_sqlite(database: str) -> Iterator[Connection]:
    engine = create_engine(database, hide_parameters=True, poolclass=NullPool, connect_args={"timeout": 0.5})
    event.listen(engine, "connect", _alone)
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN EXCLUSIVE"))
    try:
        with engine.connect() as conn:
            try:
                conn.begin()
            except OperationalError as error:
                raise _in_use() from error
            yield conn
    finally:
        engine.dispose()


def _alone(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    # a server keeps its file open, idle or not; to hold it exclusively fails while anybody else has it
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")


@contextmanager
def _sealed_postgresql(database: str) -> Iterator[Connection]:
    engine = create_engine(with_driver(database), hide_parameters=True, poolclass=NullPool)
    others = engine.execution_options(isolation_level="AUTOCOMMIT").connect
    try:
        _wait_until_alone(others)
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
            at_home(conn)
            conn.rollback()  # the lock comes before the snapshot, so that nothing falls between the two
            quoted = engine.dialect.identifier_preparer.quote
            names = ", ".join(quoted(name) for name in tables.metadata.tables)
            try:
                conn.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE NOWAIT")
            except OperationalError as error:
                raise _in_use() from error
            yield conn
        _wait_until_alone(others)  # who came meanwhile was held back, and would write into what was left
    finally:
        engine.dispose()


def _wait_until_alone(connect: Callable[[], Connection]) -> None:
    """Raise StoreInUse unless ours is the only session of a client."""
    deadline = time.monotonic() + _LINGERING
    with connect() as conn:
        while conn.execute(_OTHERS).scalar_one():
            if time.monotonic() > deadline:
                raise _in_use()
            time.sleep(0.05)


def _in_use() -> StoreInUse:
    return StoreInUse("the source is in use: stop the server and all that has the database open")


def at_home(conn: Connection) -> None:
    """Raise OtherRevision unless the schema is the one of this program."""
    stands, wanted = revisions(conn)
    if stands is None:
        raise OtherRevision("this is no database of the server")
    if stands != wanted:
        raise OtherRevision(f"the schema is at {stands}, this program at {wanted}: machikado server migrate")


@contextmanager
def vacant(database: str) -> Iterator[Connection]:
    """A write transaction on an empty database; raises NoStore, StoreNotEmpty. Kept only if all goes well."""
    file = sqlite_file(database)
    was_there = file is not None and file.exists()
    opened = Database(database)
    try:
        with explained("the target"), opened.engine.begin() as conn:
            _empty(conn)
            yield conn
    except BaseException:
        opened.dispose()
        if file is not None and not was_there:
            remove_sqlite(file)
        raise
    opened.dispose()


def must_be_vacant(database: str) -> None:
    """Raise NoStore or StoreNotEmpty unless the database can be filled; makes none."""
    file = sqlite_file(database)
    if file is not None and not file.exists():
        return
    opened = Database(database)
    try:
        with explained("the target"), opened.read() as conn:
            _empty(conn)
    finally:
        opened.dispose()


def _empty(conn: Connection) -> None:
    if inspect(conn).get_table_names():
        raise StoreNotEmpty("the target is not empty: give a database without tables")


def remove_sqlite(file: Path) -> None:
    """Remove a database file and what SQLite puts beside it."""
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)


@contextmanager
def snapshot(database: str) -> Iterator[Connection]:
    """A database as it is now, while it is read; the server goes on. Raises NoStore, OtherRevision."""
    file = sqlite_file(database)
    if file is not None and not file.is_file():
        raise NoStore("the database is no file")
    opened = Database(database)
    try:
        with explained("the database"), opened.read() as conn:
            if not opened.sqlite:
                conn = conn.execution_options(isolation_level="REPEATABLE READ")
            at_home(conn)
            yield conn
    finally:
        opened.dispose()
