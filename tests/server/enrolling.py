"""What the tests of enrolment and of keys do at the server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from server.identity import keys
from server.store import tables
from server.store.database import Database
from sync.enrolment import rotate
from sync.identity import DeviceAuth
from tests.conftest import RemoteKiosk
from virtual.ward import DEMO_FACILITY

NOW = datetime(2026, 11, 21, tzinfo=UTC)
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def claim(database: Database, code: str, at: datetime = NOW) -> Ed25519PrivateKey | None:
    key = Ed25519PrivateKey.generate()
    taken = keys.claim(database, "kiosk-1", code, key.public_key(), bytes(32), at)
    return key if taken else None


def make_code(database: Database, at: datetime = NOW) -> str:
    with database.write() as conn:
        return keys.make_code(conn, "kiosk-1", at)


def states(database: Database) -> list[str]:
    with database.read() as conn:
        key = tables.device_key.c
        return sorted(conn.execute(select(key.state)).scalars())


def write_settings(folder: Path, url: str) -> Path:
    path = folder / "kiosk.toml"
    path.write_text(
        f'device_id = "kiosk-1"\nfacility_id = "{DEMO_FACILITY}"\nserver_url = "{url}"\n'
        'ward_key_file = "key"\ndata_dir = "data"\ntrust_dir = "trust"\n'
    )
    return path


def auth_of(kiosk: RemoteKiosk) -> DeviceAuth:
    return kiosk.server._auth


def renew(kiosk: RemoteKiosk, folder: Path) -> None:
    rotate(kiosk.server, auth_of(kiosk), folder / "identity.json", datetime.now(UTC))
