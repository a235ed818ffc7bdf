"""A kiosk that has met the server once; a database with its tables and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.database import Database
from tests.conftest import Central, RemoteKiosk


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
