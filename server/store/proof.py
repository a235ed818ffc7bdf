"""What a database holds, in figures that are the same on either engine: rows and a SHA-256 of every table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Select, Table, Text, select

from server.store import tables
from server.store.types import Json, compact_json

BATCH = 1000
"""Rows held in memory at once."""


def _as_kept(table: Table) -> Table:
    """The table with JSON as the text it is kept as: copied and compared letter by letter."""
    return Table(
        table.name,
        MetaData(),
        *(
            Column(c.name, Text() if isinstance(c.type, Json) else c.type, primary_key=c.primary_key,
                   nullable=c.nullable, autoincrement=False)
            for c in table.columns
        ),
    )  # fmt: skip


ALL = tuple(_as_kept(table) for table in tables.metadata.sorted_tables)
"""Every table; one that others refer to comes before them."""


@dataclass(frozen=True, slots=True)
class TableProof:
    """How many rows a table has, and the SHA-256 (hexadecimal) of its columns' names and its rows by key."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two databases side by side."""

    source: tuple[TableProof, ...]
    target: tuple[TableProof, ...]

    @property
    def different(self) -> list[str]:
        """The tables that are not the same."""
        pairs = zip(self.source, self.target, strict=True)
        return [source.table for source, target in pairs if source != target]

    def lines(self) -> Iterator[str]:
        """For people: one line for a table that is the same, two for one that is not."""
        yield f"      {'table':<16} {'rows':>9}  SHA-256"
        for source, target in zip(self.source, self.target, strict=True):
            same = source == target
            yield f"{'same' if same else 'NOT '}  {source.table:<16} {source.rows:>9}  {source.sha256}"
            if not same:
                yield f"      {'  target':<16} {target.rows:>9}  {target.sha256}"


def rows_of(conn: Connection, table: Table, *, epoch: bool = True) -> Iterator[Sequence[Sequence[Any]]]:
    """All rows by key, in batches; without the database's own epoch if so told."""
    found = conn.execute(_by_key(conn, table, epoch=epoch), execution_options={"yield_per": BATCH})
    return iter(found.partitions(BATCH))


def _by_key(conn: Connection, table: Table, *, epoch: bool) -> Select[Any]:
    # the engines, and two databases of PostgreSQL, sort text differently unless told to go by its bytes
    bytewise = "BINARY" if conn.dialect.name == "sqlite" else "C"
    key = [
        c.collate(bytewise) if isinstance(c.type, Text) else c.expression for c in table.primary_key.columns
    ]
    statement = select(table).order_by(*key)
    if not epoch and table.name == tables.meta.name:
        statement = statement.where(table.c.name != "epoch")
    return statement


def prove(conn: Connection, *, epoch: bool = True) -> tuple[TableProof, ...]:
    """Read everything; `epoch` false leaves out the one value that a restored database has anew."""
    return tuple(_proof_of(conn, table, epoch=epoch) for table in ALL)


def _proof_of(conn: Connection, table: Table, *, epoch: bool) -> TableProof:
    rows, digest = 0, sha256(compact_json([c.name for c in table.columns]).encode())
    for batch in rows_of(conn, table, epoch=epoch):
        rows += len(batch)
        digest.update("".join(f"\n{_canonical(row)}" for row in batch).encode())
    return TableProof(table.name, rows, digest.hexdigest())


def _canonical(row: Sequence[Any]) -> str:
    """A row as one line of JSON; raises TypeError for a value of a kind that no column has."""
    return compact_json([_value(value) for value in row])


def _value(value: Any) -> Any:
    if isinstance(value, datetime):  # before date, which it is too
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value
