"""Opening the server's database, on either engine, and reading and writing records set-wise."""

from __future__ import annotations

import threading
import typing
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    Engine,
    and_,
    create_engine,
    delete,
    event,
    insert,
    or_,
    select,
    tuple_,
    update,
)  # fmt: skip
from sqlalchemy.dialects import postgresql, sqlite

from kiosk.records import Change, Put, TableSpec, change_key, change_to_json, spec_of, spec_of_change
from kiosk.state import Query, chunks
from server.store import tables
from server.store.types import compact_json

SERVER_SEQ, OPERATIONS = "server_seq", "operations"
"""The counters: one order of all operations and changes, and how many operations have arrived."""

_CHUNK = 300
"""Values in one IN list."""


class Database:
    """The authoritative records and the ledger. Writers take turns; readers are never blocked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        options: dict[str, Any] = (
            {"connect_args": {"timeout": 30}} if self.sqlite else {"pool_pre_ping": True}
        )
        # values stay out of error messages: they would carry people into logs
        self.engine = create_engine(with_driver(url), hide_parameters=True, **options)
        self._turn = threading.Lock()
        if self.sqlite:
            event.listen(self.engine, "connect", _sqlite_pragmas)
            event.listen(self.engine, "begin", _sqlite_begin)

    def migrate(self) -> None:
        """Bring the schema up to date; makes an empty database ready."""
        with self.engine.begin() as conn:
            upgrade(conn)
        with self.write() as conn:
            if conn.execute(select(tables.meta.c.value).where(tables.meta.c.name == "epoch")).first() is None:
                conn.execute(insert(tables.meta).values(name="epoch", value=str(uuid.uuid4())))
                conn.execute(insert(tables.counter).values(name=SERVER_SEQ, value=0))

    def dispose(self) -> None:
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as conn:
            yield conn.execution_options(reading=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction; writers take turns, so that each decides on what the one before it wrote.

        On PostgreSQL the turn is the counter's row, locked first; on SQLite the database itself, and the
        lock of this process spares its threads a busy wait.
        """
        with self._turn if self.sqlite else _nothing(), self.engine.begin() as conn:
            if not self.sqlite:
                row = tables.counter
                conn.execute(select(row.c.value).where(row.c.name == SERVER_SEQ).with_for_update())
            yield conn

    def epoch(self, conn: Connection) -> str:
        return str(
            conn.execute(select(tables.meta.c.value).where(tables.meta.c.name == "epoch")).scalar_one()
        )


def upgrade(conn: Connection) -> None:
    """Make all tables, or bring them up to date, in the transaction that is open."""
    config = _migrations()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def revisions(conn: Connection) -> tuple[str | None, str | None]:
    """Where the schema of this database stands, and where this program wants it."""
    wanted = ScriptDirectory.from_config(_migrations()).get_current_head()
    return MigrationContext.configure(conn).get_current_revision(), wanted


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("server.store") / "migrations"))
    return config


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def with_driver(url: str) -> str:
    """The URL with the one driver of PostgreSQL that we have."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(conn: Connection) -> None:
    reading = conn.get_execution_options().get("reading", False)
    conn.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def take_numbers(conn: Connection, count: int, counter: str = SERVER_SEQ) -> int:
    """Reserve `count` numbers; returns the first. Holds the counter's row until commit."""
    row = tables.counter
    statement = update(row).where(row.c.name == counter).values(value=row.c.value + count)
    return int(conn.execute(statement.returning(row.c.value)).scalar_one()) - count + 1


def count(conn: Connection, counter: str) -> int:
    """The last number taken."""
    row = tables.counter
    return int(conn.execute(select(row.c.value).where(row.c.name == counter)).scalar_one())


def fetch(conn: Connection, queries: Iterable[Query]) -> Iterator[Any]:
    """All records the queries ask for, one statement per (table, fields) and chunk."""
    for kind, fields, values in chunks(queries, _CHUNK):
        table = tables.records[spec_of(kind).table]
        columns = [table.c[name] for name in fields]
        where = columns[0].in_([v[0] for v in values]) if len(fields) == 1 else tuple_(*columns).in_(values)
        for row in conn.execute(select(table).where(where)):
            yield record_of(kind, row)


def record_of(kind: type[Any], row: Sequence[Any]) -> Any:
    """A database row as a record: its columns are the record's fields, in order and of their types."""
    values = dict(zip(kind.__dataclass_fields__, row, strict=True))
    for name, enum in _enums(spec_of(kind)):
        values[name] = enum(values[name])
    return kind(**values)


@cache
def _enums(spec: TableSpec) -> tuple[tuple[str, type[StrEnum]], ...]:
    """The fields that are kept as text."""
    hints = typing.get_type_hints(spec.type).items()
    return tuple((name, hint) for name, hint in hints if isinstance(hint, type) and issubclass(hint, StrEnum))


def write_changes(conn: Connection, changes: Sequence[Change]) -> None:
    """Make these changes true and put them into the feed; of several for one key only the last counts."""
    last: dict[tuple[str, tuple[Any, ...]], Change] = {}
    for item in changes:
        slot = (spec_of_change(item).table, change_key(item))
        last.pop(slot, None)
        last[slot] = item
    if not last:
        return
    puts: dict[str, list[dict[str, Any]]] = {}
    removes: dict[str, list[tuple[Any, ...]]] = {}
    for (table, key), item in last.items():
        if isinstance(item, Put):
            row = {name: getattr(item.record, name) for name in item.record.__dataclass_fields__}
            puts.setdefault(table, []).append(row)
        else:
            removes.setdefault(table, []).append(key)
    for table, keys in removes.items():
        _delete_keys(conn, table, keys)
    for table, rows in puts.items():
        upsert(conn, tables.records[table], rows)
    _write_feed(conn, list(last.values()))


def _delete_keys(conn: Connection, table: str, keys: Sequence[tuple[Any, ...]]) -> None:
    columns = list(tables.records[table].primary_key.columns)
    for start in range(0, len(keys), _CHUNK):
        part = keys[start : start + _CHUNK]
        where = or_(*(and_(*(c == v for c, v in zip(columns, key, strict=True))) for key in part))
        conn.execute(delete(tables.records[table]).where(where))


def _write_feed(conn: Connection, changes: Sequence[Change]) -> None:
    first = take_numbers(conn, len(changes))
    rows = []
    for number, item in enumerate(changes, start=first):
        data = change_to_json(item)
        key = compact_json(data["key"])
        rows.append({"seq": number, "table_name": data["table"], "key": key, "row": data["row"]})
    upsert(conn, tables.change, rows, key=("table_name", "key"))


def upsert(
    conn: Connection, table: Any, rows: Sequence[dict[str, Any]], key: Sequence[str] | None = None
) -> None:
    """INSERT … ON CONFLICT DO UPDATE for many rows at once, on either engine."""
    if not rows:
        return
    names = list(key or [column.name for column in table.primary_key.columns])
    module = sqlite if conn.dialect.name == "sqlite" else postgresql
    statement = module.insert(table)
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in names}
    if others:
        statement = statement.on_conflict_do_update(index_elements=names, set_=others)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=names)
    conn.execute(statement, list(rows))


__all__ = ["Database", "Engine", "fetch", "record_of", "take_numbers", "upsert", "write_changes"]
