"""What lies on the reader: decided by the ATR of storage cards and by behaviour, never by the ATR alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from drivers.cards.apdu import CardGarbage, Channel, Command
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.profile import PROFILES, CardProfile
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind

_STORAGE_HEAD = bytes.fromhex("804F0CA000000306")
"""Historical bytes of a storage card: PC/SC workgroup RID and standard byte (PC/SC part 3 §3.1.3.2.3.2)."""
_STANDARDS = (
    (b"\x11", CardKind.FELICA, (8,)),
    (b"\xf0\x11", CardKind.FELICA, (8,)),  # older ACS readers put F0 before it
    (b"\xf0\x12", CardKind.FELICA, (8,)),
    (b"\x03\x00\x01", CardKind.MIFARE, (4, 7)),
    (b"\x03\x00\x02", CardKind.MIFARE, (4, 7)),
    (b"\x03\x00\x03", CardKind.TYPE2, (7,)),  # Ultralight, NTAG
    (b"\x0b", CardKind.ISO15693, (8,)),
)
"""Bytes SS NN NN of the ATR (PC/SC part 3 supplemental document), kind, lengths of its identifier."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The kind, the tag where the bare card is enough, and the profile of a My Number card."""

    kind: CardKind
    tag: str | None = field(default=None, repr=False)
    profile: CardProfile | None = None


def recognise(
    atr: bytes, send: Channel, tagger: CardTagger, profiles: Iterable[CardProfile] = PROFILES
) -> Recognised:
    """Talk to the card just enough to know what it is. Raises CardGone, CardGarbage."""
    at = atr.find(_STORAGE_HEAD)
    if at >= 0:
        return _storage(atr[at + len(_STORAGE_HEAD) :], send, tagger)
    for profile in profiles:
        if JpkiApplication.present(send, profile):
            return Recognised(CardKind.MYNUMBER, profile=profile)
    return Recognised(CardKind.UNKNOWN)


def _storage(standard: bytes, send: Channel, tagger: CardTagger) -> Recognised:
    """A card that only tells its identifier: as good as a barcode, and as easy to copy."""
    for prefix, kind, lengths in _STANDARDS:
        if standard.startswith(prefix):
            answer = send(Command(0xFF, 0xCA, 0x00, 0x00, le=256))
            if not answer.ok or len(answer.data) not in lengths:
                raise CardGarbage("no identifier")
            if _given_out_anew(kind, answer.data):
                return Recognised(kind)
            return Recognised(kind, tagger.tag(kind, answer.data, kind.value))
    return Recognised(CardKind.UNKNOWN)


def _given_out_anew(kind: CardKind, identifier: bytes) -> bool:
    """Phones and bank cards make up an identifier at every touch: it knows nobody again.

    ISO/IEC 14443-3 §6.5.4: a single-size UID that begins with 08 is random; FeliCa IDm of 02FE likewise.
    """
    if kind is CardKind.FELICA:
        return identifier.startswith(b"\x02\xfe")
    return len(identifier) == 4 and identifier.startswith(b"\x08")
