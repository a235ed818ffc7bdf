"""What lies on the reader: decided by the ATR of storage cards and by behaviour, never by the ATR alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.cards.apdu import CardGarbage, Channel, Command
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.profile import RSA_2015, CardProfile
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind

_STORAGE_HEAD = bytes.fromhex("804F0CA000000306")
"""Historical bytes of a storage card: PC/SC workgroup RID and standard byte (PC/SC part 3 §3.1.3.2.3.2)."""
_FELICA_STANDARDS = (b"\x11", b"\xf0\x11", b"\xf0\x12")
"""SS byte of FeliCa; older ACS readers put F0 before it."""
PROFILES = (RSA_2015,)


@dataclass(frozen=True, slots=True)
class Recognised:
    """The kind, the tag where the bare card is enough, and the profile of a My Number card."""

    kind: CardKind
    tag: str | None = field(default=None, repr=False)
    profile: CardProfile | None = None


def recognise(atr: bytes, send: Channel, tagger: CardTagger) -> Recognised:
    """Talk to the card just enough to know what it is. Raises CardGone, CardGarbage."""
    at = atr.find(_STORAGE_HEAD)
    if at >= 0:
        standard = atr[at + len(_STORAGE_HEAD) :]
        if standard.startswith(_FELICA_STANDARDS):
            return _felica(send, tagger)
        return Recognised(CardKind.UNKNOWN)
    for profile in PROFILES:
        if JpkiApplication.present(send, profile):
            return Recognised(CardKind.MYNUMBER, profile=profile)
    return Recognised(CardKind.UNKNOWN)


def _felica(send: Channel, tagger: CardTagger) -> Recognised:
    answer = send(Command(0xFF, 0xCA, 0x00, 0x00, le=256))
    if not answer.ok or len(answer.data) != 8:
        raise CardGarbage("no IDm")
    if answer.data[:2] == b"\x02\xfe":  # given out anew at every touch by phones: knows nobody again
        return Recognised(CardKind.FELICA)
    return Recognised(CardKind.FELICA, tagger.tag(CardKind.FELICA, answer.data, "felica"))
