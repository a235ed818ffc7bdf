"""Kiosk and server together, over real HTTP, on both engines."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kiosk.barcodes import numbered
from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, BookingState, Lease, Occupancy
from kiosk.booking.queries import offers_on
from kiosk.clock import local_date
from kiosk.decision import Context, Refused, Seat
from kiosk.lending.model import Item, Loan
from kiosk.operations import OutcomeKind, Standing
from kiosk.people.decide import LinkCard
from kiosk.people.model import CardLink, LinkState
from kiosk.ports import Performed
from kiosk.records import TABLES
from kiosk.state import Query
from server.store import tables
from server.store.database import fetch
from sync.push import push_all
from tests.conftest import Central, RemoteKiosk
from tests.server.house import cases_match, give_back, ledger_rows, lend
from virtual.proxy import Proxy, Weather
from virtual.ward import DEMO_FACILITY, DEMO_RESIDENT


def test_the_kiosk_learns_the_ward_and_no_names(central: Central, kiosk: RemoteKiosk) -> None:
    for spec in TABLES.values():
        there = central.ward.of(spec.type)
        if spec.type not in (Lease,):
            assert len(kiosk.ledger.all(spec.type)) == len(there), spec.table
    profile = central.ward.profiles[3]
    dump = "\n".join(kiosk.ledger._db.conn.iterdump())
    assert profile["kana"] not in dump
    assert profile["card_number"] not in dump


def test_every_operation_arrives_once_whatever_the_network_does(central: Central, tmp_path: Path) -> None:
    host, port = central.url.removeprefix("http://").split(":")
    with Proxy((host, int(port))) as network:
        kiosk = central.kiosk(tmp_path / "k", url=network.url)
        assert kiosk.sync()
        books = central.ward.free_items(8)
        done = []
        for number, weather in zip(books, (w for _ in range(2) for w in Weather), strict=False):
            done.append(lend(kiosk, number).op_id)
            network.weather = weather
            assert kiosk.sync() is (weather is Weather.FINE)
        network.weather = Weather.FINE
        assert kiosk.sync()
    assert [op_id for op_id, *_ in ledger_rows(central)] == done
    assert kiosk.ledger.queue_length() == 0
    assert all(kiosk.ledger.answer(op_id).outcome is OutcomeKind.APPLIED for op_id in done)  # type: ignore[union-attr]


def test_one_book_lent_at_two_kiosks_is_a_case_and_nobody_is_refused(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path
) -> None:
    other = central.kiosk(tmp_path / "k2", "kiosk-2")
    assert other.sync()
    (book,) = central.ward.free_items(1)
    lend(kiosk, book, DEMO_RESIDENT)
    lend(other, book, "p00001")
    assert kiosk.sync()
    assert other.sync()
    assert [row[1:] for row in ledger_rows(central)] == [
        ("applied", None),
        ("applied_with_case", "implicit-return"),
    ]
    assert cases_match(central)
    assert kiosk.sync()
    for one in (kiosk, other):
        (loan,) = one.ledger.state(Query.of(Loan, item_id=book)).all(Loan)
        assert loan.patron_id == "p00001"


def test_a_room_asked_for_twice_offline_is_given_once(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path
) -> None:
    other = central.kiosk(tmp_path / "k2", "kiosk-2")
    assert other.sync()
    now = kiosk.schedule._clock.now()
    on = local_date(now) + timedelta(days=5)
    context = Context(now, Seat("kiosk-1"), kiosk.ledger.rules(now))
    offer = next(
        o for o in offers_on(kiosk.ledger, on, "asahigaoka", context) if o.room_id.startswith("asahigaoka")
    )
    for n, one in enumerate((kiosk, other)):
        done = one.ledger.perform(
            BookRoom(booking_id=f"twice-{n}", patron_id=f"p0000{n + 1}", facility_id="asahigaoka",
                     room_id=offer.room_id, on=on, slot_no=offer.slot_no),
            now,
        )  # fmt: skip
        assert isinstance(done, Performed)
        assert done.decision.standing is Standing.REQUESTED
    assert kiosk.sync()
    assert other.sync()
    assert [row[1] for row in ledger_rows(central)] == ["applied", "rejected"]
    assert cases_match(central)
    states = [one.ledger.state(Query.of(Booking, booking_id=f"twice-{n}")).all(Booking)[0].state
              for n, one in enumerate((kiosk, other))]  # fmt: skip
    assert states == [BookingState.CONFIRMED, BookingState.REJECTED]


def test_leased_rooms_are_confirmed_offline_and_stay_so(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path
) -> None:
    now = kiosk.schedule._clock.now()
    today = local_date(now)
    leases = kiosk.ledger.all(Lease)
    assert {lease.on for lease in leases} == {today, today + timedelta(days=1)}
    assert {lease.device_id for lease in leases} == {"kiosk-1"}
    other = central.kiosk(tmp_path / "k2", "kiosk-2")
    assert other.sync()
    context = Context(now, Seat("kiosk-1"), kiosk.ledger.rules(now))
    offers = [
        o
        for day in (today, today + timedelta(days=1))
        for o in offers_on(kiosk.ledger, day, DEMO_FACILITY, context)
        if o.final
    ]
    if not offers:
        pytest.fail("the made-up ward has no free slot under lease today and tomorrow")
    offer = offers[0]
    command = BookRoom(booking_id="leased", patron_id="p00002", facility_id=DEMO_FACILITY, room_id=offer.room_id,
                       on=offer.period.on, slot_no=offer.slot_no)  # fmt: skip
    intruder = other.ledger.perform(replace(command, booking_id="intruder", patron_id="p00003"), now)
    assert isinstance(intruder, Performed)
    assert other.sync(), "the intruder's request arrives first …"
    done = kiosk.ledger.perform(command, now)
    assert isinstance(done, Performed)
    assert done.decision.standing is Standing.FINAL
    assert kiosk.sync()
    assert [row[1:] for row in ledger_rows(central)] == [
        ("rejected", "slot-leased-elsewhere"),
        ("applied", None),
    ]


def test_a_card_link_becomes_active_and_a_second_owner_is_refused(
    central: Central, kiosk: RemoteKiosk
) -> None:
    now, tag = kiosk.schedule._clock.now(), "f" * 32
    done = kiosk.ledger.perform(LinkCard(patron_id=DEMO_RESIDENT, tag=tag, card_kind="mynumber"), now)
    assert isinstance(done, Performed)
    assert kiosk.sync()
    link = kiosk.ledger.state(Query.of(CardLink, tag=tag)).get(CardLink, tag)
    assert link is not None
    assert link.state is LinkState.ACTIVE
    refused = kiosk.ledger.perform(LinkCard(patron_id="p00001", tag=tag, card_kind="mynumber"), now)
    assert isinstance(refused, Refused)


def test_a_returned_loan_is_forgotten_everywhere(central: Central, kiosk: RemoteKiosk) -> None:
    (book,) = central.ward.free_items(1)
    loan = lend(kiosk, book).decision.changes[0].record  # type: ignore[union-attr]
    assert kiosk.sync()
    give_back(kiosk, book)
    assert kiosk.sync()
    with central.database.read() as conn:
        for table in tables.metadata.tables.values():
            text = json.dumps(
                [[str(v) for v in row] for row in conn.execute(select(table))], ensure_ascii=False
            )
            assert loan.loan_id not in text, table.name
            assert not [r for r in text.split("], [") if book in r and DEMO_RESIDENT in r], table.name
        assert list(fetch(conn, [Query.of(Loan, item_id=book)])) == []


def test_two_writers_and_a_reader_miss_nothing(central: Central, tmp_path: Path) -> None:
    kiosks = [central.kiosk(tmp_path / f"w{n}", f"kiosk-w{n}") for n in range(2)]
    reader = central.kiosk(tmp_path / "r", "kiosk-r")
    books = central.ward.free_items(60)
    for n, one in enumerate([*kiosks, reader]):
        assert one.sync()
        if one is not reader:
            for k, book in enumerate(books[n * 30 : n * 30 + 30]):
                lend(one, book, f"p{1 + k % 6:05d}")

    def drain(one: RemoteKiosk) -> None:
        push_all(one.server, one.ledger, one.schedule._clock, one.schedule._ids, batch=3)

    threads = [threading.Thread(target=drain, args=(one,)) for one in kiosks]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert reader.sync()
    for thread in threads:
        thread.join()
    assert reader.sync()
    with central.database.read() as conn:
        there = {row.item_id for row in conn.execute(select(tables.records["loan"].c.item_id))}
        cells = conn.execute(select(func.count()).select_from(tables.records["occupancy"])).scalar_one()
    assert {loan.item_id for loan in reader.ledger.all(Loan)} == there
    assert set(books) <= there
    assert len(reader.ledger.all(Occupancy)) == cells


def test_the_same_books_lent_at_once_at_two_kiosks_are_all_noticed(central: Central, tmp_path: Path) -> None:
    kiosks = [central.kiosk(tmp_path / f"w{n}", f"kiosk-w{n}") for n in range(2)]
    books = central.ward.free_items(40)
    for n, one in enumerate(kiosks):
        assert one.sync()
        for k, book in enumerate(books):
            lend(one, book, f"p{10 * n + 20 + k % 4:05d}")
    start = threading.Barrier(2)

    def drain(one: RemoteKiosk) -> None:
        start.wait()
        push_all(one.server, one.ledger, one.schedule._clock, one.schedule._ids, batch=2)

    threads = [threading.Thread(target=drain, args=(one,)) for one in kiosks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clashes = [row for row in ledger_rows(central) if row[1] == "applied_with_case"]
    assert len(ledger_rows(central)) == 80
    assert len(clashes) == 40, "each book was lent twice, and each second time is a case"
    assert cases_match(central)


def test_an_item_the_server_does_not_know_is_taken_with_a_case(central: Central, kiosk: RemoteKiosk) -> None:
    stray = numbered("1", 10, 7_000_000)
    row = {"item_id": stray, "title": "?", "item_type": "book", "home_id": DEMO_FACILITY, "for_loan": True}
    epoch, position = kiosk.ledger.cursor()
    change = {"table": "item", "key": [stray], "row": row}
    kiosk.ledger.apply_page(epoch, position, [change], kiosk.schedule._clock.now(), complete=True)
    assert kiosk.ledger.state(Query.of(Item, item_id=stray)).all(Item)
    lend(kiosk, stray)
    assert kiosk.sync()
    assert [row[1:] for row in ledger_rows(central)] == [("applied_with_case", "provisional-item")]
