"""Records in and out of SQLite: one statement per table, made from the record's own declaration."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from kiosk.records import TABLES, Change, Put, TableSpec, from_json, spec_of, spec_of_change, to_json
from kiosk.state import Query, chunks

_CHUNK = 400
"""Values in one IN list, well below SQLite's limit of 999 variables in old builds."""


def columns(spec: TableSpec) -> tuple[str, ...]:
    """The column names of a table, in the order of the record's fields."""
    return tuple(spec.type.__dataclass_fields__)


@cache
def _put_sql(table: str) -> str:
    names = columns(TABLES[table])
    listed = ", ".join(f'"{name}"' for name in names)
    return f'INSERT OR REPLACE INTO "{table}" ({listed}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608


@cache
def _remove_sql(table: str) -> str:
    where = " AND ".join(f'"{name}" = ?' for name in TABLES[table].key)
    return f'DELETE FROM "{table}" WHERE {where}'  # noqa: S608


def write_changes(conn: sqlite3.Connection, changes: Iterable[Change]) -> None:
    """Make these changes true in the open transaction."""
    for change in changes:
        spec = spec_of_change(change)
        if isinstance(change, Put):
            row = to_json(change.record)
            conn.execute(_put_sql(spec.table), tuple(row.values()))
        else:
            conn.execute(_remove_sql(spec.table), tuple(_scalar(value) for value in change.key))


def write_rows(conn: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Bulk form of `Put` for rows in JSON form, as they come from the server."""
    names = columns(TABLES[table])
    conn.executemany(_put_sql(table), (tuple(row[name] for name in names) for row in rows))


def fetch(conn: sqlite3.Connection, queries: Iterable[Query]) -> Iterator[Any]:
    """All records the queries ask for; one statement per (table, fields) and chunk of values."""
    for kind, fields, values in chunks(queries, _CHUNK):
        yield from _fetch_group(conn, kind, fields, values)


def _fetch_group(
    conn: sqlite3.Connection, kind: type[Any], fields: tuple[str, ...], values: list[tuple[Any, ...]]
) -> Iterator[Any]:
    table = spec_of(kind).table
    one = " AND ".join(f'"{name}" = ?' for name in fields)
    where = " OR ".join(f"({one})" for _ in values)
    flat = [_scalar(value) for group in values for value in group]
    for row in conn.execute(f'SELECT * FROM "{table}" WHERE {where}', flat):  # noqa: S608
        yield from_json(kind, dict(row))


def fetch_all(conn: sqlite3.Connection, kind: type[Any]) -> Iterator[Any]:
    """Every record of a kind."""
    for row in conn.execute(f'SELECT * FROM "{spec_of(kind).table}"'):  # noqa: S608
        yield from_json(kind, dict(row))


def _scalar(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def write_feed(conn: sqlite3.Connection, changes: Iterable[dict[str, Any]]) -> None:
    """Changes in JSON form, in order; a table of a newer server that this device lacks is passed over."""
    for change in changes:
        spec = TABLES.get(change["table"])
        if spec is None:
            continue
        if change["row"] is None:
            conn.execute(_remove_sql(spec.table), tuple(change["key"]))
        else:
            conn.execute(_put_sql(spec.table), tuple(change["row"][name] for name in columns(spec)))
