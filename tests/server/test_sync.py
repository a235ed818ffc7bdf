"""Kiosk and server together, over real HTTP, on both engines."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from sqlalchemy import func, select

from kiosk.barcodes import numbered
from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, BookingState, Lease, Occupancy
from kiosk.booking.queries import offers_on
from kiosk.clock import local_date
from kiosk.decision import Context, Refused, Seat
from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.lending.model import Item, Loan
from kiosk.operations import Operation, OutcomeKind, Standing, chain_hash
from kiosk.people.decide import LinkCard
from kiosk.people.model import CardLink, LinkState, Patron
from kiosk.ports import Performed
from kiosk.records import TABLES
from kiosk.state import Query
from server.store import tables
from server.store.database import fetch
from sync.http import BearerToken, Declined, Garbage, ServerConnection, Unreachable
from sync.protocol import MAX_BODY, PROBLEM_JSON, Heartbeat, PushRequest, WireOperation
from sync.push import push_all
from tests.conftest import Central, RemoteKiosk
from virtual.proxy import Proxy, Weather
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


@pytest.fixture
def kiosk(central: Central, tmp_path: Path) -> RemoteKiosk:
    made = central.kiosk(tmp_path / "k1")
    assert made.sync()
    return made


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


def test_a_batch_sent_again_gets_the_same_answers(central: Central, kiosk: RemoteKiosk) -> None:
    for number in central.ward.free_items(3):
        lend(kiosk, number)
    request = request_of(kiosk.ledger.queued(10))
    first, again = kiosk.server.push(request), kiosk.server.push(request)
    assert [r.model_copy(update={"duplicate": True}) for r in first.results] == again.results
    assert len(ledger_rows(central)) == 3


def request_of(operations: list[Operation]) -> PushRequest:
    wires = [WireOperation.of(op) for op in operations]
    return PushRequest(protocol=1, batch_id=str(uuid4()), operations=wires)


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


def rehashed(op: Operation, **changed: object) -> Operation:
    """The operation with something else in it, and a hash that fits."""
    made = replace(op, **changed)  # type: ignore[arg-type]
    digest = chain_hash(
        made.prev_hash, op_id=made.op_id, device_id=made.device_id, incarnation=made.incarnation, seq=made.seq,
        kind=made.kind, at=made.at, body=made.body,
    )  # fmt: skip
    return replace(made, hash=digest)


def test_a_number_used_twice_is_kept_and_shown(central: Central, kiosk: RemoteKiosk) -> None:
    lend(kiosk, central.ward.free_items(1)[0])
    (op,) = kiosk.ledger.queued(1)
    assert kiosk.sync()
    fork = replace(op, op_id=str(uuid4()))
    (result,) = kiosk.server.push(request_of([fork])).results
    assert (result.outcome, result.code) == (OutcomeKind.PARKED, "sequence-fork")
    assert cases_match(central)


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


# ---- requests that are wrong -----------------------------------------------------------------------


def test_a_stranger_gets_nothing(central: Central, kiosk: RemoteKiosk) -> None:
    for device, token in (("kiosk-1", "wrong"), ("kiosk-9", "wrong")):
        stranger = ServerConnection(central.url, device, BearerToken(token))
        with pytest.raises(Declined) as declined:
            stranger.feed("", 0, 10)
        assert declined.value.problem.type == "unauthorized"


def test_wrong_bodies_are_problems_and_never_errors(central: Central) -> None:
    token = central.enrol("kiosk-x")
    url = f"{central.url}/v1/devices/kiosk-x/operations"
    headers = {"Authorization": f"Bearer {token}"}
    packed = headers | {"Content-Encoding": "gzip"}
    bomb = gzip.compress(b"0" * (50 * MAX_BODY))
    for body, head, kind in (
        (b"not json", headers, "malformed"),
        (b"[]", headers, "malformed"),
        (b'{"protocol":1,"batch_id":"x","operations":[]}', headers, "malformed"),
        (b"not gzip", packed, "malformed"),
        (bomb[: len(bomb) // 2], packed, "too-large"),
        (bomb, packed, "too-large"),
        (b"0" * (MAX_BODY + 1), headers, "too-large"),
    ):
        response = requests.post(url, data=body, headers=head, timeout=10)
        assert response.headers["Content-Type"] == PROBLEM_JSON
        assert response.json()["type"] == kind
    other = json.dumps(
        {"protocol": 99, "version": "1", "queued": 0, "clock_trust": "rtc", "at": "2026-11-21T00:00:00Z"}
    )
    response = requests.post(
        f"{central.url}/v1/devices/kiosk-x/heartbeat", data=other, headers=headers, timeout=10
    )
    assert response.json()["type"] == "unsupported-protocol"
    for query in ("after=-1", "after=5&epoch=other", "limit=0", "after=x"):
        response = requests.get(f"{central.url}/v1/devices/kiosk-x/feed?{query}", headers=headers, timeout=10)
        assert response.json()["type"] in ("malformed", "must-refetch")


@pytest.fixture
def liar() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers whatever the test puts into its hand."""
    script: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.wfile.write(script[0])
            self.close_connection = True

        do_GET = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None:
            return None

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", script
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}x", Garbage),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Garbage),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}", Unreachable),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", Garbage),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", Garbage),
        (b"\x00\x01\x02 nonsense", Unreachable),
        (b"", Unreachable),
    ],
)
def test_an_answer_that_is_none_loses_nothing(
    liar: tuple[str, list[bytes]], answer: bytes, error: type[Exception]
) -> None:
    url, script = liar
    script.append(answer)
    from kiosk.clock import SystemClock

    clock = SystemClock()
    beat = Heartbeat(protocol=1, version="t", queued=0, clock_trust=clock.trust, at=clock.now())
    with pytest.raises(error):
        ServerConnection(url, "kiosk-1", BearerToken("t")).heartbeat(beat)


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
