"""A durable lending operation (decide, record, journal, hash chain, COMMIT) against one raw durable row."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path

from benchmarks.report import heading, line, median_ms, p95_ms
from kiosk.barcodes import numbered
from kiosk.clock import DeviceClock
from kiosk.ids import Uuid7Ids
from kiosk.lending.decide import Checkout
from kiosk.lending.model import Item
from kiosk.people.model import Patron
from kiosk.records import Put, change_to_json
from kiosk.store.ledger import SqliteLedger

ROUNDS = 7
PER_ROUND = 200


def _stock(ledger: SqliteLedger, clock: DeviceClock) -> None:
    year = clock.now().year + 2
    people = [
        Patron(patron_id=f"p{n}", masked_name="○", expires_on=clock.now().date().replace(year=year, day=1),
               blocked=False)
        for n in range(3000)
    ]  # fmt: skip
    items = [
        Item(item_id=numbered("1", 10, n), title="本", item_type="book", home_id="f", for_loan=True)
        for n in range(5000)
    ]
    ledger.replace_all("e", 1, [change_to_json(Put(row)) for row in (*people, *items)], clock.now())


def _raw(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("CREATE TABLE one (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT")
    return conn


def run() -> None:
    heading("Durable lending operation against a raw one-row durable sqlite3 insert (interleaved rounds)")
    with tempfile.TemporaryDirectory() as name:
        folder, clock, ids = Path(name), DeviceClock(), Uuid7Ids()
        ledger = SqliteLedger(folder / "kiosk.db", "bench", clock, ids)
        _stock(ledger, clock)
        raw = _raw(folder / "raw.db")
        lending: list[float] = []
        plain: list[float] = []
        for round_no in range(ROUNDS):
            for n in range(round_no * PER_ROUND, (round_no + 1) * PER_ROUND):
                began = time.perf_counter()
                raw.execute("INSERT INTO one VALUES (?, ?)", (ids.new(), "x" * 240))
                plain.append(time.perf_counter() - began)
                command = Checkout(
                    patron_id=f"p{n}", item_id=numbered("1", 10, n), facility_id="f", loan_id=ids.new()
                )
                began = time.perf_counter()
                ledger.perform(command, clock.now())
                lending.append(time.perf_counter() - began)
        ratio = median_ms(plain) / median_ms(lending)
        line(
            "raw durable insert, median / p95", f"{median_ms(plain):.3f} / {p95_ms(plain):.3f} ms", "baseline"
        )
        line("lending operation, median / p95", f"{median_ms(lending):.3f} / {p95_ms(lending):.3f} ms",
             f"{ratio:.0%} of the raw rate")  # fmt: skip
        ledger.close()
        raw.close()
