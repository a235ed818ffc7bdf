"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator

_FIRST, _LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
"""Moments nearer to the ends of the calendar cannot be told in every time zone."""


class Moment(TypeDecorator[datetime]):
    """An aware moment; on SQLite as UTC text of fixed width, so that it sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        utc = _in_calendar(value)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return datetime.fromisoformat(value) if isinstance(value, str) else value


def _in_calendar(value: datetime) -> datetime:
    """The moment in UTC; a clock that is off by millennia is brought to the end of the calendar."""
    try:
        return min(max(value.astimezone(UTC), _FIRST), _LAST)
    except OverflowError:
        return _FIRST if value.year == 1 else _LAST


compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON without blanks. Made once: json.dumps would make an encoder for every call."""


class Json(TypeDecorator[Any]):
    """JSON kept as text, letter by letter as it was written: a repeated answer is equal to the byte."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else compact_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
