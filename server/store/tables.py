"""All tables. Those of records are made from the records' own declarations; Alembic creates them."""

from __future__ import annotations

import typing
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

import kiosk.decide  # noqa: F401  (importing it registers every record)
from kiosk.records import TABLES, TableSpec
from server.store.types import Json, Moment

metadata = MetaData()

_COUNT = BigInteger().with_variant(Integer, "sqlite")
"""A number that only grows. On SQLite every integer has room enough, and only INTEGER is the row itself."""


def _column_type(hint: Any) -> Any:
    kinds = {str: Text, int: Integer, bool: Boolean, date: Date, datetime: Moment}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Text
    return kinds[hint]


def _record_table(spec: TableSpec) -> Table:
    columns = []
    for name, hint in typing.get_type_hints(spec.type).items():
        options = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        column_type = _column_type(options[0] if options else hint)
        columns.append(Column(name, column_type, primary_key=name in spec.key, nullable=bool(options)))
    indexes = [Index(f"{spec.table}_by_{'_'.join(names)}", *names) for names in spec.lookups]
    return Table(spec.table, metadata, *columns, *indexes)


records: dict[str, Table] = {name: _record_table(spec) for name, spec in TABLES.items()}
"""The table of each record type, by its name."""

operation = Table(
    "operation",
    metadata,
    Column("op_id", Text, primary_key=True),
    Column("server_seq", _COUNT, nullable=False, unique=True),
    Column("device_id", Text, nullable=False),
    Column("incarnation", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("schema_v", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("clock_trust", Text, nullable=False),
    Column("prev_hash", Text),
    Column("hash", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("case_id", Text),
    Column("facility_id", Text),
    Column("subject", Text),
    Column("loan_id", Text, index=True),
    Column("body", Json),
    Column("effects", Json),
    Index("operation_by_place", "device_id", "incarnation", "seq"),
)
"""The ledger: every operation that ever arrived. `body` and `effects` go when the loan they tell of ends."""

staff_case = Table(
    "staff_case",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("op_id", Text, nullable=False, unique=True),
    Column("code", Text, nullable=False),
    Column("facility_id", Text),
    Column("opened_at", Moment, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("closed_at", Moment),
    Column("closed_by", Text),
    Column("note", Text),
)

change = Table(
    "change",
    metadata,
    Column("seq", _COUNT, primary_key=True, autoincrement=False),
    Column("table_name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("row", Json),
    UniqueConstraint("table_name", "key"),
)
"""The feed: the newest change of every key, tombstones (row null) included."""

device = Table(
    "device",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("facility_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("incarnation", Integer, nullable=False, default=1),
    Column("last_seq", Integer, nullable=False, default=0),
    Column("last_hash", Text, nullable=False),
    Column("last_seen_at", Moment),
    Column("queued", Integer, nullable=False, default=0),
    Column("oldest_queued_at", Moment),
    Column("version", Text),
    Column("clock_trust", Text),
    Column("revoked_at", Moment),
    Column("revoked_by", Text),
)

device_key = Table(
    "device_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("device_id", Text, nullable=False, index=True),
    Column("public_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("words", Text),
    Column("made_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("decided_by", Text),
)
"""Every key a device ever had; its life is told in `server.identity.keys`."""

enrolment_code = Table(
    "enrolment_code",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("code_hash", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("wrong", Integer, nullable=False),
)

patron_profile = Table(
    "patron_profile",
    metadata,
    Column("patron_id", Text, primary_key=True),
    Column("card_number", Text, nullable=False, unique=True),
    Column("family", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("kana", Text, nullable=False),
)
"""Names stay here: no feed carries them."""

staff = Table(
    "staff",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
)

staff_act = Table(
    "staff_act",
    metadata,
    Column("act_id", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("staff", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("patron_id", Text, nullable=False),
)
"""Who of the staff changed what for whom."""

counter = Table(
    "counter", metadata, Column("name", Text, primary_key=True), Column("value", _COUNT, nullable=False)
)
"""One row a counter, updated in the writing transaction: commit order is number order on any engine."""

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
