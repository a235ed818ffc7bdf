"""How a device gets a key that the server knows: by a one-time code and staff, or from the key before it."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.fingerprint import fingerprint, plain_code
from sync.http import (
    JSON,
    Declined,
    ServerConnection,
    Unproven,
    device_url,
    exchange,
    open_session,
    read_answer,
)  # fmt: skip
from sync.identity import DeviceAuth, Identity, save_identity, signed
from sync.protocol import PROTOCOL, Enrolled, Enrolment, KeyOffer, ProblemType, key_proof
from sync.signatures import SentAnswer, SignatureProblem, check_answer, key_id_of

log = logging.getLogger(__name__)


def enrol(base_url: str, device_id: str, code: str, path: Path, now: datetime, ca: Path | None = None) -> str:
    """Make a key, offer it with the code, keep it in `path`; gives the six words to compare with the desk's.

    The words answer for both keys: who sits in between cannot make them equal. Raises SyncProblem.
    """
    key, code = Ed25519PrivateKey.generate(), plain_code(code)
    session = open_session(ca)
    try:
        answer = _send(session, base_url, device_id, key, code, now)
    except Declined as declined:
        problem = declined.problem
        if problem.type != ProblemType.CLOCK_SKEW or problem.server_time is None:
            raise
        answer = _send(session, base_url, device_id, key, code, problem.server_time)
    finally:
        session.close()
    server_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(answer.server_key))
    save_identity(path, Identity(device_id, key, server_key, now))
    return fingerprint(device_id, _raw(key), server_key.public_bytes_raw(), code)


def _send(
    session: requests.Session, base_url: str, device_id: str, key: Ed25519PrivateKey, code: str, at: datetime
) -> Enrolled:
    offer = Enrolment(protocol=PROTOCOL, code=code, public_key=_raw(key).hex())
    response, body = exchange(
        session, "POST", f"{device_url(base_url, device_id)}/enrolment", headers=JSON,
        data=offer.model_dump_json().encode(), auth=lambda request: signed(request, key, at),
    )  # fmt: skip
    answer = read_answer(Enrolled, response, body)
    try:  # not yet proof of who the server is, only that it holds the key that the words will answer for
        said = SentAnswer(response.status_code, response.headers, response.request)
        check_answer(said, body, Ed25519PublicKey.from_public_bytes(bytes.fromhex(answer.server_key)))
    except SignatureProblem as error:
        raise Unproven(str(error)) from error
    return answer


def rotate(server: ServerConnection, auth: DeviceAuth, path: Path, now: datetime) -> None:
    """Go over to a new key. Raises SyncProblem; after any interruption just do it again.

    The next key is on disk before the server hears of it, and the old one signs until the server has said
    that it knows the next: at no moment is there a key that only one side has and needs.
    """
    identity = auth.identity.with_next_key()
    save_identity(path, identity)
    auth.identity = identity
    if identity.next_key is None:
        raise AssertionError("with_next_key made none")
    public = _raw(identity.next_key).hex()
    proof = key_proof(identity.device_id, key_id_of(identity.key.public_key()), public)
    server.offer_key(
        KeyOffer(protocol=PROTOCOL, public_key=public, proof=identity.next_key.sign(proof).hex())
    )
    auth.identity = identity.moved_on(now)
    save_identity(path, auth.identity)
    log.info("key-renewed")


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()
