"""Who sends this request: the gate in front of every act of a device (RFC 9421, `sync.signatures`)."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the inner functions.

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import Request

from server.api.bodies import Raw
from server.api.problems import ProblemError
from server.identity import keys
from server.identity.keys import GOOD, KeyState
from server.identity.nonces import Nonces
from server.store.database import Database
from sync.protocol import VERSION_FIELD, ProblemType, is_spoken
from sync.signatures import (
    SKEW_SECONDS,
    DigestProblem,
    SentRequest,
    SignatureProblem,
    Signed,
    check_request,
    named_key,
)  # fmt: skip

log = logging.getLogger(__name__)

_CLOSED = {
    KeyState.PENDING: ProblemType.AWAITING_APPROVAL,
    KeyState.REFUSED: ProblemType.ENROLMENT_REFUSED,
    KeyState.REVOKED: ProblemType.DEVICE_REVOKED,
}


class Gate:
    """Lets a request through that a device of ours signed, just now, and once. `now` is our clock."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._nonces = Nonces(now())

    def admit(self, device_id: str, request: Request, body: bytes) -> Any:
        """The row of the device that proves to send this. Raises ProblemError; then nothing may be taken."""
        check_version(request)
        if not device_id.isprintable():  # PostgreSQL cannot even be asked for NUL
            raise ProblemError(ProblemType.UNAUTHORIZED)
        message = as_sent(request)
        device = self._find(device_id, message)
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(device.public_key))
        signed = self.check(message, body, key)
        if not self._nonces.take(signed.key_id, signed.nonce, signed.created, self._now()):
            raise ProblemError(ProblemType.REPLAYED)
        state = KeyState(device.key_state)
        if state not in GOOD:
            log.warning("key-not-good: %s: %s", device_id, state.value)
            raise ProblemError(_CLOSED.get(state, ProblemType.UNAUTHORIZED))
        if device.revoked_at is not None:
            raise ProblemError(ProblemType.DEVICE_REVOKED)
        if state is KeyState.OFFERED:
            with self._database.write() as conn:
                keys.note_use(conn, device_id, signed.key_id, self._now())
        return device

    def check(self, message: SentRequest, body: bytes, key: Ed25519PublicKey) -> Signed:
        """What the signature says, if it is good and fresh. Raises ProblemError."""
        try:
            signed = check_request(message, body, key)
        except DigestProblem as error:
            raise ProblemError(ProblemType.DIGEST_MISMATCH) from error
        except SignatureProblem as error:
            raise ProblemError(ProblemType.UNAUTHORIZED) from error
        now = self._now()
        off = abs(signed.created - int(now.timestamp()))
        if off > SKEW_SECONDS or signed.created < self._nonces.floor(signed.key_id):
            raise ProblemError(ProblemType.CLOCK_SKEW, server_time=now)
        return signed

    def _find(self, device_id: str, message: SentRequest) -> Any:
        try:
            key_id = named_key(message)
        except SignatureProblem as error:
            raise ProblemError(ProblemType.UNAUTHORIZED) from error
        with self._database.read() as conn:
            device = keys.find(conn, device_id, key_id)
        if device is None:
            raise ProblemError(ProblemType.UNAUTHORIZED)
        return device


def proven_by(gate: Gate) -> Callable[..., Any]:
    """The dependency that gives the device which proves to send a request."""

    def proven(device_id: str, request: Request, raw: Raw) -> Any:
        return gate.admit(device_id, request, raw)

    return proven


def check_version(request: Request) -> None:
    """Raises ProblemError where the request is of a version that is not spoken here."""
    if not is_spoken(request.headers.get(VERSION_FIELD, "")):
        raise ProblemError(ProblemType.UPGRADE_REQUIRED)


def as_sent(request: Request) -> SentRequest:
    """The request as it was signed. The scheme is not signed: TLS may end in front of us."""
    path = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope["query_string"]
    target = (path + (b"?" + query if query else b"")).decode("latin-1")
    url = f"http://{request.headers.get('host', '')}{target}"
    return SentRequest(request.method, url, request.headers)
