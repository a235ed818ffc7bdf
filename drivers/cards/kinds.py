"""What lies on the reader: decided by what the card says and does, the same on every kind of reader.

A storage card only tells an identifier; the reader says of which kind it is. A chip card (ISO/IEC 14443-4)
is asked for the application we know. The tag of a card never depends on the reader it was laid on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from drivers.cards.apdu import CardGarbage, Channel
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.profile import PROFILES, CardProfile
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind

_LENGTHS = {
    CardKind.FELICA: (8,),
    CardKind.MIFARE: (4, 7),
    CardKind.TYPE2: (7,),
    CardKind.ISO15693: (8,),
}
"""Bytes of the identifier of each kind of storage card."""
_TRANSIT = {0x0003, 0x86A7, 0x927A}
"""FeliCa system codes of transit cards: the nationwide one, Suica's, Hayakaken's.

Not FE00: that area is common to e-money and employee cards, which no train knows.
"""
_GIVEN_OUT_ANEW = (b"\x01\xfe", b"\x02\xfe")
"""First bytes of identifiers that a phone makes up (NFC-F, NFC Forum Digital Protocol: NFCID2)."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The kind, the tag where the bare card is enough, and the profile of a My Number card.

    `unusable` says why this card can never be known again, where that is so.
    """

    kind: CardKind
    tag: str | None = field(default=None, repr=False)
    profile: CardProfile | None = None
    unusable: Trouble | None = None


def chip(
    send: Channel, identifier: Callable[[], bytes], tagger: CardTagger,
    profiles: Iterable[CardProfile] = PROFILES,
) -> Recognised:  # fmt: skip
    """A card that takes commands. Raises CardGone, CardGarbage.

    `identifier` (b"" where the reader tells none) is asked only of a card without our application: a My
    Number card makes up its own with every touch, and nobody is to know it by that.
    """
    for profile in profiles:
        if JpkiApplication.present(send, profile):
            return Recognised(CardKind.MYNUMBER, profile=profile)
    uid = identifier()
    if len(uid) in (7, 10):
        return Recognised(CardKind.TYPE4, tagger.tag(CardKind.TYPE4, uid, CardKind.TYPE4.value))
    if len(uid) == 4:  # random, or the pseudo-unique one of type B (ISO/IEC 14443-3 §6.5.4, §7.9.2)
        return Recognised(CardKind.TYPE4, unusable=Trouble.CARD_ID_CHANGES)
    return Recognised(CardKind.UNKNOWN)


def storage(
    kind: CardKind, identifier: bytes, tagger: CardTagger, systems: Collection[int] = (),
    ward_system: int | None = None,
) -> Recognised:  # fmt: skip
    """A card that only tells its identifier: as good as a barcode, and as easy to copy.

    `systems` are the FeliCa system codes where the reader can tell them; `ward_system` is the one that the
    ward's own cards have: such a card is no transit card, though it may open a gate. Raises CardGarbage.
    """
    if len(identifier) not in _LENGTHS[kind]:
        raise CardGarbage("no identifier")
    if kind is CardKind.FELICA:
        return _felica(identifier, tagger, systems, ward_system)
    if len(identifier) == 4 and identifier.startswith(b"\x08"):  # random (ISO/IEC 14443-3 §6.5.4)
        return Recognised(kind, unusable=Trouble.CARD_ID_CHANGES)
    return Recognised(kind, tagger.tag(kind, identifier, kind.value))


def _felica(idm: bytes, tagger: CardTagger, systems: Collection[int], ward_system: int | None) -> Recognised:
    """The upper four bits of an IDm number the system that answered: the card is the same without them.

    A transit card's tag is of the FeliCa domain, so that it is the same where a reader cannot tell systems.
    """
    number = bytes((idm[0] & 0x0F,)) + idm[1:]
    if number.startswith(_GIVEN_OUT_ANEW):
        return Recognised(CardKind.FELICA, unusable=Trouble.CARD_ID_CHANGES)
    transit = _TRANSIT.intersection(systems) and ward_system not in systems
    kind = CardKind.TRANSIT if transit else CardKind.FELICA
    return Recognised(kind, tagger.tag(CardKind.FELICA, number, CardKind.FELICA.value))
