"""The journal: every act of this device in a gapless, hash-chained row of operations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.decide import EPHEMERAL
from kiosk.decision import Accepted
from kiosk.operations import GENESIS, ClockTrust, Operation, Outcome, OutcomeKind, chain_hash
from kiosk.records import Change, change_from_json, change_to_json

_INSERT = """
INSERT INTO journal (seq, op_id, kind, schema_v, at, mono_ms, boot_id, clock_trust, body, changes, standing,
    prev_hash, hash)
VALUES (:seq, :op_id, :kind, :schema_v, :at, :mono_ms, :boot_id, :clock_trust, :body, :changes, :standing,
    :prev_hash, :hash)
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by which clock an act was written down."""

    at: datetime
    mono_ms: int
    boot_id: str
    clock_trust: ClockTrust


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def append(
    conn: sqlite3.Connection,
    *,
    device_id: str,
    incarnation: int,
    op_id: str,
    kind: str,
    schema_v: int,
    stamp: Stamp,
    body: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    standing: str,
) -> int:
    """Add one operation at the end of the chain; returns its sequence number."""
    last = conn.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    seq, prev_hash = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    digest = chain_hash(
        prev_hash, op_id=op_id, device_id=device_id, incarnation=incarnation, seq=seq, kind=kind,
        at=stamp.at, body=body,
    )  # fmt: skip
    conn.execute(
        _INSERT,
        {
            "seq": seq, "op_id": op_id, "kind": kind, "schema_v": schema_v, "at": stamp.at.isoformat(),
            "mono_ms": stamp.mono_ms, "boot_id": stamp.boot_id, "clock_trust": stamp.clock_trust.value,
            "body": _json(body), "changes": _json(changes), "standing": standing, "prev_hash": prev_hash,
            "hash": digest,
        },
    )  # fmt: skip
    return int(seq)


def changes_of(decision: Accepted) -> list[dict[str, Any]]:
    """The effect of a decision as the journal keeps it, to lay it over what the server sends later."""
    return [change_to_json(change) for change in decision.changes]


def operation(row: sqlite3.Row, device_id: str, incarnation: int) -> Operation:
    """A queued journal row as an operation."""
    return Operation(
        op_id=row["op_id"], device_id=device_id, incarnation=incarnation, seq=row["seq"], kind=row["kind"],
        schema_v=row["schema_v"], at=datetime.fromisoformat(row["at"]), mono_ms=row["mono_ms"],
        boot_id=row["boot_id"], clock_trust=ClockTrust(row["clock_trust"]), body=json.loads(row["body"]),
        prev_hash=row["prev_hash"], hash=row["hash"],
    )  # fmt: skip


def waiting_changes(conn: sqlite3.Connection) -> Iterator[Change]:
    """The effects of all acts the server has not answered yet, in order."""
    rows = conn.execute("SELECT changes FROM journal WHERE state = 'queued' ORDER BY seq").fetchall()
    for row in rows:
        for change in json.loads(row["changes"]):
            yield change_from_json(change)


def acknowledge(conn: sqlite3.Connection, outcomes: Sequence[Outcome], now: datetime) -> list[Change]:
    """Mark operations as answered; returns the effects that differ from what this device had assumed."""
    surprises: list[Change] = []
    for outcome in outcomes:
        row = conn.execute(
            "SELECT changes, state, kind FROM journal WHERE op_id = ?", (outcome.op_id,)
        ).fetchone()
        if row is None or row["state"] == "acked":
            continue
        effects = [dict(effect) for effect in outcome.effects]
        if effects != json.loads(row["changes"]):
            surprises.extend(change_from_json(effect) for effect in effects)
        conn.execute(
            "UPDATE journal SET state = 'acked', changes = NULL, outcome = ?, code = ?, server_seq = ?,"
            " acked_at = ?, body = CASE WHEN ? THEN NULL ELSE body END WHERE op_id = ?",
            (outcome.outcome.value, outcome.code, outcome.server_seq, now.isoformat(),
             row["kind"] in EPHEMERAL and outcome.outcome is not OutcomeKind.PARKED, outcome.op_id),
        )  # fmt: skip
    return surprises
