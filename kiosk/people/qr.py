"""Signed QR codes of library cards: the card's number and a last moment, signed by the library.

Nobody can make one up, but whoever photographs one has it: it proves possession of something that may be a
copy, like a printed barcode, until its last moment. Letters and digits only, so that any scanner setting
and the compact alphanumeric mode of ISO/IEC 18004 §7.4.4 carry it.

    text      "MKC1" and base32 (RFC 4648 §6, no padding) of payload and signature
    payload   key id (4 bytes), minutes since 1970 (4, big-endian) until which it holds, number (ASCII)
    signature Ed25519 (RFC 8032) over "machikado/card-qr/v1" and payload, 64 bytes
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.codes import Trouble
from kiosk.people.model import CardKey

PREFIX = "MKC1"
_CONTEXT = b"machikado/card-qr/v1"
_SIGNATURE_BYTES = 64
_HEAD_BYTES = 8
LONGEST_NUMBER = 20


def key_id_of(public: Ed25519PublicKey) -> str:
    """The first four bytes of the key, hex: enough to find it among the few that a library has."""
    return public.public_bytes_raw()[:4].hex()


def sign_card(number: str, until: datetime, key: Ed25519PrivateKey) -> str:
    """The text of a code for this card number. Raises ValueError for a number that is none."""
    if not (number.isascii() and number.isalnum() and len(number) <= LONGEST_NUMBER):
        raise ValueError("a card number has at most 20 letters and digits")
    minutes = int(until.timestamp() // 60)
    payload = bytes.fromhex(key_id_of(key.public_key())) + minutes.to_bytes(4, "big") + number.encode()
    signed = payload + key.sign(_CONTEXT + payload)
    return PREFIX + base64.b32encode(signed).decode().rstrip("=")


def read_card(text: str, key_of: Callable[[str], CardKey | None], now: datetime) -> str | Trouble:
    """The card number of a code that starts with PREFIX, or why it is not believed."""
    signed = _decoded(text)
    if signed is None:
        return Trouble.CODE_UNTRUSTED
    payload, signature = signed[:-_SIGNATURE_BYTES], signed[-_SIGNATURE_BYTES:]
    key = key_of(payload[:4].hex())
    if key is None or key.revoked or not _genuine(key, payload, signature):
        return Trouble.CODE_UNTRUSTED
    until = datetime.fromtimestamp(int.from_bytes(payload[4:_HEAD_BYTES], "big") * 60, UTC)
    return Trouble.CODE_EXPIRED if now > until else payload[_HEAD_BYTES:].decode("ascii", "replace")


def _decoded(text: str) -> bytes | None:
    body = text[len(PREFIX) :].upper()
    try:
        signed = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        return None
    number = len(signed) - _HEAD_BYTES - _SIGNATURE_BYTES
    return signed if 0 < number <= LONGEST_NUMBER else None


def _genuine(key: CardKey, payload: bytes, signature: bytes) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key))
        public.verify(signature, _CONTEXT + payload)
    except (InvalidSignature, ValueError):
        return False
    return True
