"""Fixtures that whole systems need: a database on either engine, a running central server."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import uvicorn
from hypothesis import settings

from kiosk.clock import DeviceClock, Machine
from kiosk.ids import Uuid7Ids
from kiosk.store.ledger import SqliteLedger
from server import cli
from server.app import create_app
from server.settings import ServerSettings
from server.store.database import Database
from sync.http import ServerConnection
from sync.identity import DeviceAuth, load_identity
from sync.schedule import Schedule
from tests.logscan import Watch
from virtual.cards.pcscd import Pcscd
from virtual.enrolment import enrol_device
from virtual.postgres import cluster
from virtual.processes import free_port
from virtual.ward import DEMO_FACILITY, Ward, make_ward, seed_server

HANAKO_TAG = "a" * 32
settings.register_profile("machikado", deadline=None)  # no test asserts a time
settings.load_profile("machikado")
_watch = Watch()
_watch.install()


@pytest.fixture(autouse=True)
def no_log_gives_anybody_away() -> Iterator[None]:
    """No PIN, name, identifier, certificate or serial in any log line of any test, at any level."""
    _watch.found.clear()
    yield
    assert not _watch.found


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    # not pytest's own folder: that is swept while other test runs are still going
    with tempfile.TemporaryDirectory(prefix="machikado-pg-") as folder, cluster(Path(folder)) as url:
        yield url


@pytest.fixture(scope="session")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    """A running pcscd with the virtual reader, ours to kill, beside whatever the system runs."""
    with Pcscd(tmp_path_factory.mktemp("pcscd") / "log") as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'server.db'}"
    maintenance: str = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex}"
    with psycopg.connect(maintenance, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    return maintenance.rsplit("/", 1)[0] + f"/{name}"


def clock_of_this_machine() -> DeviceClock:
    """Kiosks that share a machine share its clock, to the microsecond: its word is taken for theirs."""
    machine = Machine()
    machine.has_clock = True
    return DeviceClock(machine)


@dataclass
class Central:
    """A running central server with a small ward in it."""

    url: str
    database_url: str
    database: Database
    ward: Ward

    def enrol(self, folder: Path, device_id: str, facility_id: str = DEMO_FACILITY) -> DeviceAuth:
        """A new device with a key that staff approved; its identity is in the folder."""
        cli.add_device(self.database_url, device_id, facility_id, device_id)
        identity = folder / "identity.json"
        enrol_device(self.database_url, self.url, device_id, identity)
        return DeviceAuth(load_identity(identity, device_id))

    def kiosk(self, folder: Path, device_id: str = "kiosk-1", *, url: str | None = None) -> RemoteKiosk:
        folder.mkdir(parents=True, exist_ok=True)
        clock, ids = clock_of_this_machine(), Uuid7Ids()
        ledger = SqliteLedger(folder / "kiosk.db", device_id, clock, ids)
        server = ServerConnection(url or self.url, device_id, self.enrol(folder, device_id))
        return RemoteKiosk(
            ledger,
            Schedule(server, ledger, clock, ids, "test", lambda online, since: None),
            server,
        )


@dataclass
class RemoteKiosk:
    """A kiosk's store and its sync, stepped by hand."""

    ledger: SqliteLedger
    schedule: Schedule
    server: ServerConnection

    def sync(self) -> bool:
        return self.schedule.round()


def serving(
    settings: ServerSettings,
    certificate: tuple[Path, Path] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[uvicorn.Server, threading.Thread, str]:
    """Run the application on loopback in a thread of its own; with TLS where there is a certificate."""
    port = free_port()
    files = certificate or (None, None)
    config = uvicorn.Config(
        create_app(settings, now), port=port, log_level="error", ssl_certfile=files[0], ssl_keyfile=files[1]
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        assert thread.is_alive(), "the server ended while starting"
        time.sleep(0.01)
    return server, thread, f"{'https' if certificate else 'http'}://127.0.0.1:{port}"


@pytest.fixture
def central(database_url: str) -> Iterator[Central]:
    ward = make_ward(now=datetime.now(UTC), patrons=200, items=400)
    ward.give_card(HANAKO_TAG)
    cli.migrate(database_url)
    seed_server(database_url, ward)
    server, thread, url = serving(ServerSettings(database_url))
    yield Central(url, database_url, Database(database_url), ward)
    server.should_exit = True
    thread.join()
