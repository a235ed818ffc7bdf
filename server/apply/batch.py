"""One batch, one transaction: every operation in it gets exactly one outcome, now and for ever.

An operation that is known already gets its first answer again, letter by letter. One that cannot be
understood is parked with a case and the rest goes on. The decisions are `kiosk.decide`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, case, insert, select, update

from kiosk.clock import local_date
from kiosk.decide import DECIDERS, EPHEMERAL, command_from_body, decide, load_state
from kiosk.decision import Accepted, Context, Refused, Seat
from kiosk.ids import Uuid7Ids
from kiosk.lending.decide import ReturnDecider, ReturnItem
from kiosk.lending.model import Loan
from kiosk.operations import Operation, OutcomeKind, chain_hash
from kiosk.records import Change, Put, Remove, change_to_json
from kiosk.rules import Rules, RuleSet, rules_on
from kiosk.state import Query, State
from server.store import tables
from server.store.database import Database, fetch, take_numbers, write_changes
from sync.protocol import PushRequest, PushResponse, WireChange, WireOutcome

log = logging.getLogger(__name__)


class Gap(Exception):
    """Operations are missing before this batch; `expected` is the sequence number to go on from."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"expected sequence number {expected}")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Device:
    """The device a batch comes from, as the server knew it before."""

    device_id: str
    facility_id: str
    incarnation: int
    last_seq: int
    last_hash: str


@dataclass(slots=True)
class _Entry:
    """One new operation on its way through."""

    op: Operation
    command: object | None = None
    outcome: OutcomeKind = OutcomeKind.APPLIED
    codes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    loan_id: str | None = None
    result: WireOutcome | None = None


@dataclass(slots=True)
class _Work:
    """What the transaction will write."""

    changes: list[Change] = field(default_factory=list)
    ended_loans: list[str] = field(default_factory=list)


def apply_batch(
    database: Database, device_id: str, request: PushRequest, now: datetime, ids: Uuid7Ids
) -> PushResponse:
    """Apply a batch; raises Gap where operations before it are missing."""
    operations = [wire.operation(device_id) for wire in request.operations]
    with database.write() as conn:
        known = _known(conn, operations)
        device = _device(conn, device_id)
        new = [op for op in _once(operations) if op.op_id not in known]
        entries = _judge_order(conn, device, new)
        work = _decide_all(conn, entries)
        write_changes(conn, work.changes)
        _write_ledger(conn, device, entries, now, ids)
        _forget(conn, work.ended_loans)
        _advance(conn, device, new, now)
        answers = known | {entry.op.op_id: entry.result for entry in entries if entry.result}
        epoch = database.epoch(conn)
    results = [answers[op.op_id] for op in operations]
    return PushResponse.model_construct(epoch=epoch, server_time=now, results=results)


def _once(operations: Sequence[Operation]) -> list[Operation]:
    seen: dict[str, Operation] = {}
    for op in operations:
        seen.setdefault(op.op_id, op)
    return list(seen.values())


def _known(conn: Connection, operations: Sequence[Operation]) -> dict[str, WireOutcome]:
    table = tables.operation
    found = conn.execute(select(table).where(table.c.op_id.in_([op.op_id for op in operations])))
    return {
        row.op_id: WireOutcome(
            op_id=row.op_id,
            outcome=OutcomeKind(row.outcome),
            server_seq=row.server_seq,
            code=row.code,
            case_id=row.case_id,
            effects=row.effects or [],
            duplicate=True,
        )
        for row in found
    }


def _device(conn: Connection, device_id: str) -> Device:
    table = tables.device
    # the row lock makes two batches of one device take turns on PostgreSQL
    row = conn.execute(select(table).where(table.c.device_id == device_id).with_for_update()).one()
    return Device(row.device_id, row.facility_id, row.incarnation, row.last_seq, row.last_hash)


# ---- order -----------------------------------------------------------------------------------------


def _judge_order(conn: Connection, device: Device, new: Sequence[Operation]) -> list[_Entry]:
    """Is anything missing, forked or tampered with? Nothing of it stops the queue; staff get to see it."""
    entries = [_Entry(op) for op in new]
    incarnation, seq, last_hash = device.incarnation, device.last_seq, device.last_hash
    for entry in entries:
        op = entry.op
        if op.incarnation > incarnation:
            incarnation, seq, last_hash = op.incarnation, 0, ""
        if op.incarnation < incarnation or op.seq <= seq:
            _park(entry, "sequence-fork")  # a number that was used before: an old image, or a cloned card
            continue
        if op.seq > seq + 1:
            raise Gap(seq + 1)
        if not _hash_holds(op, last_hash):
            _park(entry, "chain-broken")
        seq, last_hash = op.seq, op.hash
    return entries


def _hash_holds(op: Operation, last_hash: str) -> bool:
    digest = chain_hash(
        op.prev_hash, op_id=op.op_id, device_id=op.device_id, incarnation=op.incarnation, seq=op.seq,
        kind=op.kind, at=op.at, body=op.body,
    )  # fmt: skip
    return op.hash == digest and (not last_hash or op.prev_hash == last_hash)


def _park(entry: _Entry, code: str) -> None:
    entry.outcome, entry.codes = OutcomeKind.PARKED, (code,)


# ---- decisions -------------------------------------------------------------------------------------


def _decide_all(conn: Connection, entries: Sequence[_Entry]) -> _Work:
    for entry in entries:
        if entry.outcome is not OutcomeKind.PARKED:
            _understand(entry)
    commands = [entry.command for entry in entries if entry.command is not None]
    rules = _RulesByDay(conn)
    state = load_state(commands, lambda queries: fetch(conn, queries))
    work = _Work()
    for entry in entries:
        if entry.command is not None:
            _decide_one(entry, state, rules)
            work.ended_loans.extend(_loans_ended_by(entry, state))
            state.apply(entry.changes)
            work.changes.extend(entry.changes)
    return work


class _RulesByDay:
    """The rules in force on the day of an act, each day's read once."""

    def __init__(self, conn: Connection) -> None:
        self._sets = list(fetch(conn, [Query.of(RuleSet, name="ward")]))
        self._days: dict[date, Rules] = {}

    def on(self, day: date) -> Rules:
        if day not in self._days:
            self._days[day] = rules_on(day, self._sets)
        return self._days[day]


def _understand(entry: _Entry) -> None:
    op = entry.op
    decider = DECIDERS.get(op.kind)
    try:
        if decider is None or op.schema_v > decider.schema_v:
            raise KeyError(op.kind)
        entry.command = command_from_body(op.kind, op.body)
    except (KeyError, ValidationError):
        log.warning("not-understood: %s v%d", op.kind, op.schema_v)
        _park(entry, "not-understood")


def _decide_one(entry: _Entry, state: State, rules: _RulesByDay) -> None:
    op = entry.op
    context = Context(op.at, Seat(op.device_id, server=True), rules.on(local_date(op.at)))
    try:
        decision = decide(state, entry.command, context)
        if isinstance(decision, Refused):
            entry.outcome, entry.codes = OutcomeKind.REJECTED, decision.codes
            entry.changes = DECIDERS[op.kind].refused(state, entry.command, context)  # type: ignore[attr-defined]
            return
    except Exception:
        # a defect in one decision must not hold up what other people did
        log.exception("internal: %s %s", op.kind, op.op_id)
        _park(entry, "internal")
        return
    _note_accepted(entry, decision)


def _note_accepted(entry: _Entry, decision: Accepted) -> None:
    entry.changes = decision.changes
    if decision.clashes:
        entry.outcome = OutcomeKind.APPLIED_WITH_CASE
        entry.codes = tuple(code.value for code in decision.clashes)
    for item in decision.changes:
        if isinstance(item, Put) and isinstance(item.record, Loan):
            entry.loan_id = item.record.loan_id


def _loans_ended_by(entry: _Entry, state: State) -> list[str]:
    """The loans that are over by this operation: they are to be forgotten."""
    ended = []
    for item in entry.changes:
        removed = isinstance(item, Remove) and item.kind is Loan
        replaced = isinstance(item, Put) and isinstance(item.record, Loan)
        if removed or replaced:
            key = item.key[0] if isinstance(item, Remove) else item.record.item_id
            old = state.get(Loan, key)
            if old is not None and old.loan_id != entry.loan_id:
                ended.append(old.loan_id)
                if isinstance(entry.command, ReturnItem):
                    entry.loan_id = old.loan_id
    return ended


# ---- writing ---------------------------------------------------------------------------------------


def _write_ledger(
    conn: Connection, device: Device, entries: Sequence[_Entry], now: datetime, ids: Uuid7Ids
) -> None:
    if not entries:
        return
    first = take_numbers(conn, len(entries))
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
    device: Device, entry: _Entry, number: int, now: datetime, code: str | None, case_id: str | None,
    effects: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    op = entry.op
    kept = op.kind not in EPHEMERAL or entry.outcome is OutcomeKind.PARKED
    return {
        "op_id": op.op_id, "server_seq": number, "device_id": op.device_id, "incarnation": op.incarnation,
        "seq": op.seq, "kind": op.kind, "schema_v": op.schema_v, "at": op.at, "received_at": now,
        "clock_trust": op.clock_trust.value, "hash": op.hash, "outcome": entry.outcome.value, "code": code,
        "case_id": case_id, "facility_id": device.facility_id,
        "subject": str(op.body.get("item_id") or op.body.get("room_id") or "") or None,
        "loan_id": entry.loan_id,
        "body": dict(op.body) if kept else None, "effects": effects if kept else None,
    }  # fmt: skip


def _forget(conn: Connection, loans: Sequence[str]) -> None:
    """A loan is forgotten on return: nothing in the ledger says any more who had what."""
    if loans:
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


def _advance(conn: Connection, device: Device, new: Sequence[Operation], now: datetime) -> None:
    ahead = [op for op in new if (op.incarnation, op.seq) > (device.incarnation, device.last_seq)]
    values: dict[str, Any] = {"last_seen_at": now}
    if ahead:
        values |= {
            "incarnation": ahead[-1].incarnation,
            "last_seq": ahead[-1].seq,
            "last_hash": ahead[-1].hash,
        }
    table = tables.device
    conn.execute(update(table).where(table.c.device_id == device.device_id).values(**values))
