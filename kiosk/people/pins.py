"""The library PIN: four digits that only its owner knows. Neither the digits nor a plain hash are kept.

Ten thousand possibilities fall to any hash in a moment, so the verifier is made with the ward's key, which
lies outside every database: a stolen database alone says nothing about anybody's PIN.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from kiosk.people.tags import KEY_BYTES

_FORM = re.compile(r"[0-9]{4}", re.ASCII)
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "maxmem": 2**26, "dklen": 32}
"""RFC 7914 §2; 16 MiB and some 50 ms on a Raspberry Pi 4, for whoever has key and database."""
_RUNS = "01234567890", "09876543210"


class LibraryPins:
    """Makes and checks verifiers with the ward's key."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for a key of less than 32 bytes."""
        if len(key) < KEY_BYTES:
            raise ValueError("the ward key has at least 32 bytes")
        self._key = key

    def __repr__(self) -> str:
        return "LibraryPins(****)"

    def verifier(self, patron_id: str, pin: str) -> str:
        """What is kept of a PIN, hex. The same digits of two people have nothing in common."""
        salt = hmac.new(self._key, b"library-pin|" + patron_id.encode(), hashlib.sha256).digest()
        return hashlib.scrypt(pin.encode(), salt=salt, **_SCRYPT).hex()

    def matches(self, patron_id: str, pin: str, verifier: str) -> bool:
        """Whether this is the PIN the verifier was made of."""
        return hmac.compare_digest(self.verifier(patron_id, pin), verifier)


def is_pin(text: str) -> bool:
    """Four digits, and nothing else."""
    return _FORM.fullmatch(text) is not None


def too_simple(pin: str) -> bool:
    """What a thief tries first: one digit four times, or four in a row."""
    return len(set(pin)) == 1 or any(pin in run for run in _RUNS)
