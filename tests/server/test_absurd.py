"""Values no kiosk gives: the one operation is parked, the others go on, and no log names anybody."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
import requests

from kiosk.decide import DECIDERS
from kiosk.operations import Operation, OutcomeKind
from server.store import tables
from tests.conftest import Central, RemoteKiosk
from tests.server.house import cases_match, ledger_rows, lend, rehashed, request_of

EARLIEST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))
LATEST = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=9)))


def waiting(central: Central, kiosk: RemoteKiosk, count: int) -> list[Operation]:
    for n, number in enumerate(central.ward.free_items(count)):
        lend(kiosk, number, f"p{1 + n % 6:05d}")
    return kiosk.ledger.queued(count)


def push_raw(
    central: Central, kiosk: RemoteKiosk, ops: list[Operation], changed: list[dict[str, Any]]
) -> list[tuple[str, str | None]]:
    """Push with fields of the operations replaced on the wire, as only a broken kiosk would."""
    data = json.loads(request_of(ops).model_dump_json())
    for operation, fields in zip(data["operations"], changed, strict=True):
        operation |= fields
    url = f"{central.url}/v1/devices/kiosk-1/operations"
    answer = requests.post(url, json=data, auth=kiosk.server._session.auth, timeout=10)
    assert answer.status_code == 200, answer.text
    return [(r["outcome"], r["code"]) for r in answer.json()["results"]]


BODIES = [
    {"item_id": "\0", "facility_id": "x"},
    {"item_id": "9" * 20_000, "facility_id": "x"},
    {"item_id": 5, "facility_id": None},
    {"item_id": {"deep": ["er"]}, "facility_id": "x"},
    {"n": 10**400},
    {},
]


def test_absurd_bodies_are_parked_alone(central: Central, kiosk: RemoteKiosk) -> None:
    first, *ops, last = waiting(central, kiosk, len(BODIES) + 2)
    sent = [first]
    for op, body in zip(ops, BODIES, strict=True):
        sent.append(rehashed(op, kind="return", body=body, prev_hash=sent[-1].hash))
    sent.append(rehashed(last, prev_hash=sent[-1].hash))
    results = [(r.outcome.value, r.code) for r in kiosk.server.push(request_of(sent)).results]
    assert results == [("applied", None), *[("parked", "not-understood")] * len(BODIES), ("applied", None)]
    assert cases_match(central)


FIELDS: list[dict[str, Any]] = [
    {"at": EARLIEST.isoformat()},
    {"at": LATEST.isoformat()},
    {"at": "no time at all"},
    {"kind": "a\0b"},
    {"kind": "x" * 20_000},
    {"schema_v": 2**70},
    {"mono_ms": -1},
    {"boot_id": "\0" * 500},
    {"clock_trust": "blind"},
    {"body": [1, 2]},
    {"hash": "no hash"},
]


def test_absurd_fields_are_parked_alone(central: Central, kiosk: RemoteKiosk) -> None:
    ops = waiting(central, kiosk, len(FIELDS) + 2)
    results = push_raw(central, kiosk, ops, [{}, *FIELDS, {}])
    assert results[0] == results[-1] == ("applied", None)
    assert {outcome for outcome, _ in results[1:-1]} == {"parked"}
    assert cases_match(central)


def test_absurd_places_are_parked_and_do_not_count(central: Central, kiosk: RemoteKiosk) -> None:
    places: list[dict[str, Any]] = [{"incarnation": 2**40}, {"seq": 2**63}, {"seq": "x"}, {"seq": 0}]
    one, *rest = waiting(central, kiosk, 3)
    lost = [rehashed(rest[0], op_id=str(uuid4())) for _ in places]
    results = push_raw(central, kiosk, [one, *lost], [{}, *places])
    assert results == [("applied", None), *[("parked", "not-understood")] * len(places)]
    assert [r.outcome for r in kiosk.server.push(request_of(rest)).results] == [OutcomeKind.APPLIED] * 2
    assert cases_match(central)


def test_a_defect_in_one_decision_parks_it_and_the_log_names_nobody(
    central: Central, kiosk: RemoteKiosk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, two, three = waiting(central, kiosk, 3)
    honest = type(DECIDERS["checkout"]).decide

    def broken(self: object, state: Any, command: Any, context: Any) -> Any:
        if command.loan_id == two.body["loan_id"]:
            raise RuntimeError(f"cannot lend to {command.patron_id}")
        return honest(self, state, command, context)  # type: ignore[arg-type]

    monkeypatch.setattr(type(DECIDERS["checkout"]), "decide", broken)
    with caplog.at_level(logging.DEBUG):
        results = kiosk.server.push(request_of([one, two, three])).results
    assert [r.code for r in results] == [None, "internal", None]
    assert cases_match(central)
    assert "internal: " in caplog.text
    assert two.body["patron_id"] not in caplog.text


def test_a_database_error_in_one_operation_parks_it_and_the_log_names_nobody(
    central: Central, kiosk: RemoteKiosk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A value that gets past every check and that the database does not take."""
    one, two, three = waiting(central, kiosk, 3)
    honest = type(DECIDERS["checkout"]).decide

    def broken(self: object, state: Any, command: Any, context: Any) -> Any:
        decision = honest(self, state, command, context)  # type: ignore[arg-type]
        if command.loan_id == two.body["loan_id"]:
            object.__setattr__(decision.changes[0].record, "item_type", None)  # type: ignore[union-attr]
        return decision

    monkeypatch.setattr(type(DECIDERS["checkout"]), "decide", broken)
    with caplog.at_level(logging.DEBUG):
        results = kiosk.server.push(request_of([one, two, three])).results
    assert [r.code for r in results] == [None, "internal", None]
    assert [row[1] for row in ledger_rows(central)] == ["applied", "parked", "applied"]
    assert cases_match(central)
    assert two.body["patron_id"] not in caplog.text
    assert two.body["item_id"] not in caplog.text
    assert kiosk.sync(), "and the queue is empty afterwards"


def test_what_was_absurd_is_kept_as_it_came(central: Central, kiosk: RemoteKiosk) -> None:
    ops = waiting(central, kiosk, 2)
    push_raw(central, kiosk, ops, [{}, {"body": [1, "two"]}])
    with central.database.read() as conn:
        op = tables.operation.c
        kept = conn.execute(tables.operation.select().where(op.op_id == ops[1].op_id)).one()
    assert kept.body["body"] == [1, "two"]
    assert kept.at == ops[1].at.astimezone(UTC)
