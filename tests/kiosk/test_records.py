"""Records survive every way they travel: JSON, SQLite, and back."""

from __future__ import annotations

import json
import sqlite3
import typing
import uuid
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kiosk.decide
from kiosk.booking.model import RoomPart
from kiosk.clock import JST
from kiosk.ids import Uuid7Ids
from kiosk.records import TABLES, Put, Remove, TableSpec, change_from_json, change_to_json, key_of
from kiosk.state import State
from kiosk.store import rows
from kiosk.store.connection import connect
from kiosk.store.schema import migrations
from tests.kiosk.house import TODAY, records


def values_for(hint: object) -> st.SearchStrategy[object]:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    options = {
        str: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
        int: st.integers(-(2**53), 2**53),
        bool: st.booleans(),
        date: st.dates(),
        datetime: st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.sampled_from([UTC, JST])),
    }
    if hint in options:
        return options[hint]  # type: ignore[index, return-value]
    return st.one_of(*(st.none() if arg is type(None) else values_for(arg) for arg in typing.get_args(hint)))


def records_of(spec: TableSpec) -> st.SearchStrategy[object]:
    hints = typing.get_type_hints(spec.type)
    return st.builds(spec.type, **{name: values_for(hint) for name, hint in hints.items()})


any_record = st.sampled_from(sorted(TABLES)).flatmap(lambda table: records_of(TABLES[table]))


@given(any_record)
def test_changes_survive_json(record: object) -> None:
    for change in (Put(record), Remove(type(record), key_of(record))):
        assert change_from_json(json.loads(json.dumps(change_to_json(change)))) == change


@given(any_record)
def test_records_survive_sqlite(record: object) -> None:
    db = connect(Path(":memory:"))
    migrations.apply(db)
    rows.write_changes(db.conn, [Put(record)])
    assert list(rows.fetch_all(db.conn, type(record))) == [record]
    rows.write_changes(db.conn, [Remove(type(record), key_of(record))])
    assert list(rows.fetch_all(db.conn, type(record))) == []
    db.close()


def test_every_table_has_just_the_columns_of_its_record_and_is_strict(tmp_path: Path) -> None:
    db = connect(tmp_path / "k.db")
    migrations.apply(db)
    strict = {row["name"] for row in db.conn.execute("PRAGMA table_list") if row["strict"]}
    for table, spec in TABLES.items():
        found = [row["name"] for row in db.conn.execute(f'PRAGMA table_info("{table}")')]
        assert found == list(rows.columns(spec)), table
    assert set(TABLES) | {"journal", "meta"} <= strict
    assert db.conn.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.conn.execute("PRAGMA synchronous").fetchone()[0] == 2
    db.close()


def test_every_kind_of_act_is_known_by_its_name() -> None:
    of_people = {"link_card", "stop_card", "set_library_pin", "try_library_pin", "see_card"}
    assert set(kiosk.decide.DECIDERS) == {"checkout", "return", "check_in", "book"} | of_people


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1))
def test_uuid7_has_version_variant_and_time(ms: int, noise: int) -> None:
    made = uuid.UUID(Uuid7Ids(lambda: ms, lambda bits: noise & (1 << bits) - 1).new())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == ms


def test_sqlite_is_new_enough_for_strict_tables() -> None:
    assert sqlite3.sqlite_version_info >= (3, 37)


@pytest.mark.parametrize("kind", sorted(kiosk.decide.DECIDERS))
def test_who_says_that_its_reads_are_not_chained_is_right(kind: str) -> None:
    """Asked again with everything loaded, an unchained decider must not want anything new."""
    decider = kiosk.decide.DECIDERS[kind]
    fields = dict.fromkeys(decider.command.__dataclass_fields__, "x")
    command = decider.command(**fields | ({"on": TODAY, "slot_no": 1} if kind == "book" else {}))
    full = State([*records(), RoomPart(room_id="x", part_id="p")])
    more = set(decider.reads(command, full)) - set(decider.reads(command, State()))
    assert bool(more) is decider.chained
