"""Library cards that a scanner reads: a printed number, or a signed code on paper or a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from kiosk.barcodes import bare, checks
from kiosk.codes import Trouble
from kiosk.people import qr
from kiosk.people.model import CardKey
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind
from kiosk.rules import BarcodeScheme


@dataclass(frozen=True, slots=True)
class ScannedCard:
    """A library card by its number. Both kinds make one tag: they are the same card in two clothes."""

    kind: CardKind
    number: str = field(repr=False)

    def tag(self, tagger: CardTagger) -> str:
        """The keyed tag under which a link knows this card."""
        return tagger.tag(CardKind.BARCODE, self.number.encode(), "card-number")


def scanned_card(
    text: str, scheme: BarcodeScheme, key_of: Callable[[str], CardKey | None], now: datetime
) -> ScannedCard | Trouble | None:
    """The card that was scanned, why it is not believed, or None for what is no library card at all."""
    number = bare(text, scheme.patron_check)
    if number[: len(qr.PREFIX)].upper() == qr.PREFIX:
        read = qr.read_card(number, key_of, now)
        return read if isinstance(read, Trouble) else ScannedCard(CardKind.QR, read)
    fits = len(number) == scheme.patron_length and number.startswith(scheme.patron_prefix)
    if not fits or not number.isascii():
        return None
    return (
        ScannedCard(CardKind.BARCODE, number)
        if checks(number, scheme.patron_check)
        else Trouble.CARD_UNREADABLE
    )
