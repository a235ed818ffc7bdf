"""What the simulation found, once more in the small: a server restored from a backup, and other surprises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, BookingState, Lease, Occupancy
from kiosk.booking.queries import offers_on
from kiosk.clock import local_date
from kiosk.decision import Context, Seat
from kiosk.lending.model import Loan
from kiosk.operations import Outcome, OutcomeKind, Standing
from kiosk.people.decide import StopCard
from kiosk.people.model import CardLink, LinkState, Patron
from kiosk.ports import Performed
from kiosk.records import Put
from kiosk.state import Query
from server.store import tables
from server.store.database import fetch, write_changes
from tests.conftest import HANAKO_TAG, Central, RemoteKiosk
from tests.server.house import case_codes, cases_match, ledger_rows, lend
from virtual.ward import DEMO_FACILITY, DEMO_RESIDENT

BACKED_UP = (
    *tables.records.values(), tables.operation, tables.staff_case, tables.change, tables.device, tables.counter
)  # fmt: skip
"""All tables that an operation writes."""


def backup(central: Central) -> dict[str, list[dict[str, Any]]]:
    with central.database.read() as conn:
        return {t.name: [dict(row._mapping) for row in conn.execute(select(t))] for t in BACKED_UP}


def restore(central: Central, kept: dict[str, list[dict[str, Any]]]) -> None:
    """Go back to the backup, as another life of the server."""
    with central.database.write() as conn:
        for table in BACKED_UP:
            conn.execute(delete(table))
            if kept[table.name]:
                conn.execute(insert(table), kept[table.name])
        conn.execute(update(tables.meta).where(tables.meta.c.name == "epoch").values(value="another-life"))


def test_a_restored_server_is_refilled_by_a_kiosk_with_nothing_new(
    central: Central, kiosk: RemoteKiosk
) -> None:
    kept, books = backup(central), central.ward.free_items(3)
    done = [lend(kiosk, book).op_id for book in books]
    assert kiosk.sync()
    restore(central, kept)
    assert ledger_rows(central) == []
    assert kiosk.sync()
    assert [(op_id, outcome) for op_id, outcome, _ in ledger_rows(central)] == [(o, "applied") for o in done]
    assert {loan.item_id for loan in kiosk.ledger.all(Loan)} >= set(books)


def test_and_by_one_with_something_new_in_the_same_order(central: Central, kiosk: RemoteKiosk) -> None:
    kept, books = backup(central), central.ward.free_items(3)
    done = [lend(kiosk, book).op_id for book in books[:2]]
    assert kiosk.sync()
    restore(central, kept)
    done.append(lend(kiosk, books[2]).op_id)
    assert kiosk.sync(), "the gap is filled in the same round"
    assert [op_id for op_id, *_ in ledger_rows(central)] == done
    assert kiosk.ledger.queue_length() == 0


def test_what_is_forgotten_comes_back_as_a_case(central: Central, kiosk: RemoteKiosk) -> None:
    kept, (book,) = backup(central), central.ward.free_items(1)
    lend(kiosk, book)
    assert kiosk.sync()
    kiosk.ledger.forget(kiosk.schedule._clock.now() + timedelta(days=2))
    restore(central, kept)
    assert kiosk.sync()
    assert [row[1:] for row in ledger_rows(central)] == [("parked", "content-withheld")]
    assert cases_match(central)


def test_an_effect_on_a_table_of_a_newer_server_does_not_stop_the_queue(
    kiosk: RemoteKiosk, central: Central
) -> None:
    (book,) = central.ward.free_items(1)
    done = lend(kiosk, book)
    newer = {"table": "of_a_later_version", "key": ["k"], "row": {"k": "k"}}
    answer = Outcome(op_id=done.op_id, outcome=OutcomeKind.APPLIED, server_seq=1, effects=(newer,))
    kiosk.ledger.settle([answer], kiosk.schedule._clock.now())
    assert kiosk.ledger.queue_length() == 0


def test_a_parked_act_leaves_no_trace_of_its_own_at_the_kiosk(kiosk: RemoteKiosk, central: Central) -> None:
    (book,) = central.ward.free_items(1)
    lend(kiosk, book)
    with kiosk.ledger._db.conn as conn:
        conn.execute("UPDATE journal SET schema_v = 9")  # as a newer program writes it
    assert kiosk.sync(), "it fetches everything anew"
    assert [row[1:] for row in ledger_rows(central)] == [("parked", "not-understood")]
    assert kiosk.ledger.state(Query.of(Loan, item_id=book)).all(Loan) == ()


def test_a_card_that_went_to_somebody_else_is_not_killed_here(central: Central, kiosk: RemoteKiosk) -> None:
    query = Query.of(CardLink, tag=HANAKO_TAG)
    with central.database.write() as conn:
        (link,) = fetch(conn, [query])
        write_changes(conn, [Put(replace(link, patron_id="p00001"))])
    now = kiosk.schedule._clock.now()
    done = kiosk.ledger.perform(StopCard(patron_id=DEMO_RESIDENT, tag=HANAKO_TAG, lost=True), now)
    assert isinstance(done, Performed)
    assert kiosk.sync()
    assert case_codes(central) == ["card-not-yours"]
    here = kiosk.ledger.state(query).get(CardLink, HANAKO_TAG)
    assert here is not None
    assert here.state is LinkState.ACTIVE


def test_a_room_confirmed_under_a_lease_stays_confirmed_for_somebody_blocked_meanwhile(
    central: Central, kiosk: RemoteKiosk
) -> None:
    now = kiosk.schedule._clock.now()
    context, tomorrow = (
        Context(now, Seat("kiosk-1"), kiosk.ledger.rules(now)),
        local_date(now) + timedelta(days=1),
    )
    offer = next(o for o in offers_on(kiosk.ledger, tomorrow, DEMO_FACILITY, context) if o.final)
    command = BookRoom(booking_id="promised", patron_id="p00002", facility_id=DEMO_FACILITY, room_id=offer.room_id,
                       on=tomorrow, slot_no=offer.slot_no)  # fmt: skip
    done = kiosk.ledger.perform(command, now)
    assert isinstance(done, Performed)
    assert done.decision.standing is Standing.FINAL
    with central.database.write() as conn:
        (patron,) = fetch(conn, [Query.of(Patron, patron_id="p00002")])
        write_changes(conn, [Put(replace(patron, blocked=True))])
    assert kiosk.sync()
    assert [row[1:] for row in ledger_rows(central)] == [("applied_with_case", "patron-blocked")]
    assert cases_match(central)
    with central.database.read() as conn:
        (booking,) = fetch(conn, [Query.of(Booking, booking_id="promised")])
        assert booking.state is BookingState.CONFIRMED


def test_the_cells_of_a_room_that_was_lost_are_free_again_here(central: Central, kiosk: RemoteKiosk) -> None:
    """Staff gave the lease to another device before the booking made under it arrived."""
    now = kiosk.schedule._clock.now()
    context, tomorrow = (
        Context(now, Seat("kiosk-1"), kiosk.ledger.rules(now)),
        local_date(now) + timedelta(days=1),
    )
    offer = next(o for o in offers_on(kiosk.ledger, tomorrow, DEMO_FACILITY, context) if o.final)
    command = BookRoom(booking_id="lost", patron_id="p00002", facility_id=DEMO_FACILITY, room_id=offer.room_id,
                       on=tomorrow, slot_no=offer.slot_no)  # fmt: skip
    assert isinstance(kiosk.ledger.perform(command, now), Performed)
    with central.database.write() as conn:
        (lease,) = fetch(conn, [Query.of(Lease, facility_id=DEMO_FACILITY, on=tomorrow)])
        write_changes(conn, [Put(replace(lease, device_id="another", epoch=lease.epoch + 1))])
    assert kiosk.sync()
    assert [row[1:] for row in ledger_rows(central)] == [("rejected", "slot-leased-elsewhere")]
    assert kiosk.ledger.state(Query.of(Occupancy, booking_id="lost")).all(Occupancy) == ()
