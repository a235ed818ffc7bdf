"""`/v1/devices/{id}/enrolment` and `…/keys`: how the server comes to know a device's key."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the inner functions.

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Depends, Request

from server.api.bodies import Raw, parsed
from server.api.problems import ProblemError
from server.api.signed import Gate, as_sent, check_version
from server.identity import keys
from server.store.database import Database
from sync.protocol import Enrolled, Enrolment, KeyAccepted, KeyOffer, ProblemType, key_proof
from sync.signatures import SignatureProblem, key_id_of, named_key

log = logging.getLogger(__name__)


def make_router(
    database: Database,
    gate: Gate,
    proven: Callable[..., Any],
    server_key: Ed25519PublicKey,
    now: Callable[[], datetime],
) -> APIRouter:
    """The routes; `proven` is the dependency that gives the device."""
    router = APIRouter(prefix="/v1/devices/{device_id}")
    public = server_key.public_bytes_raw()

    @router.post("/enrolment")
    def enrol(device_id: str, request: Request, raw: Raw) -> Enrolled:
        check_version(request)
        if not device_id.isprintable():
            raise ProblemError(ProblemType.ENROLMENT_REFUSED)
        wanted = parsed(Enrolment, raw)
        key = _key(wanted.public_key)
        gate.check(as_sent(request), raw, key)
        if not keys.claim(database, device_id, wanted.code, key, public, now()):
            log.warning("enrolment-refused: %s", device_id)
            raise ProblemError(ProblemType.ENROLMENT_REFUSED)
        log.info("enrolment-waits: %s", device_id)
        return Enrolled(device_id=device_id, server_key=public.hex())

    @router.post("/keys")
    def next_key(device: Annotated[Any, Depends(proven)], request: Request, raw: Raw) -> KeyAccepted:
        wanted = parsed(KeyOffer, raw)
        key = _key(wanted.public_key)
        present = _check_proof(wanted, key, device.device_id, request)
        with database.write() as conn:
            taken = keys.offer(conn, device.device_id, present, key, now())
        if not taken:
            raise ProblemError(ProblemType.ENROLMENT_REFUSED)
        return KeyAccepted(key_id=key_id_of(key))

    return router


def _key(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as error:
        raise ProblemError(ProblemType.MALFORMED, "not a key") from error


def _check_proof(offer: KeyOffer, key: Ed25519PublicKey, device_id: str, request: Request) -> str:
    """The id of the key that signed this request; raises ProblemError unless the next key says so too."""
    try:
        present = named_key(as_sent(request))
        key.verify(bytes.fromhex(offer.proof), key_proof(device_id, present, offer.public_key))
    except (InvalidSignature, SignatureProblem) as error:
        raise ProblemError(ProblemType.UNAUTHORIZED, "the next key did not prove itself") from error
    return present
