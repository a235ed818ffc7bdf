"""The journal: every act of this device in a gapless, hash-chained row of operations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    """A journal row as an operation, with an empty body where its contents are forgotten."""
    return Operation(
        op_id=row["op_id"], device_id=device_id, incarnation=incarnation, seq=row["seq"], kind=row["kind"],
        schema_v=row["schema_v"], at=datetime.fromisoformat(row["at"]), mono_ms=row["mono_ms"],
        boot_id=row["boot_id"], clock_trust=ClockTrust(row["clock_trust"]),
        body=json.loads(row["body"] or "{}"), prev_hash=row["prev_hash"], hash=row["hash"],
    )  # fmt: skip


def waiting_changes(conn: sqlite3.Connection) -> Iterator[Change]:
    """The effects of all acts the server has not answered yet, in order."""
    rows = conn.execute("SELECT changes FROM journal WHERE state = 'queued' ORDER BY seq").fetchall()
    for row in rows:
        for change in json.loads(row["changes"]):
            yield change_from_json(change)


@dataclass(slots=True)
class Settled:
    """What the server's words change on this device.

    `surprises` are effects that differ from what was assumed; in their JSON form, for a newer server may tell
    of tables that this device does not know. `astray`: something was assumed here of which the server says
    nothing (it parked the act, or took no part of it), so that only a new snapshot tells what is true.
    """

    surprises: list[dict[str, Any]] = field(default_factory=list)
    astray: bool = False

    def compare(self, effects: list[dict[str, Any]], assumed: list[dict[str, Any]]) -> None:
        """Take in the answer to one act."""
        if effects == assumed:
            return
        self.surprises.extend(effects)
        told = {_slot(effect) for effect in effects}
        self.astray = self.astray or any(_slot(change) not in told for change in assumed)


def _slot(change: Mapping[str, Any]) -> tuple[Any, ...]:
    return (change["table"], *change["key"])


def acknowledge(conn: sqlite3.Connection, outcomes: Sequence[Outcome], now: datetime) -> Settled:
    """Mark operations as answered; returns what that changes here."""
    settled = Settled()
    for outcome in outcomes:
        row = conn.execute(
            "SELECT changes, state, kind FROM journal WHERE op_id = ?", (outcome.op_id,)
        ).fetchone()
        if row is None or row["state"] == "acked":
            continue
        settled.compare([dict(effect) for effect in outcome.effects], json.loads(row["changes"]))
        conn.execute(
            "UPDATE journal SET state = 'acked', changes = NULL, outcome = ?, code = ?, server_seq = ?,"
            " acked_at = ?, body = CASE WHEN ? THEN NULL ELSE body END WHERE op_id = ?",
            (outcome.outcome.value, outcome.code, outcome.server_seq, now.isoformat(),
             row["kind"] in EPHEMERAL and outcome.outcome is not OutcomeKind.PARKED, outcome.op_id),
        )  # fmt: skip
    return settled
