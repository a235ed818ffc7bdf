"""Records: the flat rows of which all state is made, and the changes that turn one state into the next.

A record is a frozen dataclass of scalars. It has a table and a key, so that the kiosk's SQLite, the
server's database and the wire carry the very same thing, and no layer needs a mapping of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, dataclass_transform, get_type_hints

from pydantic import TypeAdapter

Scalar = str | int | bool | None
Row = dict[str, Any]
Key = tuple[Any, ...]


R = TypeVar("R")
"""A record type: what :func:`record` made."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """Where a record type lives: table name, key columns, and the column groups it is looked up by."""

    table: str
    key: tuple[str, ...]
    lookups: tuple[tuple[str, ...], ...]
    type: type[Any]


TABLES: dict[str, TableSpec] = {}
_SPECS: dict[type[Any], TableSpec] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(
    table: str, key: tuple[str, ...], lookups: tuple[tuple[str, ...], ...] = ()
) -> Callable[[type[R]], type[R]]:
    """Class decorator: make a frozen dataclass and register it as the row type of `table`.

    `lookups` are the groups of columns (sorted by name) that queries may ask for besides the key.
    """

    def make(cls: type[R]) -> type[R]:
        frozen = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        TABLES[table] = _SPECS[frozen] = TableSpec(table, key, lookups, frozen)
        return frozen

    return make


def spec_of(kind: type[Any]) -> TableSpec:
    """The table of a record type."""
    return _SPECS[kind]


def key_of(row: object) -> Key:
    """The key values of a record, in the order of its table's key columns."""
    return tuple([getattr(row, name) for name in _SPECS[type(row)].key])


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}
_KEY_ADAPTERS: dict[type[Any], tuple[TypeAdapter[Any], ...]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def to_json(value: object) -> Row:
    """A dataclass as JSON-ready scalars (dates and times become ISO 8601 text)."""
    return cast("Row", _adapter(type(value)).dump_python(value, mode="json"))


def from_json(kind: type[R], row: Mapping[str, Any]) -> R:
    """The inverse of :func:`to_json`; raises pydantic's ValidationError for a row that does not fit."""
    return cast("R", _adapter(kind).validate_python(dict(row)))


@dataclass(frozen=True, slots=True)
class Put:
    """This record is now true; whatever stood under its key is replaced."""

    record: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Nothing stands under this key any more (and nothing of it is kept)."""

    kind: type[Any]
    key: Key


Change = Put | Remove


def spec_of_change(change: Change) -> TableSpec:
    """The table that a change is about."""
    return spec_of(type(change.record)) if isinstance(change, Put) else spec_of(change.kind)


def change_key(change: Change) -> Key:
    """The key that a change is about."""
    return key_of(change.record) if isinstance(change, Put) else change.key


def change_to_json(change: Change) -> Row:
    """A change on the wire and in the journal: `{"table", "key", "row"}`, row null for a removal."""
    spec = spec_of_change(change)
    if isinstance(change, Put):
        row = to_json(change.record)
        return {"table": spec.table, "key": [row[name] for name in spec.key], "row": row}
    key = [value.isoformat() if hasattr(value, "isoformat") else value for value in change.key]
    return {"table": spec.table, "key": key, "row": None}


def change_from_json(data: Mapping[str, Any]) -> Change:
    """The inverse of :func:`change_to_json`. KeyError for a table this version does not know."""
    spec = TABLES[data["table"]]
    if data["row"] is not None:
        return Put(from_json(spec.type, data["row"]))
    adapters = _key_adapters(spec.type)
    values = zip(adapters, data["key"], strict=True)
    return Remove(spec.type, tuple(adapter.validate_python(value) for adapter, value in values))


def _key_adapters(kind: type[Any]) -> tuple[TypeAdapter[Any], ...]:
    if kind not in _KEY_ADAPTERS:
        hints = get_type_hints(kind)
        _KEY_ADAPTERS[kind] = tuple(TypeAdapter(hints[name]) for name in spec_of(kind).key)
    return _KEY_ADAPTERS[kind]
