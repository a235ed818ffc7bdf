"""What the server's tests do at a kiosk, and what they look up at the server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.operations import Operation, chain_hash
from kiosk.ports import Performed
from server.store import tables
from sync.identity import DeviceAuth, Identity
from sync.protocol import PushRequest, WireOperation
from tests.conftest import Central, RemoteKiosk
from virtual.ward import DEMO_FACILITY, DEMO_RESIDENT


def lend(kiosk: RemoteKiosk, number: str, patron_id: str = DEMO_RESIDENT) -> Performed:
    now = kiosk.schedule._clock.now()
    command = Checkout(patron_id=patron_id, item_id=number, facility_id=DEMO_FACILITY, loan_id=str(uuid4()))
    done = kiosk.ledger.perform(command, now)
    assert isinstance(done, Performed), done
    return done


def give_back(kiosk: RemoteKiosk, number: str) -> Performed:
    done = kiosk.ledger.perform(
        ReturnItem(item_id=number, facility_id=DEMO_FACILITY), kiosk.schedule._clock.now()
    )
    assert isinstance(done, Performed)
    return done


def ledger_rows(central: Central) -> list[tuple[str, str, str | None]]:
    op = tables.operation.c
    with central.database.read() as conn:
        return [
            tuple(row) for row in conn.execute(select(op.op_id, op.outcome, op.code).order_by(op.server_seq))
        ]


def case_codes(central: Central) -> list[str]:
    with central.database.read() as conn:
        return list(conn.execute(select(tables.staff_case.c.code)).scalars())


def cases_match(central: Central) -> bool:
    """Nothing is silent: every outcome but `applied` has a case."""
    return len(case_codes(central)) == sum(
        1 for _, outcome, _ in ledger_rows(central) if outcome != "applied"
    )


def stranger(device_id: str) -> DeviceAuth:
    """Somebody with a key of their own who says they are this device."""
    key, server = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate().public_key()
    return DeviceAuth(Identity(device_id, key, server, datetime.now(UTC)))


def request_of(operations: list[Operation]) -> PushRequest:
    wires = [WireOperation.of(op) for op in operations]
    return PushRequest(protocol=1, batch_id=str(uuid4()), operations=wires)


def rehashed(op: Operation, **changed: object) -> Operation:
    """The operation with something else in it, and a hash that fits."""
    made = replace(op, **changed)  # type: ignore[arg-type]
    digest = chain_hash(
        made.prev_hash, op_id=made.op_id, device_id=made.device_id, incarnation=made.incarnation, seq=made.seq,
        kind=made.kind, at=made.at, body=made.body,
    )  # fmt: skip
    return replace(made, hash=digest)
