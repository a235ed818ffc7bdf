"""One batch, one transaction: every operation in it gets exactly one outcome, now and for ever.

An operation that is known already gets its first answer again, letter by letter. One that cannot be
understood is parked with a case and the rest goes on. The decisions are `kiosk.decide`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from kiosk.clock import local_date
from kiosk.decide import DECIDERS, command_from_body, decide, load_state
from kiosk.decision import Accepted, Context, Refused, Seat
from kiosk.ids import Uuid7Ids
from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.lending.model import Loan
from kiosk.operations import ClockTrust, OutcomeKind
from kiosk.records import Change, Put, change_key, spec_of_change
from kiosk.rules import Rules, RuleSet, rules_on
from kiosk.state import Query, State
from server.apply.arrival import NOT_UNDERSTOOD, Arrival
from server.apply.ledger import forget_loans, known_outcomes, read_device, write_ledger, write_position
from server.apply.order import Entry, Gap, judge_order
from server.faults import in_short
from server.store.database import Database, fetch, write_changes
from sync.protocol import PushResponse, WireOutcome

log = logging.getLogger(__name__)

LONGEST_TEXT = 200
"""Characters of one value of a command; longer is nothing that people or labels give."""
LARGEST_NUMBER = (1 << 31) - 1
CLOCK_SKEW = timedelta(minutes=5)
"""How far a device's clock may be ahead of the server's before it is not believed."""
YEARS = range(1970, 2200)
"""Years an act can happen in: a clock without battery starts in 1970."""


@dataclass(slots=True)
class _Work:
    """What the transaction will write."""

    changes: list[Change] = field(default_factory=list)
    ended_loans: list[str] = field(default_factory=list)


def apply_batch(
    database: Database, device_id: str, arrivals: Sequence[Arrival], now: datetime, ids: Uuid7Ids
) -> PushResponse:
    """Apply a batch; raises Gap where operations before it are missing, OperationalError without a database.

    Should anything in it bring the whole batch down, its operations are tried alone, and the one that does
    it is parked: a defect here must not hold up what other people did.
    """
    try:
        epoch, answers = _apply(database, device_id, arrivals, now, ids)
    except (Gap, OperationalError):
        raise
    except Exception as error:  # noqa: BLE001  (logged without its text)
        log.error("internal: a batch of %d: %s", len(arrivals), in_short(error))
        answers = {}
        for arrival in arrivals:
            epoch, answer = _apply_alone(database, device_id, arrival, now, ids)
            answers |= answer
    results = [answers[arrival.op.op_id] for arrival in arrivals]
    return PushResponse.model_construct(epoch=epoch, server_time=now, results=results)


def _apply_alone(
    database: Database, device_id: str, arrival: Arrival, now: datetime, ids: Uuid7Ids
) -> tuple[str, dict[str, WireOutcome]]:
    try:
        return _apply(database, device_id, [arrival], now, ids)
    except (Gap, OperationalError):
        raise
    except Exception as error:  # noqa: BLE001  (logged without its text)
        log.error("internal: %s: %s", arrival.op.op_id, in_short(error))
        return _apply(database, device_id, [replace(arrival, flaw="internal")], now, ids)


def _apply(
    database: Database, device_id: str, arrivals: Sequence[Arrival], now: datetime, ids: Uuid7Ids
) -> tuple[str, dict[str, WireOutcome]]:
    """All of it in one transaction; gives the epoch and the answers by operation id."""
    with database.write() as conn:
        known = known_outcomes(conn, [arrival.op for arrival in arrivals])
        device = read_device(conn, device_id)
        entries, position = judge_order(device.position, arrivals, known)
        work = _decide_all(conn, entries, now)
        write_changes(conn, work.changes)
        write_ledger(conn, device, entries, now, ids)
        forget_loans(conn, work.ended_loans)
        write_position(conn, device, position, now)
        epoch = database.epoch(conn)
    return epoch, known | {entry.op.op_id: entry.result for entry in entries if entry.result}


def _decide_all(conn: Connection, entries: Sequence[Entry], now: datetime) -> _Work:
    for entry in entries:
        if not entry.parked:
            _understand(entry)
    commands = [entry.command for entry in entries if entry.command is not None]
    rules = _RulesByDay(conn)
    state = load_state(commands, lambda queries: fetch(conn, queries))
    work = _Work()
    for entry in entries:
        if entry.command is not None:
            _decide_one(entry, state, rules, now)
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


def _understand(entry: Entry) -> None:
    """Read the body as a command of this version; what cannot be read, or not be kept, is parked."""
    op = entry.op
    decider = DECIDERS.get(op.kind)
    try:
        if decider is None or op.schema_v > decider.schema_v or _is_absurd(op.at):
            raise KeyError(op.kind)
        command = command_from_body(op.kind, op.body)
        if any(_is_absurd(getattr(command, name)) for name in _fields(decider.command)):
            raise KeyError(op.kind)
    except (KeyError, ValidationError) as error:
        log.warning("not-understood: %s v%d (%s)", op.op_id, op.schema_v, type(error).__name__)
        entry.park(NOT_UNDERSTOOD)
        return
    entry.command = command


@cache
def _fields(command: type[Any]) -> tuple[str, ...]:
    return tuple(command.__dataclass_fields__)


def _is_absurd(value: object) -> bool:
    """Whether this is no value that a kiosk can give and every database can hold."""
    if isinstance(value, str):
        return len(value) > LONGEST_TEXT or not value.isprintable()
    if isinstance(value, int):
        return abs(value) > LARGEST_NUMBER
    return isinstance(value, date) and value.year not in YEARS


def _decide_one(entry: Entry, state: State, rules: _RulesByDay, now: datetime) -> None:
    op = entry.op
    try:
        at = op.at if op.at < now + CLOCK_SKEW else now  # nothing happens after it has arrived
        seat, timely = Seat(op.device_id, server=True), op.clock_trust is not ClockTrust.GUESSED
        context = Context(at, seat, rules.on(local_date(at)), timely)
        decision = decide(state, entry.command, context)
        if isinstance(decision, Refused):
            entry.changes = DECIDERS[op.kind].refused(state, entry.command, context)  # type: ignore[attr-defined]
            entry.outcome, entry.codes = OutcomeKind.REJECTED, decision.codes
            return
    except Exception as error:  # noqa: BLE001  (logged without its text)
        # a defect in one decision must not hold up what other people did
        log.error("internal: %s: %s", op.op_id, in_short(error))
        entry.park("internal")
        return
    _note_accepted(entry, decision)


def _note_accepted(entry: Entry, decision: Accepted) -> None:
    entry.changes = decision.changes
    if decision.clashes:
        entry.outcome = OutcomeKind.APPLIED_WITH_CASE
        entry.codes = tuple(code.value for code in decision.clashes)


def _loans_ended_by(entry: Entry, state: State) -> list[str]:
    """The loans that are over by this operation: they are to be forgotten, and notes whose loan this is."""
    ended = []
    for item in entry.changes:
        if spec_of_change(item).type is not Loan:
            continue
        old = state.get(Loan, *change_key(item))
        new = item.record if isinstance(item, Put) else None
        if old is not None and (new is None or new.loan_id != old.loan_id):
            ended.append(old.loan_id)
        if isinstance(entry.command, ReturnItem) and old is not None:
            entry.loan_id = old.loan_id
        if isinstance(entry.command, Checkout):
            entry.loan_id = entry.command.loan_id
            if new is None or new.loan_id != entry.loan_id:
                ended.append(entry.loan_id)  # it was over before it got here
    return ended


__all__ = ["Gap", "apply_batch"]
