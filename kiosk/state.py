"""State: the slice of records a decision looks at, in memory, whoever loaded it.

A decision declares what it reads as queries; the kiosk and the server answer them from their own
databases (one by one, or set-wise for a whole batch) and hand over a `State`. So decisions stay pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from kiosk.records import Change, Key, Put, change_key, key_of, spec_of, spec_of_change

R = TypeVar("R")
_Slot = tuple[tuple[str, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Query:
    """All records of `kind` with these values in `fields`: its key, or one of its lookups."""

    kind: type[Any]
    fields: tuple[str, ...]
    values: tuple[Any, ...]

    @staticmethod
    def of(kind: type[Any], **equal: Any) -> Query:
        """`Query.of(Loan, patron_id="…")`."""
        if len(equal) == 1:  # by far the most frequent
            return Query(kind, tuple(equal), tuple(equal.values()))
        names = tuple(sorted(equal))
        return Query(kind, names, tuple(equal[name] for name in names))


def chunks(queries: Iterable[Query], size: int) -> Iterator[tuple[type[Any], tuple[str, ...], list[Key]]]:
    """The queries as (kind, fields, values of at most `size` queries): each can be asked in one statement."""
    groups: dict[tuple[type[Any], tuple[str, ...]], list[Key]] = {}
    for query in queries:
        groups.setdefault((query.kind, query.fields), []).append(query.values)
    for (kind, fields), values in groups.items():
        for start in range(0, len(values), size):
            yield kind, fields, values[start : start + size]


class State:
    """Records by key, with an index for every lookup a query loaded. Decisions only read it."""

    def __init__(self, records: Iterable[Any] = ()) -> None:
        self._rows: dict[type[Any], dict[Key, Any]] = defaultdict(dict)
        self._index: dict[type[Any], dict[_Slot, dict[Key, Any]]] = defaultdict(dict)
        for row in records:
            self._put(row)

    def get(self, kind: type[R], *key: Any) -> R | None:
        """The record under this key, or None."""
        return self._rows[kind].get(key)

    def where(self, kind: type[R], **equal: Any) -> tuple[R, ...]:
        """All loaded records of `kind` with these values in a lookup."""
        query = Query.of(kind, **equal)
        return tuple(self._index[kind].get((query.fields, query.values), {}).values())

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """All loaded records of `kind`."""
        return tuple(self._rows[kind].values())

    def add(self, records: Iterable[Any]) -> None:
        """Take in records that were just loaded."""
        for row in records:
            self._put(row)

    def apply(self, changes: Iterable[Change]) -> None:
        """Move on to the next state."""
        for change in changes:
            self._drop(spec_of_change(change).type, change_key(change))
            if isinstance(change, Put):
                self._put(change.record)

    def _put(self, row: Any) -> None:
        kind, key = type(row), key_of(row)
        self._drop(kind, key)
        self._rows[kind][key] = row
        for slot in self._slots(row):
            self._index[kind].setdefault(slot, {})[key] = row

    def _drop(self, kind: type[Any], key: Key) -> None:
        old = self._rows[kind].pop(key, None)
        if old is not None:
            for slot in self._slots(old):
                self._index[kind][slot].pop(key, None)

    @staticmethod
    def _slots(row: Any) -> list[_Slot]:
        lookups = spec_of(type(row)).lookups
        return [(names, tuple([getattr(row, name) for name in names])) for names in lookups]
