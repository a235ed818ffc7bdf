"""HTTP message signatures (RFC 9421) with Content-Digest (RFC 9530): the one profile that both ends use.

A request covers method, path, query, authority, the digest of its body as it travels, the protocol version,
and its content encoding where it has one. An answer covers its status, its digest and the signature of the
request it answers, so that it can be shown later as a receipt of exactly that request, and not be replayed
as the answer to another. Keys are Ed25519 (RFC 9421 §3.3.6), parameters `created`, `keyid`, `nonce`, `tag`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)  # fmt: skip

TAG, LABEL = "kiosk-sync", "kiosk"
REQUEST_COVERS = ("@method", "@path", "@query", "@authority", "sync-protocol", "content-digest")
"""Every request covers these, and `content-encoding` where it is sent."""
ANSWER_COVERS = ("@status", "content-type", "content-digest")
OF_REQUEST = f'"signature";req;key="{LABEL}"'
"""RFC 9421 §2.4: what ties an answer to its request."""
SKEW_SECONDS = 300
"""A signature made longer ago, or so far in the future, is not believed."""
NONCE_CHARACTERS = range(16, 65)

_PARAMETERS = {"created", "keyid", "nonce", "tag"}


class SignatureProblem(Exception):
    """Not signed by the key it names, or not all of what must be signed is."""


class DigestProblem(SignatureProblem):
    """Signed, but the body is another than the digest says."""


class Message(Protocol):
    """A request, also one of `requests`: `url` is absolute and encoded as it was sent."""

    @property
    def method(self) -> Any: ...
    @property
    def url(self) -> Any: ...
    @property
    def headers(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as its server sees it."""

    method: str
    url: str
    headers: Any


@dataclass(frozen=True, slots=True)
class SentAnswer:
    """An answer and the request it belongs to, where that was signed."""

    status_code: int
    headers: Any
    request: Any


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good signature says: who, when (seconds since 1970), and the number used once."""

    key_id: str
    created: int
    nonce: str


def key_id_of(key: Ed25519PublicKey) -> str:
    """The name of a key: the first 128 bits of the SHA-256 of its 32 bytes, hex."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:32]


def has_field(message: Any, name: str) -> bool:
    return any(field.lower() == name for field, _ in message.headers.items())


def sign_request(request: Message, body: bytes, key: Ed25519PrivateKey, at: datetime) -> None:
    """Sign in place; the body is what travels, so after compression."""
    covers = REQUEST_COVERS + (("content-encoding",) if has_field(request, "content-encoding") else ())
    _signer(key).sign(
        request, key_id=key_id_of(key.public_key()), created=at, nonce=secrets.token_urlsafe(16), tag=TAG,
        label=LABEL, include_alg=False, covered_component_ids=covers, body=body,
    )  # fmt: skip


def sign_answer(answer: SentAnswer, body: bytes, key: Ed25519PrivateKey, at: datetime) -> None:
    """Sign in place, tied to the request where that was signed."""
    covers = ANSWER_COVERS + ((OF_REQUEST,) if answer.request is not None else ())
    _signer(key).sign(
        answer, key_id=key_id_of(key.public_key()), created=at, tag=TAG, label=LABEL, include_alg=False,
        covered_component_ids=covers, body=body,
    )  # fmt: skip


def named_key(message: Any) -> str:
    """The key id that a message names, not proven yet. Raises SignatureProblem."""
    found: list[str] = []

    class _Listening(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
            found.append(key_id)
            return None

    try:
        _verifier(_Listening()).verify(message, max_age=None, expect_tag=TAG)
    except (HTTPMessageSignaturesException, ValueError) as error:
        if len(found) != 1:
            raise SignatureProblem("no signature of ours") from error
    return found[0]


def check_request(request: Message, body: bytes, key: Ed25519PublicKey) -> Signed:
    """Who sent this. Raises SignatureProblem, DigestProblem. The time is for the caller to judge."""
    covers = REQUEST_COVERS + (("content-encoding",) if has_field(request, "content-encoding") else ())
    parameters = _check(request, body, key, covers)
    nonce = str(parameters.get("nonce", ""))
    if set(parameters) != _PARAMETERS or len(nonce) not in NONCE_CHARACTERS:
        raise SignatureProblem("created, keyid, nonce and tag are all there is to say")
    return Signed(str(parameters["keyid"]), int(parameters["created"]), nonce)


def check_answer(answer: SentAnswer, body: bytes, key: Ed25519PublicKey) -> None:
    """Whether this server said this to this request. Raises SignatureProblem, DigestProblem."""
    _check(answer, body, key, (*ANSWER_COVERS, OF_REQUEST))


def _check(message: Any, body: bytes, key: Ed25519PublicKey, covers: tuple[str, ...]) -> dict[str, Any]:
    verifier = _verifier(_OneKey(key))
    try:
        results = verifier.verify(message, max_age=None, expect_tag=TAG, require_components=covers)
    except (HTTPMessageSignaturesException, ValueError) as error:
        # its text may quote what was signed
        raise SignatureProblem(type(error).__name__) from None
    if len(results) != 1:
        raise SignatureProblem("one signature of ours is enough")
    try:
        verifier.verify_body(message, results, body)
    except HTTPMessageSignaturesException as error:
        raise DigestProblem(type(error).__name__) from None
    return dict(results[0].parameters)


class _OneKey(HTTPSignatureKeyResolver):
    """Only this key counts, and only under its own name."""

    def __init__(self, public: Ed25519PublicKey | None = None, private: Ed25519PrivateKey | None = None):
        self._public, self._private = public, private

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        return self._public if self._public is not None and key_id == key_id_of(self._public) else None

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey | None:
        return self._private


class _AnyTime(HTTPMessageVerifier):
    """The library would ask this machine's clock; ours is handed in, so times are judged by the caller."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        if type(sig_input.params.get("created")) is not int:
            raise InvalidSignature("created is missing")


def _signer(key: Ed25519PrivateKey) -> HTTPMessageSigner:
    return HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(private=key))


def _verifier(keys: HTTPSignatureKeyResolver) -> HTTPMessageVerifier:
    return _AnyTime(signature_algorithm=algorithms.ED25519, key_resolver=keys)
