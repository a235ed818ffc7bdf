"""Every operation counts once and in order: repeats, gaps, forks, broken chains, rescued kiosks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from kiosk.operations import GENESIS, OutcomeKind
from kiosk.people.model import Patron
from sync.http import Declined
from tests.conftest import Central, RemoteKiosk
from tests.server.house import cases_match, ledger_rows, lend, rehashed, request_of


def test_a_batch_sent_again_gets_the_same_answers(central: Central, kiosk: RemoteKiosk) -> None:
    for number in central.ward.free_items(3):
        lend(kiosk, number)
    request = request_of(kiosk.ledger.queued(10))
    first, again = kiosk.server.push(request), kiosk.server.push(request)
    assert [r.model_copy(update={"duplicate": True}) for r in first.results] == again.results
    assert len(ledger_rows(central)) == 3


def test_a_gap_is_named_and_nothing_of_the_batch_is_taken(central: Central, kiosk: RemoteKiosk) -> None:
    for number in central.ward.free_items(3):
        lend(kiosk, number)
    with pytest.raises(Declined) as declined:
        kiosk.server.push(request_of(kiosk.ledger.queued(10)[1:]))
    assert (declined.value.problem.type, declined.value.problem.expected_seq) == ("gap", 1)
    assert ledger_rows(central) == []
    assert kiosk.sync(), "from the beginning it works"


def test_what_cannot_be_understood_is_parked_and_stops_nobody(central: Central, kiosk: RemoteKiosk) -> None:
    first, second, third = central.ward.free_items(3)
    for number in (first, second, third):
        lend(kiosk, number)
    ops = kiosk.ledger.queued(10)
    strange = rehashed(ops[1], kind="teleport")
    tampered = replace(rehashed(ops[2], prev_hash=strange.hash), body={})
    results = kiosk.server.push(request_of([ops[0], strange, tampered])).results
    assert [(r.outcome, r.code) for r in results] == [
        (OutcomeKind.APPLIED, None),
        (OutcomeKind.PARKED, "not-understood"),
        (OutcomeKind.PARKED, "chain-broken"),
    ]
    assert cases_match(central)
    assert len(ledger_rows(central)) == 3
    newer = rehashed(ops[2], schema_v=9, seq=4, op_id=str(uuid4()), prev_hash=tampered.hash)
    (result,) = kiosk.server.push(request_of([newer])).results
    assert (result.outcome, result.code) == (OutcomeKind.PARKED, "not-understood")


def test_a_number_used_twice_is_kept_and_shown(central: Central, kiosk: RemoteKiosk) -> None:
    lend(kiosk, central.ward.free_items(1)[0])
    (op,) = kiosk.ledger.queued(1)
    assert kiosk.sync()
    fork = replace(op, op_id=str(uuid4()))
    (result,) = kiosk.server.push(request_of([fork])).results
    assert (result.outcome, result.code) == (OutcomeKind.PARKED, "sequence-fork")
    assert cases_match(central)


def test_a_rescued_kiosk_goes_on_as_a_new_incarnation(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path
) -> None:
    first, second = central.ward.free_items(2)
    lend(kiosk, first)
    assert kiosk.sync()
    waiting = lend(kiosk, second)
    kiosk.ledger.close()
    path = tmp_path / "k1" / "kiosk.db"
    with path.open("r+b") as file:
        file.seek(4096 * (path.stat().st_size // 4096 // 2))
        file.write(b"\xaa" * 4096)
    saved = RemoteKiosk(
        type(kiosk.ledger)(path, "kiosk-1", kiosk.schedule._clock, kiosk.schedule._ids),
        kiosk.schedule,
        kiosk.server,
    )
    saved.schedule._outbox = saved.ledger
    assert saved.sync()
    ids = [row[0] for row in ledger_rows(central)]
    assert len(ids) == len(set(ids))
    assert waiting.op_id in ids
    assert len(saved.ledger.all(Patron)) == 200, "and the ward is whole again"


def test_a_rescued_kiosk_whose_last_answer_was_lost_goes_on(central: Central, kiosk: RemoteKiosk) -> None:
    for number in central.ward.free_items(2):
        lend(kiosk, number)
    first, second = kiosk.ledger.queued(2)
    kiosk.server.push(request_of([first]))
    again = rehashed(first, incarnation=2, seq=1, prev_hash=GENESIS)
    new = rehashed(second, incarnation=2, seq=2, prev_hash=again.hash)
    results = kiosk.server.push(request_of([again, new])).results
    assert [(r.outcome, r.duplicate) for r in results] == [
        (OutcomeKind.APPLIED, True),
        (OutcomeKind.APPLIED, False),
    ]
    assert len(ledger_rows(central)) == 2


def test_a_fork_inside_a_batch_does_not_set_the_place_back(central: Central, kiosk: RemoteKiosk) -> None:
    for number in central.ward.free_items(3):
        lend(kiosk, number)
    first, second, third = kiosk.ledger.queued(3)
    fork = rehashed(first, op_id=str(uuid4()))
    results = kiosk.server.push(request_of([first, second, fork])).results
    assert [r.code for r in results] == [None, None, "sequence-fork"]
    (result,) = kiosk.server.push(request_of([third])).results
    assert result.outcome is OutcomeKind.APPLIED
    assert cases_match(central)
