"""Keyed tags: how a card is known here without its identifier being kept anywhere."""

from __future__ import annotations

import hashlib
import hmac

from kiosk.ports import CardKind

KEY_BYTES = 32
TAG_BYTES = 16
"""128 bits of HMAC-SHA-256: enough that no two cards of a ward meet, useless without the key."""


class CardTagger:
    """Makes tags with the ward's key. The space of card numbers is small, so an unkeyed hash is no secret."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for a key of less than 32 bytes."""
        if len(key) < KEY_BYTES:
            raise ValueError("the ward key has at least 32 bytes")
        self._key = key

    def __repr__(self) -> str:
        return "CardTagger(****)"

    def tag(self, kind: CardKind, raw: bytes, system: str = "") -> str:
        """The tag of an identifier read from a card of this kind (and card system), hex."""
        message = b"".join(
            len(part).to_bytes(4, "big") + part for part in (kind.value.encode(), system.encode(), raw)
        )
        return hmac.new(self._key, message, hashlib.sha256).digest()[:TAG_BYTES].hex()
