"""A kiosk that has met the server once; a database with its tables and nothing else; a real browser."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Page, sync_playwright

from server.identity import keys
from server.store.database import Database
from tests.conftest import Central, RemoteKiosk

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def kiosk(central: Central, tmp_path: Path) -> RemoteKiosk:
    made = central.kiosk(tmp_path / "k1")
    assert made.sync()
    return made


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.migrate()
    yield opened
    opened.dispose()


@pytest.fixture
def known(database: Database) -> Database:
    """The same with one device that has no key yet."""
    with database.write() as conn:
        keys.add_device(conn, "kiosk-1", "hikarigaoka", "1F")
    return database


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Makes empty databases: the name of an engine gives a URL."""

    def make(engine: str) -> str:
        name = f"t{uuid4().hex}"
        if engine == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        maintenance: str = request.getfixturevalue("postgres")
        with psycopg.connect(maintenance, autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}")
        return maintenance.rsplit("/", 1)[0] + f"/{name}"

    return make


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", headless=True, args=ARGUMENTS,
            viewport={"width": 1280, "height": 800}, locale="ja-JP",
        )  # fmt: skip
        opened = context.new_page()
        opened.set_default_timeout(15_000)
        yield opened
        context.close()
