"""The local store: an act is durable or it did not happen, whatever becomes of the disk."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.barcodes import numbered
from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, BookingState, Occupancy
from kiosk.codes import Refusal, Trouble
from kiosk.decide import command_from_body
from kiosk.decision import Refused
from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.lending.model import Item, Loan
from kiosk.operations import GENESIS, Outcome, OutcomeKind, chain_hash
from kiosk.people.model import Patron
from kiosk.ports import Answer, Performed, StoreProblem
from kiosk.records import Put, change_to_json
from kiosk.state import Query
from kiosk.store.ledger import SqliteLedger
from tests.kiosk.house import BOOKS, DEVICE, HANAKO, HOME, NOON, TOMORROW, open_ledger, records


def lend(ledger: SqliteLedger, number: str, patron_id: str = HANAKO) -> Performed | Refused:
    command = Checkout(patron_id=patron_id, item_id=number, facility_id=HOME, loan_id=f"loan-{number}")
    return ledger.perform(command, NOON)


def lent(ledger: SqliteLedger, number: str) -> Performed:
    done = lend(ledger, number)
    assert isinstance(done, Performed)
    return done


def loans(ledger: SqliteLedger) -> set[str]:
    return {loan.item_id for loan in ledger.all(Loan)}


def test_an_act_and_its_effect_are_one(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    done = lent(ledger, BOOKS[0])
    ledger.close()
    again = open_ledger(tmp_path, stocked=False)
    assert loans(again) == {BOOKS[0]}
    (operation,) = again.queued(10)
    assert (operation.op_id, operation.seq, operation.incarnation) == (done.op_id, 1, 1)
    body = command_from_body("checkout", operation.body)
    assert isinstance(body, Checkout)
    assert body.promised_due_on is not None, "what the reader was told goes with it"


def test_the_journal_is_gapless_and_chained(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for number in BOOKS[:5]:
        lent(ledger, number)
    previous = GENESIS
    for seq, op in enumerate(ledger.queued(100), start=1):
        assert op.seq == seq
        assert op.prev_hash == previous
        previous = chain_hash(
            previous,
            op_id=op.op_id,
            device_id=DEVICE,
            incarnation=1,
            seq=seq,
            kind=op.kind,
            at=op.at,
            body=op.body,
        )
        assert op.hash == previous


def test_a_refusal_leaves_no_trace(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    refused = lend(ledger, BOOKS[36])
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.ITEM_NOT_FOR_LOAN
    assert ledger.queue_length() == 0


def test_a_full_disk_takes_nothing_back_and_lends_nothing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill_the_disk(ledger)
    done: list[str] = []
    code: Trouble | None = None
    for number in BOOKS * 100:  # what is left in allocated pages is used up first
        try:
            ledger.perform(ReturnItem(item_id=number, facility_id=HOME), NOON)
        except StoreProblem as problem:
            code = problem.code
            break
        done.append(number)
    assert code is Trouble.STORE_FULL
    assert [op.body["item_id"] for op in ledger.queued(10_000)] == done
    ledger._db.conn.execute("PRAGMA max_page_count=1000000")
    assert isinstance(lend(ledger, BOOKS[30]), Performed), "with room again, service goes on"


def fill_the_disk(ledger: SqliteLedger) -> None:
    """SQLite answers as on a full disk (SQLITE_FULL) from here on."""
    pages = ledger._db.conn.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.conn.execute(f"PRAGMA max_page_count={pages}")


# ---- a damaged file --------------------------------------------------------------------------------


def damage(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xaa" * length)


def test_a_damaged_file_is_kept_aside_and_what_waits_is_rescued(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ops = [lent(ledger, number).op_id for number in BOOKS[:8]]
    ledger.close()
    path = tmp_path / "kiosk.db"
    size = path.stat().st_size
    damage(path, size // 2 // 4096 * 4096, 4096)
    again = open_ledger(tmp_path, stocked=False)
    assert again.rescued > 0
    assert list(tmp_path.glob("kiosk.db.damaged-*")), "the old file is evidence"
    saved = again.queued(100)
    assert {op.op_id for op in saved} <= set(ops)
    assert [op.seq for op in saved] == list(range(1, len(saved) + 1))
    assert all(op.incarnation == 2 for op in saved)
    assert again.cursor() == ("", 0), "everything is asked of the server anew"


@settings(max_examples=25, deadline=None)
@given(place=st.floats(0, 0.999), pages=st.integers(1, 3))
def test_no_damage_anywhere_stops_the_service(
    tmp_path_factory: pytest.TempPathFactory, place: float, pages: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    ledger = open_ledger(folder)
    ops = {lent(ledger, number).op_id for number in BOOKS[:8]}
    ledger.close()
    path = folder / "kiosk.db"
    damage(path, int(path.stat().st_size * place) // 4096 * 4096, pages * 4096)
    again = open_ledger(folder, stocked=False)
    assert {op.op_id for op in again.queued(100)} <= ops, "nothing is made up"
    again.replace_all("epoch-1", 1, [], NOON)
    again.apply_page("epoch-1", 2, [_patron(), _item(BOOKS[30])], NOON, complete=True)
    assert isinstance(lend(again, BOOKS[30]), Performed), "and the counter goes on"
    again.close()


def test_damage_that_shows_while_running_is_survived(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.apply_page(
        "epoch-1", 2, [_item(numbered("1", 10, n)) for n in range(100, 3000)], NOON, complete=True
    )
    waiting = lent(ledger, BOOKS[0])
    ledger._db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger._db.conn.execute("PRAGMA cache_size=1")  # so that it reads the disk, not its memory
    path = tmp_path / "kiosk.db"
    damage(path, path.stat().st_size // 8192 * 4096, 5 * 4096)
    saved = [item for item in ledger.all(Item) if item.item_id != BOOKS[0] and item.for_loan]
    assert len(saved) > 100, "what could be read is there"
    assert ledger.rescued > 0
    assert [op.op_id for op in ledger.queued(9)] == [waiting.op_id]
    assert isinstance(lend(ledger, saved[0].item_id), Performed)


def test_a_file_that_is_no_database_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kiosk.db").write_bytes(b"not a database at all" * 1000)
    ledger = open_ledger(tmp_path)
    assert isinstance(lend(ledger, BOOKS[0]), Performed)


# ---- what the server says --------------------------------------------------------------------------


def applied(op_id: str, **more: object) -> Outcome:
    fields = {"outcome": OutcomeKind.APPLIED, "server_seq": 1, "effects": ()} | more
    return Outcome(op_id=op_id, **fields)  # type: ignore[arg-type]


def _patron() -> dict[str, object]:
    return change_to_json(Put(next(r for r in records() if isinstance(r, Patron))))


def _item(number: str) -> dict[str, object]:
    return change_to_json(
        Put(Item(item_id=number, title="本", item_type="book", home_id=HOME, for_loan=True))
    )


def test_an_answered_act_leaves_the_queue_and_a_second_answer_changes_nothing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    done = lent(ledger, BOOKS[0])
    effects = tuple(change_to_json(change) for change in done.decision.changes)
    for _ in range(2):
        ledger.settle([applied(done.op_id, effects=effects)], NOON)
        assert ledger.queue_length() == 0
        assert ledger.answer(done.op_id) == Answer(OutcomeKind.APPLIED, None)
        assert loans(ledger) == {BOOKS[0]}


def test_a_rejected_request_is_shown_as_rejected(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    command = BookRoom(
        booking_id="b1", patron_id=HANAKO, facility_id="sakae", room_id="sakae-a", on=TOMORROW, slot_no=1
    )
    done = ledger.perform(command, NOON)
    assert isinstance(done, Performed)
    made = next(iter(ledger.state(Query.of(Booking, booking_id="b1")).all(Booking)))
    no = change_to_json(Put(replace(made, state=BookingState.REJECTED)))
    taken = change_to_json(Put(Occupancy(part_id="sakae-a", on=TOMORROW, cell=18, booking_id="other")))
    ledger.settle(
        [applied(done.op_id, outcome=OutcomeKind.REJECTED, code="slot-taken", effects=(no, taken))], NOON
    )
    after = ledger.state(Query.of(Booking, booking_id="b1")).get(Booking, "b1")
    assert after is not None
    assert after.state is BookingState.REJECTED


def test_a_pull_never_hides_an_act_that_still_waits(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    lent(ledger, BOOKS[0])
    elsewhere = Loan(item_id=BOOKS[0], loan_id="old", patron_id="p-taro", item_type="book", facility_id="x",
                     since=NOON, due_on=TOMORROW)  # fmt: skip
    ledger.apply_page("epoch-1", 9, [change_to_json(Put(elsewhere))], NOON, complete=True)
    loan = ledger.state(Query.of(Loan, item_id=BOOKS[0])).get(Loan, BOOKS[0])
    assert loan is not None
    assert loan.patron_id == HANAKO
    ledger.replace_all("epoch-2", 3, [change_to_json(Put(elsewhere)), _patron()], NOON)
    assert ledger.cursor() == ("epoch-2", 3)
    assert {x.patron_id for x in ledger.all(Loan)} == {HANAKO}


def test_a_table_of_a_newer_server_is_passed_over(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    news = {"table": "hologram", "key": ["1"], "row": {"id": "1"}}
    ledger.apply_page("epoch-1", 5, [news], NOON, complete=True)
    assert ledger.cursor() == ("epoch-1", 5)


def test_after_a_day_nobody_can_read_who_borrowed_what(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    done = lent(ledger, BOOKS[7])
    back = ledger.perform(ReturnItem(item_id=BOOKS[7], facility_id=HOME), NOON)
    assert isinstance(back, Performed)
    ledger.settle([applied(done.op_id), applied(back.op_id)], NOON)
    assert ledger.forget(NOON + timedelta(hours=23)) == 0
    assert ledger.forget(NOON + timedelta(hours=25)) == 2
    ledger._db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    raw = sqlite3.connect(tmp_path / "kiosk.db")
    dump = "\n".join(raw.iterdump())
    assert f"loan-{BOOKS[7]}" not in dump
    assert not [line for line in dump.splitlines() if BOOKS[7] in line and HANAKO in line]
    assert f"loan-{BOOKS[7]}".encode() not in (tmp_path / "kiosk.db").read_bytes(), (
        "not in freed pages either"
    )
