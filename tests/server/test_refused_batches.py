"""A batch the server refuses as a whole: the queue goes on, nothing is lost, staff get to see it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.store import tables
from sync.protocol import MAX_BODY
from sync.push import push_all
from tests.conftest import Central, RemoteKiosk
from tests.server.house import case_codes, cases_match, ledger_rows, lend


def spoil(kiosk: RemoteKiosk, op_id: str, body: str) -> None:
    """What a defect of some later version might leave in the journal."""
    with kiosk.ledger._db.conn as conn:
        conn.execute("UPDATE journal SET body = ? WHERE op_id = ?", (body, op_id))


@pytest.mark.parametrize("body", [json.dumps({"text": "x" * (MAX_BODY + 1)}), json.dumps({"n": 1})])
def test_one_bad_operation_never_blocks_the_queue(central: Central, kiosk: RemoteKiosk, body: str) -> None:
    done = [
        lend(kiosk, number, f"p{1 + n % 6:05d}").op_id for n, number in enumerate(central.ward.free_items(9))
    ]
    spoil(kiosk, done[4], body)
    assert kiosk.sync()
    assert kiosk.ledger.queue_length() == 0
    outcomes = {op_id: outcome for op_id, outcome, _ in ledger_rows(central)}
    assert [outcomes[op_id] for op_id in done] == ["applied"] * 4 + ["parked"] + ["applied"] * 4
    assert cases_match(central)


def test_what_the_server_could_not_take_stays_on_the_kiosk(central: Central, kiosk: RemoteKiosk) -> None:
    op_id = lend(kiosk, central.ward.free_items(1)[0]).op_id
    spoil(kiosk, op_id, json.dumps({"text": "x" * (MAX_BODY + 1)}))
    assert kiosk.sync()
    assert case_codes(central) == ["content-withheld"]
    assert kiosk.ledger.forget(kiosk.schedule._clock.now() + timedelta(days=30)) == 0
    kept = kiosk.ledger._db.conn.execute("SELECT body FROM journal WHERE op_id = ?", (op_id,)).fetchone()
    assert len(kept["body"]) > MAX_BODY


def test_a_batch_that_is_too_large_goes_in_halves(central: Central, kiosk: RemoteKiosk) -> None:
    done = [
        lend(kiosk, number, f"p{1 + n % 6:05d}").op_id for n, number in enumerate(central.ward.free_items(8))
    ]
    for op_id in done:
        spoil(kiosk, op_id, json.dumps({"text": "x" * (MAX_BODY // 4)}))
    answered = push_all(kiosk.server, kiosk.ledger, kiosk.schedule._clock, kiosk.schedule._ids)
    assert answered == len(done)
    with central.database.read() as conn:
        bodies = conn.execute(select(tables.operation.c.body)).scalars().all()
    assert [len(body["text"]) for body in bodies] == [MAX_BODY // 4] * len(done), "and as a whole"
