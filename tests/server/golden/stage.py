"""The same server for recording and for replaying: its time, its keys, its few records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, update

from kiosk.lending.model import Item
from kiosk.records import Put
from server.identity import keys
from server.identity.keys import KeyState
from server.secrets import hash_password
from server.settings import ServerSettings
from server.store import tables
from server.store.database import Database, write_changes
from sync.fingerprint import plain_code
from sync.signatures import key_id_of
from tests.conftest import serving

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HOST = "server.machikado.example"
CODE = "GAPLE-2V7X3"
EPOCH = "0d4f6e6c-3b1c-4f0e-9a53-2f1f6a3e8c11"
DEVICE_KEY, NEXT_KEY, NEW_KEY, SERVER_KEY = (
    Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3, 9)
)


@contextmanager
def staged(folder: Path) -> Iterator[str]:
    """The address of that server, its clock standing still."""
    url = f"sqlite:///{folder / 'server.db'}"
    database = Database(url)
    database.migrate()
    _furnish(database)
    server, thread, base = serving(ServerSettings(url, server_key=SERVER_KEY), now=lambda: NOW)
    yield base
    server.should_exit = True
    thread.join()
    database.dispose()


def _furnish(database: Database) -> None:
    item = Item(item_id="I1", title="T", item_type="book", home_id="hikarigaoka", for_loan=True)
    with database.write() as conn:
        conn.execute(update(tables.meta).where(tables.meta.c.name == "epoch").values(value=EPOCH))
        write_changes(conn, [Put(item)])
        for device_id in ("kiosk-1", "kiosk-2"):
            keys.add_device(conn, device_id, "hikarigaoka", device_id)
        public = DEVICE_KEY.public_key()
        conn.execute(
            insert(tables.device_key).values(
                key_id=key_id_of(public), device_id="kiosk-1", public_key=public.public_bytes_raw().hex(),
                state=KeyState.ACTIVE.value, made_at=NOW,
            )
        )  # fmt: skip
        kept, until = hash_password(plain_code(CODE)), NOW + timedelta(minutes=5)
        conn.execute(
            insert(tables.enrolment_code).values(
                device_id="kiosk-2", code_hash=kept, expires_at=until, wrong=0
            )
        )
