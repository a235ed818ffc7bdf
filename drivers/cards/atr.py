"""What a PC/SC reader says of a card: the ATR it makes up for it, and the identifier it tells on request."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.cards.apdu import CardGarbage, Channel, Command
from drivers.cards.kinds import Recognised, chip, storage
from drivers.cards.mynumber.profile import PROFILES, CardProfile
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind

_STORAGE_HEAD = bytes.fromhex("804F0CA000000306")
"""Historical bytes of a storage card: PC/SC workgroup RID and standard byte (PC/SC part 3 §3.1.3.2.3.2)."""
_STANDARDS = (
    (b"\x11", CardKind.FELICA),
    (b"\xf0\x11", CardKind.FELICA),  # older ACS readers put F0 before it
    (b"\xf0\x12", CardKind.FELICA),
    (b"\x03\x00\x01", CardKind.MIFARE),
    (b"\x03\x00\x02", CardKind.MIFARE),
    (b"\x03\x00\x03", CardKind.TYPE2),  # Ultralight, NTAG
    (b"\x0b", CardKind.ISO15693),
)
"""Bytes SS NN NN of the ATR (PC/SC part 3 supplemental document) and the kind."""
_GET_IDENTIFIER = Command(0xFF, 0xCA, 0x00, 0x00, le=256)


def recognise(
    atr: bytes, send: Channel, tagger: CardTagger, profiles: Iterable[CardProfile] = PROFILES
) -> Recognised:
    """Talk to the card just enough to know what it is. Raises CardGone, CardGarbage."""
    at = atr.find(_STORAGE_HEAD)
    if at < 0:
        return chip(send, lambda: _identifier(send), tagger, profiles)
    standard = atr[at + len(_STORAGE_HEAD) :]
    for prefix, kind in _STANDARDS:
        if standard.startswith(prefix):
            identifier = _identifier(send)
            if not identifier:
                raise CardGarbage("no identifier")
            return storage(kind, identifier, tagger)
    return Recognised(CardKind.UNKNOWN)


def _identifier(send: Channel) -> bytes:
    """b"" where the reader tells none, as with cards that lie on contacts."""
    answer = send(_GET_IDENTIFIER)
    return answer.data if answer.ok else b""
