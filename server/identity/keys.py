"""The keys of devices, from the code that staff read out to the day they are stopped.

A key is `pending` until staff have compared the words and approve it, then `active`. A device may offer the
key after that one: `offered` is as good, and its first use retires the one before. What was `revoked` or
`refused` never comes back; a stopped device is enrolled anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, delete, insert, select, update

from kiosk.operations import GENESIS
from server.secrets import hash_password, password_matches
from server.store.database import Database, upsert
from server.store.tables import device, device_key, enrolment_code
from sync.fingerprint import fingerprint, new_code, plain_code, same_words
from sync.signatures import key_id_of

CODE_LASTS = timedelta(minutes=10)
MAX_WRONG = 10
"""Wrong codes for one device; then staff make another."""


class KeyState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    OFFERED = "offered"
    RETIRED = "retired"
    REFUSED = "refused"
    REVOKED = "revoked"


GOOD = (KeyState.ACTIVE, KeyState.OFFERED)


class NoSuchDevice(Exception):
    """No device of this id has been added."""


def add_device(conn: Connection, device_id: str, facility_id: str, name: str) -> None:
    """Take a device down; it cannot do anything before it is enrolled."""
    conn.execute(
        insert(device).values(device_id=device_id, facility_id=facility_id, name=name, last_hash=GENESIS)
    )


def make_code(conn: Connection, device_id: str, now: datetime) -> str:
    """A code for this device, good once and for CODE_LASTS; any before it is void. Raises NoSuchDevice."""
    if conn.execute(select(device.c.device_id).where(device.c.device_id == device_id)).first() is None:
        raise NoSuchDevice(device_id)
    code = new_code()
    kept = hash_password(plain_code(code))
    upsert(
        conn, enrolment_code,
        [{"device_id": device_id, "code_hash": kept, "expires_at": now + CODE_LASTS, "wrong": 0}],
    )  # fmt: skip
    return code


def claim(
    database: Database, device_id: str, code: str, key: Ed25519PublicKey, server_key: bytes, now: datetime
) -> bool:
    """Take down the key of a device that knows its code; False where it does not."""
    waiting = enrolment_code.c
    with database.read() as conn:
        row = conn.execute(select(enrolment_code).where(waiting.device_id == device_id)).first()
    if row is None or row.expires_at < now or row.wrong >= MAX_WRONG:
        return False
    mine, plain = waiting.device_id == device_id, plain_code(code)
    if not password_matches(plain, row.code_hash):  # slow on purpose, so not inside the transaction
        with database.write() as conn:
            conn.execute(update(enrolment_code).where(mine).values(wrong=waiting.wrong + 1))
        return False
    words = fingerprint(device_id, key.public_bytes_raw(), server_key, plain)
    with database.write() as conn:
        if not conn.execute(delete(enrolment_code).where(mine, waiting.code_hash == row.code_hash)).rowcount:
            return False  # somebody was faster with the same code
        _change(conn, device_id, (KeyState.PENDING,), KeyState.REFUSED, now)
        _insert(conn, device_id, key, KeyState.PENDING, now, words)
    return True


def pending(conn: Connection, device_id: str) -> Any:
    """The key that waits for staff, or None."""
    mine = (device_key.c.device_id == device_id) & (device_key.c.state == KeyState.PENDING.value)
    return conn.execute(select(device_key).where(mine)).first()


def approve(conn: Connection, device_id: str, words: str, by: str, now: datetime) -> bool:
    """Let the device in whose words staff have compared; keys before it are over. False if there is none."""
    waiting = pending(conn, device_id)
    if waiting is None or not same_words(words, waiting.words):
        return False
    _change(conn, device_id, GOOD, KeyState.RETIRED, now)
    _change(conn, device_id, (KeyState.PENDING,), KeyState.ACTIVE, now, by)
    again = {"revoked_at": None, "revoked_by": None}
    conn.execute(update(device).where(device.c.device_id == device_id).values(**again))
    return True


def refuse(conn: Connection, device_id: str, by: str, now: datetime) -> None:
    """The words differ, or nobody asked for this."""
    _change(conn, device_id, (KeyState.PENDING,), KeyState.REFUSED, now, by)


def revoke(conn: Connection, device_id: str, by: str, now: datetime) -> None:
    """Nothing more is accepted from this device; it is told why."""
    _change(conn, device_id, (*GOOD, KeyState.PENDING), KeyState.REVOKED, now, by)
    conn.execute(delete(enrolment_code).where(enrolment_code.c.device_id == device_id))
    over = {"revoked_at": now, "revoked_by": by}
    conn.execute(update(device).where(device.c.device_id == device_id).values(**over))


def offer(conn: Connection, device_id: str, present: str, key: Ed25519PublicKey, now: datetime) -> bool:
    """Take down the key after the present one; again is fine. False where this key cannot be the next."""
    if not _is_good(conn, device_id, present):
        return False  # staff stopped the device while this request was on its way
    known = conn.execute(select(device_key).where(device_key.c.key_id == key_id_of(key))).first()
    if known is not None:
        return known.device_id == device_id and known.state in GOOD
    _change(conn, device_id, (KeyState.OFFERED,), KeyState.RETIRED, now)
    _insert(conn, device_id, key, KeyState.OFFERED, now, None)
    return True


def note_use(conn: Connection, device_id: str, key_id: str, now: datetime) -> None:
    """The offered key has been used: from here on it is the key, and the one before is over."""
    if not _is_good(conn, device_id, key_id):
        return  # staff stopped the device in between: that stays
    _change(conn, device_id, (KeyState.ACTIVE,), KeyState.RETIRED, now)
    values = {"state": KeyState.ACTIVE.value, "decided_at": now}
    conn.execute(update(device_key).where(device_key.c.key_id == key_id).values(**values))


def find(conn: Connection, device_id: str, key_id: str) -> Any:
    """The device with this key of its own, or None: the columns of `device`, `public_key` and `key_state`."""
    mine = (device_key.c.device_id == device_id) & (device_key.c.key_id == key_id)
    wanted = select(device, device_key.c.public_key, device_key.c.state.label("key_state"))
    joined = wanted.join(device_key, device_key.c.device_id == device.c.device_id)
    return conn.execute(joined.where(mine)).first()


def _is_good(conn: Connection, device_id: str, key_id: str) -> bool:
    found = find(conn, device_id, key_id)
    return found is not None and found.key_state in GOOD and found.revoked_at is None


def _insert(
    conn: Connection, device_id: str, key: Ed25519PublicKey, state: KeyState, now: datetime, words: str | None
) -> None:
    conn.execute(
        insert(device_key).values(
            key_id=key_id_of(key), device_id=device_id, public_key=key.public_bytes_raw().hex(),
            state=state.value, words=words, made_at=now,
        )
    )  # fmt: skip


def _change(
    conn: Connection,
    device_id: str,
    before: tuple[KeyState, ...],
    after: KeyState,
    now: datetime,
    by: str | None = None,
) -> None:
    mine = (device_key.c.device_id == device_id) & device_key.c.state.in_([state.value for state in before])
    values = {"state": after.value, "decided_at": now, "decided_by": by, "words": None}
    conn.execute(update(device_key).where(mine).values(**values))
