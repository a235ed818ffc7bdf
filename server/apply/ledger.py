"""The ledger: what became of every operation. Written once; only who had what is forgotten on return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, insert, select, update

from kiosk.decide import EPHEMERAL
from kiosk.ids import Uuid7Ids
from kiosk.lending.decide import ReturnDecider
from kiosk.operations import Operation, OutcomeKind
from kiosk.records import change_to_json
from server.apply.order import Entry, Position
from server.store import tables
from server.store.database import OPERATIONS, take_numbers
from sync.protocol import WireChange, WireOutcome

_LONGEST_SUBJECT = 64


@dataclass(frozen=True, slots=True)
class Device:
    """The device a batch comes from, as the server knew it before."""

    device_id: str
    facility_id: str
    position: Position


def read_device(conn: Connection, device_id: str) -> Device:
    """The device's row; locked, so that two batches of one device take turns on PostgreSQL."""
    table = tables.device
    row = conn.execute(select(table).where(table.c.device_id == device_id).with_for_update()).one()
    return Device(row.device_id, row.facility_id, Position(row.incarnation, row.last_seq, row.last_hash))


def write_position(conn: Connection, device: Device, position: Position, now: datetime) -> None:
    """Remember how far the device has come."""
    table = tables.device
    conn.execute(
        update(table)
        .where(table.c.device_id == device.device_id)
        .values(
            last_seen_at=now, incarnation=position.incarnation, last_seq=position.seq, last_hash=position.hash
        )
    )


def known_outcomes(conn: Connection, operations: Sequence[Operation]) -> dict[str, WireOutcome]:
    """The answers given before, by operation id."""
    table = tables.operation
    columns = (
        table.c.op_id, table.c.outcome, table.c.server_seq, table.c.code, table.c.case_id, table.c.effects
    )  # fmt: skip
    found = conn.execute(select(*columns).where(table.c.op_id.in_([op.op_id for op in operations])))
    return {
        row.op_id: WireOutcome.model_construct(
            op_id=row.op_id,
            outcome=OutcomeKind(row.outcome),
            server_seq=row.server_seq,
            code=row.code,
            case_id=row.case_id,
            effects=[WireChange.model_construct(**effect) for effect in row.effects or []],
            duplicate=True,
        )
        for row in found
    }


def write_ledger(
    conn: Connection, device: Device, entries: Sequence[Entry], now: datetime, ids: Uuid7Ids
) -> None:
    """Number the operations, open a case for each that is not simply applied, and note their answers."""
    if not entries:
        return
    first = take_numbers(conn, len(entries))
    take_numbers(conn, len(entries), OPERATIONS)
    rows, cases = [], []
    for number, entry in enumerate(entries, start=first):
        code = entry.codes[0] if entry.codes else None
        case_id = ids.new() if entry.outcome is not OutcomeKind.APPLIED else None
        effects = [change_to_json(item) for item in entry.changes]
        entry.result = WireOutcome.model_construct(
            op_id=entry.op.op_id, outcome=entry.outcome, server_seq=number, code=code, case_id=case_id,
            effects=[WireChange.model_construct(**effect) for effect in effects],
        )  # fmt: skip
        rows.append(_ledger_row(device, entry, number, now, code, case_id, effects))
        if case_id is not None:
            cases.append(
                {"case_id": case_id, "op_id": entry.op.op_id, "code": code, "opened_at": now, "state": "open",
                 "facility_id": device.facility_id}
            )  # fmt: skip
    conn.execute(insert(tables.operation), rows)
    if cases:
        conn.execute(insert(tables.staff_case), cases)


def _ledger_row(
    device: Device, entry: Entry, number: int, now: datetime, code: str | None, case_id: str | None,
    effects: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    op = entry.op
    kept = op.kind not in EPHEMERAL or entry.outcome is OutcomeKind.PARKED
    return {
        "op_id": op.op_id, "server_seq": number, "device_id": op.device_id, "incarnation": op.incarnation,
        "seq": op.seq, "kind": op.kind.replace("\0", "�"), "schema_v": op.schema_v, "at": op.at,
        "received_at": now, "clock_trust": op.clock_trust.value, "prev_hash": op.prev_hash, "hash": op.hash,
        "outcome": entry.outcome.value, "code": code, "case_id": case_id, "facility_id": device.facility_id,
        "subject": _subject(op), "loan_id": entry.loan_id, "body": dict(op.body) if kept else None,
        "effects": effects if kept else None,
    }  # fmt: skip


def _subject(op: Operation) -> str | None:
    """The item or room an operation is about, for the staff pages; nothing else of the body gets there."""
    found = op.body.get("item_id") or op.body.get("room_id")
    fits = isinstance(found, str) and len(found) <= _LONGEST_SUBJECT and "\0" not in found
    return found if fits else None


def forget_loans(conn: Connection, loans: Sequence[str]) -> None:
    """A loan is forgotten on return: nothing in the ledger says any more who had what."""
    if not loans:
        return
    table = tables.operation
    conn.execute(
        update(table)
        .where(table.c.loan_id.in_(loans))
        .values(
            body=None,
            effects=None,
            loan_id=None,
            # a return shows its item; a checkout does not, for its neighbours in the ledger name a person
            subject=case((table.c.kind == ReturnDecider.kind, table.c.subject), else_=None),
        )
    )
