"""Who this device is: its key, the server's key, one file, and signing in their name."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.protocol import VERSION_FIELD, version_text
from sync.signatures import SentAnswer, check_answer, sign_request

KEY_LASTS = timedelta(days=180)
"""After this long a kiosk makes itself a new key. Keys do not expire: outages may last longer."""


class IdentityProblem(Exception):
    """There is no usable identity; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """`next_key` is offered to the server and not known to be taken yet: until then `key` signs."""

    device_id: str
    key: Ed25519PrivateKey
    server_key: Ed25519PublicKey
    made_at: datetime
    next_key: Ed25519PrivateKey | None = None

    def due(self, now: datetime) -> bool:
        """Whether a new key is wanted, or has been begun."""
        return self.next_key is not None or now - self.made_at > KEY_LASTS

    def with_next_key(self) -> Identity:
        return self if self.next_key else replace(self, next_key=Ed25519PrivateKey.generate())

    def moved_on(self, now: datetime) -> Identity:
        """The next key is the key from here on."""
        return replace(self, key=self.next_key or self.key, next_key=None, made_at=now)


def load_identity(path: Path, device_id: str) -> Identity:
    """Read the file; raises IdentityProblem."""
    try:
        data = json.loads(path.read_text("ascii"))
        after = data["next_key"]
        identity = Identity(
            device_id=data["device_id"],
            key=_private(data["key"]),
            server_key=Ed25519PublicKey.from_public_bytes(bytes.fromhex(data["server_key"])),
            made_at=datetime.fromisoformat(data["made_at"]).astimezone(UTC),
            next_key=_private(after) if after else None,
        )
    except FileNotFoundError as error:
        raise IdentityProblem(f"{path}: this kiosk is not enrolled yet: machikado kiosk enrol") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IdentityProblem(
            f"{path}: not an identity of ours ({type(error).__name__}); enrol the kiosk anew"
        ) from error
    if identity.device_id != device_id:
        raise IdentityProblem(f"{path}: is the identity of {identity.device_id}, not of {device_id}")
    return identity


def save_identity(path: Path, identity: Identity) -> None:
    """Write the file whole or not at all, for its owner's eyes only (0600)."""
    data = {
        "device_id": identity.device_id,
        "key": identity.key.private_bytes_raw().hex(),
        "server_key": identity.server_key.public_bytes_raw().hex(),
        "made_at": identity.made_at.isoformat(),
        "next_key": identity.next_key.private_bytes_raw().hex() if identity.next_key else None,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)  # else a power cut could bring the old key back after the server has forgotten it
    os.close(folder)


def _private(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))


class DeviceAuth(requests.auth.AuthBase):
    """Signs what goes out, checks what comes back. `now` is this device's clock, right or wrong."""

    def __init__(
        self,
        identity: Identity,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = identity
        self._now, self._monotonic = now, monotonic
        self._told: tuple[datetime, float] | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return signed(request, self.identity.key, self._time())

    def set_clock(self, server_time: datetime) -> None:
        """Sign by the server's time from here on: ours is too far off to be believed."""
        self._told = server_time, self._monotonic()

    def _time(self) -> datetime:
        if self._told is None:
            return self._now()
        moment, at = self._told
        return moment + timedelta(seconds=self._monotonic() - at)

    def check(
        self, request: requests.PreparedRequest, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Whether our server said this in answer to that; raises SignatureProblem."""
        check_answer(SentAnswer(status, headers, request), body, self.identity.server_key)


def signed(
    request: requests.PreparedRequest, key: Ed25519PrivateKey, at: datetime
) -> requests.PreparedRequest:
    """The request with our version of the protocol and our signature."""
    request.headers[VERSION_FIELD] = version_text()
    body = request.body or b""
    sign_request(request, body if isinstance(body, bytes) else str(body).encode(), key, at)
    return request
