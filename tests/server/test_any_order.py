"""However batches are cut, repeated, lost and mixed on the way: one outcome each, and one truth in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import NAMESPACE_OID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from kiosk.decide import command_to_body
from kiosk.ids import Uuid7Ids
from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.lending.model import Item, Loan
from kiosk.operations import GENESIS, ClockTrust, Operation
from kiosk.people.model import Patron
from kiosk.records import Put
from kiosk.state import Query
from server import cli
from server.apply.arrival import Arrival
from server.apply.batch import Gap, apply_batch
from server.store import tables
from server.store.database import Database, fetch, write_changes
from tests.server.house import rehashed

START = datetime(2026, 11, 21, tzinfo=UTC)
NOW = START + timedelta(days=2)
DEVICES = "ABC"
ITEMS = PATRONS = 2
EXAMPLES = {"sqlite": 40, "postgresql": 8}


@dataclass
class World:
    """Some devices, books and readers of their own in a database that all examples share."""

    database: Database
    name: str
    journals: dict[str, list[Operation]] = field(default_factory=dict)
    ids: Uuid7Ids = field(default_factory=Uuid7Ids)

    def __post_init__(self) -> None:
        item = {"title": "t", "item_type": "book", "home_id": "h", "for_loan": True}
        reader = {"masked_name": "m", "expires_on": date(2030, 1, 1), "blocked": False}
        items = [Item(item_id=f"{self.name}-i{n}", **item) for n in range(ITEMS)]  # type: ignore[arg-type]
        readers = [Patron(patron_id=f"{self.name}-p{n}", **reader) for n in range(PATRONS)]  # type: ignore[arg-type]
        with self.database.write() as conn:
            write_changes(conn, [Put(record) for record in (*items, *readers)])
        for device in DEVICES:
            cli.add_device(self.database.url, f"{self.name}-{device}", "h", device)
            self.journals[device] = []

    def act(self, hour: int, device: str, kind: str, item: int, patron: int) -> None:
        """Write one act into the device's journal."""
        journal, item_id = self.journals[device], f"{self.name}-i{item}"
        lent = Checkout(
            patron_id=f"{self.name}-p{patron}",
            item_id=item_id,
            facility_id="h",
            loan_id=f"{self.name}-l{hour}",
        )
        wanted = lent if kind == "checkout" else ReturnItem(item_id=item_id, facility_id="h")
        bare = Operation(
            op_id=str(uuid5(NAMESPACE_OID, f"{self.name} {hour}")), device_id=f"{self.name}-{device}",
            incarnation=1, seq=len(journal) + 1, kind=kind, schema_v=1, at=START + timedelta(hours=hour),
            mono_ms=0, boot_id="b", clock_trust=ClockTrust.SYNCED, body=command_to_body(wanted),
            prev_hash=journal[-1].hash if journal else GENESIS, hash="",
        )  # fmt: skip
        journal.append(rehashed(bare))

    def push(self, device: str, first: int, length: int) -> int:
        """Send a part of a journal; gives how many were answered."""
        part = [Arrival(op) for op in self.journals[device][first : first + length]]
        if not part:
            return 0
        response = apply_batch(self.database, f"{self.name}-{device}", part, NOW, self.ids)
        assert [result.op_id for result in response.results] == [arrival.op.op_id for arrival in part]
        return len(part)

    def ledger(self) -> list[tuple[str, int, str, str | None]]:
        op = tables.operation.c
        wanted = select(op.op_id, op.server_seq, op.outcome, op.case_id).where(
            op.device_id.like(f"{self.name}-_")
        )
        with self.database.read() as conn:
            return [tuple(row) for row in conn.execute(wanted)]

    def cases(self) -> int:
        case, op = tables.staff_case.c, tables.operation.c
        mine = select(func.count()).select_from(
            tables.staff_case.join(tables.operation, case.op_id == op.op_id)
        )
        with self.database.read() as conn:
            return int(conn.execute(mine.where(op.device_id.like(f"{self.name}-_"))).scalar_one())

    def loans(self) -> set[tuple[str, str]]:
        """Which loan is open for which book, without this world's name."""
        queries = [Query.of(Loan, item_id=f"{self.name}-i{n}") for n in range(ITEMS)]
        with self.database.read() as conn:
            found = list(fetch(conn, queries))
        return {(loan.item_id.split("-")[1], loan.loan_id.split("-")[1]) for loan in found}

    def places(self) -> dict[str, int]:
        device = tables.device.c
        with self.database.read() as conn:
            rows = conn.execute(
                select(device.device_id, device.last_seq).where(device.device_id.like(f"{self.name}-_"))
            )
            return {row.device_id.split("-")[1]: row.last_seq for row in rows}


ACTS = st.lists(
    st.tuples(
        st.sampled_from(DEVICES), st.sampled_from(["checkout", "return"]), st.integers(0, ITEMS - 1),
        st.integers(0, PATRONS - 1),
    ),
    min_size=1, max_size=14,
)  # fmt: skip
PARCELS = st.lists(
    st.tuples(st.sampled_from(DEVICES), st.integers(-4, 1), st.integers(1, 5), st.booleans()), max_size=14
)
"""Device, from where relative to what it knows as answered, how many, whether the answer gets through."""


def deliver_in_order(world: World) -> None:
    for device, journal in world.journals.items():
        world.push(device, 0, len(journal))


def deliver_badly(world: World, parcels: list[tuple[str, int, int, bool]]) -> None:
    answered = dict.fromkeys(DEVICES, 0)
    for device, offset, length, heard in parcels:
        first = max(0, answered[device] + offset)
        before = world.ledger()
        try:
            sent = world.push(device, first, length)
        except Gap as gap:
            assert gap.expected <= first
            assert world.ledger() == before, "nothing of such a batch is taken"
            continue
        if heard and sent:
            answered[device] = max(answered[device], first + sent)
    for device, journal in world.journals.items():
        world.push(device, answered[device], len(journal))


def check(world: World) -> None:
    ledger = world.ledger()
    sent = {op.op_id for journal in world.journals.values() for op in journal}
    assert {row[0] for row in ledger} == sent, "nothing is lost and nothing made up"
    assert len(ledger) == len(sent), "and each has exactly one outcome"
    assert len({row[1] for row in ledger}) == len(sent)
    assert all(outcome.startswith("applied") for _, _, outcome, _ in ledger), "no fact is refused or parked"
    assert world.cases() == sum(outcome != "applied" for _, _, outcome, _ in ledger)
    assert all((outcome != "applied") == (case is not None) for _, _, outcome, case in ledger)
    assert world.places() == {device: len(journal) for device, journal in world.journals.items()}


def test_however_batches_arrive_the_end_is_the_same(database: Database) -> None:
    numbers = count()

    @settings(max_examples=EXAMPLES[database.engine.dialect.name], deadline=None)
    @given(ACTS, PARCELS)
    def holds(acts: list[tuple[str, str, int, int]], parcels: list[tuple[str, int, int, bool]]) -> None:
        worlds = [World(database, f"w{next(numbers)}") for _ in range(2)]
        for world in worlds:
            for hour, act in enumerate(acts):
                world.act(hour, *act)
        deliver_in_order(worlds[0])
        deliver_badly(worlds[1], parcels)
        for world in worlds:
            check(world)
        assert worlds[0].loans() == worlds[1].loans()
        last = {item: (hour, kind) for hour, (_, kind, item, _) in enumerate(acts)}
        out = {(f"i{item}", f"l{hour}") for item, (hour, kind) in last.items() if kind == "checkout"}
        assert worlds[1].loans() == out, "the newest act says who has the book"

    holds()
