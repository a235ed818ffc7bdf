"""5,000 queued operations to the server over real HTTP, against the bulk-insert limit of the same database."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes

import psycopg
import requests
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.report import heading, line
from kiosk.clock import DeviceClock
from kiosk.ids import Uuid7Ids
from kiosk.lending.decide import Checkout
from kiosk.lending.model import Item
from kiosk.store.ledger import SqliteLedger
from server import cli
from server.app import create_app
from server.settings import ServerSettings
from sync.http import ServerConnection
from sync.identity import DeviceAuth, load_identity, signed
from sync.pull import pull
from sync.push import push_all
from sync.signatures import SentAnswer, check_answer, check_request, named_key, sign_answer
from virtual.enrolment import enrol_device
from virtual.postgres import cluster
from virtual.processes import free_port
from virtual.ward import DEMO_FACILITY, Ward, make_ward, seed_server

OPERATIONS = 5000
BATCH = 500
ROUNDS = 3
_ROW = "x" * 240


def run() -> None:
    heading(f"{OPERATIONS} queued operations to the server, batch {BATCH}, median of {ROUNDS}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _one(folder, "SQLite", f"sqlite:///{folder / 's.db'}", _sqlite_limit)
        data = folder / "pg"
        data.mkdir()
        folder.chmod(0o755)
        with cluster(data) as url:
            _one(folder, "PostgreSQL", url, _postgres_limit)


def _one(folder: Path, name: str, url: str, limit: object) -> None:
    ward = make_ward(now=datetime.now(UTC), items=OPERATIONS * ROUNDS * 2)
    cli.migrate(url)
    seed_server(url, ward)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(ServerSettings(url)), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    rates, limits = [], []
    books = _books(ward)
    for round_no in range(ROUNDS):
        part = books[round_no * OPERATIONS : (round_no + 1) * OPERATIONS]
        rates.append(_push(folder, f"{name}-{round_no}", url, port, part))
        limits.append(limit(folder, url))  # type: ignore[operator]
    server.should_exit = True
    thread.join()
    rate, bulk = statistics.median(rates), statistics.median(limits)
    line(f"{name}: bulk insert, {BATCH} rows a transaction", f"{bulk:,.0f} rows/s", "baseline")
    line(f"{name}: push, apply and acknowledge", f"{rate:,.0f} ops/s",
         f"{rate / bulk:.1%} of the limit; {OPERATIONS / rate:.2f} s for {OPERATIONS}")  # fmt: skip
    cost = signing_seconds()
    line(f"{name}: of which signatures, both ways", f"{cost * 1000:.2f} ms a batch",
         f"{cost * rate / BATCH:.1%} of the push")  # fmt: skip


def signing_seconds() -> float:
    """Median of all four: sign and check the request of one batch, sign and check its answer."""
    key, server, now = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate(), datetime.now(UTC)
    body, receipt = token_bytes(BATCH * 70), token_bytes(BATCH * 130)  # as long as gzip leaves them
    times = []
    for _ in range(100):
        request = requests.Request(
            "POST", "http://127.0.0.1:8720/v1/devices/kiosk-1/operations", data=body,
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        ).prepare()  # fmt: skip
        answer = SentAnswer(200, {"Content-Type": "application/json"}, request)
        began = time.perf_counter()
        signed(request, key, now)
        named_key(request)
        check_request(request, body, key.public_key())
        sign_answer(answer, receipt, server, now)
        check_answer(answer, receipt, server.public_key())
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _books(ward: Ward) -> list[str]:
    return ward.free_items(len(ward.of(Item)))


def _push(folder: Path, device: str, url: str, port: int, books: list[str]) -> float:
    device = device.lower()
    clock, ids = DeviceClock(), Uuid7Ids()
    base, identity = f"http://127.0.0.1:{port}", folder / f"{device}.json"
    cli.add_device(url, device, DEMO_FACILITY, device)
    enrol_device(url, base, device, identity)
    connection = ServerConnection(base, device, DeviceAuth(load_identity(identity, device)))
    ledger = SqliteLedger(folder / f"{device}.db", device, clock, ids)
    pull(connection, ledger, clock)
    people = [f"p{n:05d}" for n in range(1000, 3000) if n % 41 != 7 and n % 97 != 11]
    for number, book in enumerate(books):
        command = Checkout(
            patron_id=people[number % len(people)], item_id=book, facility_id=DEMO_FACILITY, loan_id=ids.new()
        )
        ledger.perform(command, clock.now())
    queued = ledger.queue_length()
    began = time.perf_counter()
    answered = push_all(connection, ledger, clock, ids, BATCH)
    took = time.perf_counter() - began
    if answered != queued or queued < OPERATIONS * 0.9:
        raise RuntimeError(f"only {queued} of {OPERATIONS} were queued, {answered} answered")
    ledger.close()
    connection.close()
    return queued / took


def _sqlite_limit(folder: Path, _url: str) -> float:
    conn = sqlite3.connect(folder / f"limit-{time.time_ns()}.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("CREATE TABLE bulk (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
    ids = Uuid7Ids()
    rows = [(ids.new(), _ROW) for _ in range(OPERATIONS)]
    began = time.perf_counter()
    for start in range(0, OPERATIONS, BATCH):
        conn.execute("BEGIN")
        conn.executemany("INSERT INTO bulk VALUES (?, ?)", rows[start : start + BATCH])
        conn.execute("COMMIT")
    return OPERATIONS / (time.perf_counter() - began)


def _postgres_limit(_folder: Path, url: str) -> float:
    ids = Uuid7Ids()
    rows = [(ids.new(), _ROW) for _ in range(OPERATIONS)]
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS bulk (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        conn.commit()
        began = time.perf_counter()
        for start in range(0, OPERATIONS, BATCH):
            with conn.cursor() as cursor:
                cursor.executemany("INSERT INTO bulk VALUES (%s, %s)", rows[start : start + BATCH])
            conn.commit()
        return OPERATIONS / (time.perf_counter() - began)
