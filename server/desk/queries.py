"""What the staff pages show. Nobody's name, and never who read what: items and rooms only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from kiosk.clock import local
from server.desk.words import CLOCKS, CODES, KINDS, OUTCOMES
from server.identity.keys import KeyState
from server.store import tables

LATE_AFTER = timedelta(minutes=10)
"""A kiosk that has been silent for longer is marked on the page."""


@dataclass(frozen=True, slots=True)
class OperationLine:
    time: str
    kiosk: str
    kind: str
    subject: str
    outcome: str
    needs_look: bool


@dataclass(frozen=True, slots=True)
class CaseLine:
    case_id: str
    age: str
    kiosk: str
    kind: str
    subject: str
    sentence: str
    code: str
    happened_at: str
    clock_trust: str
    state: str
    closed_by: str
    note: str


@dataclass(frozen=True, slots=True)
class KioskLine:
    name: str
    device_id: str
    seen: str
    late: bool
    queued: int
    oldest: str
    version: str
    clock: str
    standing: str


def operations(conn: Connection, now: datetime, limit: int = 60) -> list[OperationLine]:
    """The newest operations first."""
    op, device = tables.operation.c, tables.device.c
    wanted = (
        select(op.at, device.name, op.kind, op.subject, op.outcome)
        .join(tables.device, device.device_id == op.device_id)
        .order_by(op.server_seq.desc())
        .limit(limit)
    )
    return [
        OperationLine(
            _moment(row.at, now), row.name, KINDS.get(row.kind, row.kind), row.subject or "—",
            OUTCOMES[row.outcome], row.outcome != "applied",
        )
        for row in conn.execute(wanted)
    ]  # fmt: skip


def _moment(at: datetime, now: datetime) -> str:
    """The time of day, and the date of what was not today."""
    there = local(at)
    return there.strftime("%H:%M:%S" if there.date() == local(now).date() else "%Y年%m月%d日 %H:%M")


def cases(conn: Connection, now: datetime, state: str) -> list[CaseLine]:
    """Cases in this state, the oldest first."""
    case, op, device = tables.staff_case.c, tables.operation.c, tables.device.c
    wanted = (
        select(tables.staff_case, op.kind, op.subject, op.at, op.clock_trust, device.name)
        .join(tables.operation, op.op_id == case.op_id)
        .join(tables.device, device.device_id == op.device_id)
        .where(case.state == state)
        .order_by(case.opened_at)
    )
    return [
        CaseLine(
            case_id=row.case_id,
            age=_age(now - row.opened_at),
            kiosk=row.name,
            kind=KINDS.get(row.kind, row.kind),
            subject=row.subject or "—",
            sentence=CODES.get(row.code, "確認してください。"),
            code=row.code,
            happened_at=local(row.at).strftime("%m月%d日 %H:%M"),
            clock_trust=CLOCKS[row.clock_trust],
            state=row.state,
            closed_by=row.closed_by or "",
            note=row.note or "",
        )
        for row in conn.execute(wanted)
    ]


def kiosks(conn: Connection, now: datetime) -> list[KioskLine]:
    """All kiosks by name, and what stands in the way of those that may not talk to us."""
    key = tables.device_key.c
    known = set(conn.execute(select(key.device_id).where(key.state == KeyState.ACTIVE.value)).scalars())
    waiting = set(conn.execute(select(key.device_id).where(key.state == KeyState.PENDING.value)).scalars())
    return [
        KioskLine(
            name=row.name,
            device_id=row.device_id,
            seen=_age(now - row.last_seen_at) + "前" if row.last_seen_at else "まだ連絡がありません",
            late=row.last_seen_at is None or now - row.last_seen_at > LATE_AFTER,
            queued=row.queued,
            oldest=_age(now - row.oldest_queued_at) if row.oldest_queued_at else "",
            version=row.version or "—",
            clock=CLOCKS.get(row.clock_trust or "", "—"),
            standing=_standing(row, known, waiting),
        )
        for row in conn.execute(select(tables.device).order_by(tables.device.c.name))
    ]


def _standing(row: Any, known: set[str], waiting: set[str]) -> str:
    if row.device_id in waiting:
        return "登録を待っています"
    if row.revoked_at is not None:
        return "止めました"
    return "" if row.device_id in known else "まだ登録されていません"


def _age(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "日"), (3600, "時間"), (60, "分")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}秒"
