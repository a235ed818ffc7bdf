"""Is anything missing, forked or tampered with? Where a device's journal stands, and what comes next."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from kiosk.operations import GENESIS, Operation, OutcomeKind, chain_hash
from kiosk.records import Change
from server.apply.arrival import NOWHERE, UNREADABLE_HASH, Arrival
from sync.protocol import WireOutcome


class Gap(Exception):
    """Operations are missing before this batch; `expected` is the sequence number to go on from."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"expected sequence number {expected}")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Position:
    """How far a device's journal has come: its last operation, or the start of an incarnation (seq 0)."""

    incarnation: int
    seq: int
    hash: str

    def is_before(self, op: Operation) -> bool:
        """Whether this operation is the very next one, in this incarnation or as the first of a newer."""
        if op.incarnation > self.incarnation:
            return op.seq == 1
        return op.incarnation == self.incarnation and op.seq == self.seq + 1


@dataclass(slots=True)
class Entry:
    """One new operation on its way through."""

    op: Operation
    command: object | None = None
    outcome: OutcomeKind = OutcomeKind.APPLIED
    codes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    loan_id: str | None = None
    result: WireOutcome | None = None

    @property
    def parked(self) -> bool:
        return self.outcome is OutcomeKind.PARKED

    def park(self, code: str) -> None:
        """Kept as it came, with a case: nothing of it becomes true, and the queue moves on."""
        self.outcome, self.codes, self.changes = OutcomeKind.PARKED, (code,), ()


def judge_order(
    position: Position, arrivals: Sequence[Arrival], known: Container[str]
) -> tuple[list[Entry], Position]:
    """The new ones among the operations, and where the journal stands after them; raises Gap.

    Forks and broken chains are parked for staff to see; nothing of it stops the queue.
    """
    entries: list[Entry] = []
    seen: set[str] = set()
    for arrival in arrivals:
        op = arrival.op
        if op.op_id in seen:
            continue
        seen.add(op.op_id)
        if op.op_id in known:
            # a rescued kiosk sends what waited once more under new numbers: those numbers are taken too
            position = _at(op) if position.is_before(op) else position
            continue
        entry = Entry(op)
        entries.append(entry)
        if arrival.flaw is not None:
            entry.park(arrival.flaw)
        position = _step(position, entry)
    return entries, position


def _step(position: Position, entry: Entry) -> Position:
    """Where the journal stands after this operation; parks what does not fit, raises Gap."""
    op = entry.op
    if op.seq == NOWHERE:
        return position
    if op.incarnation < position.incarnation or _used(op, position):
        entry.park("sequence-fork")  # a number that was used before: an old image, or a cloned card
        return position
    if not position.is_before(op):
        raise Gap(1 if op.incarnation > position.incarnation else position.seq + 1)
    if not entry.parked and not _chain_holds(op, position):
        entry.park("chain-broken")
    return _at(op)


def _used(op: Operation, position: Position) -> bool:
    return op.incarnation == position.incarnation and op.seq <= position.seq


def _at(op: Operation) -> Position:
    return Position(op.incarnation, op.seq, op.hash)


def _chain_holds(op: Operation, position: Position) -> bool:
    before = position.hash if op.incarnation == position.incarnation else GENESIS
    if before not in (op.prev_hash, UNREADABLE_HASH):
        return False
    digest = chain_hash(
        op.prev_hash, op_id=op.op_id, device_id=op.device_id, incarnation=op.incarnation, seq=op.seq,
        kind=op.kind, at=op.at, body=op.body,
    )  # fmt: skip
    return op.hash == digest
