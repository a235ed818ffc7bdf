"""Acts of two kiosks that reach the server in another order than they happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from kiosk.lending.model import Loan
from kiosk.operations import ClockTrust, OutcomeKind
from kiosk.state import Query
from server.store import tables
from server.store.database import fetch
from tests.conftest import Central, RemoteKiosk
from tests.server.house import cases_match, give_back, ledger_rows, lend, rehashed, request_of


def test_a_checkout_that_arrives_after_the_return_leaves_no_loan_anywhere(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path
) -> None:
    other = central.kiosk(tmp_path / "k2", "kiosk-2")
    assert other.sync()
    (book,) = central.ward.free_items(1)
    loan = lend(kiosk, book)
    give_back(other, book)
    assert other.sync()
    assert kiosk.sync()
    assert [row[1:] for row in ledger_rows(central)] == [
        ("applied", None),
        ("applied_with_case", "newer-elsewhere"),
    ]
    assert cases_match(central)
    with central.database.read() as conn:
        assert list(fetch(conn, [Query.of(Loan, item_id=book)])) == []
        op = tables.operation.c
        body = conn.execute(select(op.body).where(op.op_id == loan.op_id)).scalar_one()
    assert body is None, "a loan that is over is forgotten"
    assert kiosk.ledger.state(Query.of(Loan, item_id=book)).all(Loan) == ()


def test_a_clock_that_runs_ahead_does_not_outdo_what_really_came_later(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path
) -> None:
    """A return "in 2037" must not turn every later loan of the book into history."""
    other = central.kiosk(tmp_path / "k2", "kiosk-2")
    assert other.sync()
    (book,) = central.ward.free_items(1)
    give_back(kiosk, book)
    (op,) = kiosk.ledger.queued(1)
    kiosk.server.push(request_of([rehashed(op, at=op.at + timedelta(days=4000))]))
    loan = lend(other, book)
    assert other.sync()
    assert ledger_rows(central)[-1] == (loan.op_id, "applied", None)
    with central.database.read() as conn:
        assert len(list(fetch(conn, [Query.of(Loan, item_id=book)]))) == 1


def test_a_guessed_time_does_not_make_an_act_history(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path
) -> None:
    other = central.kiosk(tmp_path / "k2", "kiosk-2")
    assert other.sync()
    (book,) = central.ward.free_items(1)
    give_back(other, book)
    assert other.sync()
    lend(kiosk, book)
    (op,) = kiosk.ledger.queued(1)
    early = replace(op, at=op.at - timedelta(days=9000), clock_trust=ClockTrust.GUESSED)
    (result,) = kiosk.server.push(request_of([rehashed(early)])).results
    assert result.outcome in (OutcomeKind.APPLIED, OutcomeKind.APPLIED_WITH_CASE)
    assert result.code != "newer-elsewhere"
    with central.database.read() as conn:
        assert len(list(fetch(conn, [Query.of(Loan, item_id=book)]))) == 1
