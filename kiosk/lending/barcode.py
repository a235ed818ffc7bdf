"""Item labels of the ward: is this one, and which item is it?"""

from __future__ import annotations

from kiosk.barcodes import bare, checks
from kiosk.codes import Refusal
from kiosk.rules import BarcodeScheme

_EAN_PREFIXES = ("978", "979", "192", "191", "491")
"""Publisher barcodes on a cover: ISBN, Japanese book price code, magazine code (JAN)."""


def item_id_of(text: str, scheme: BarcodeScheme) -> str | Refusal:
    """The item number on a label, or why this is none."""
    number = bare(text, scheme.item_check)
    if len(number) == 13 and number.isdecimal() and number.startswith(_EAN_PREFIXES):
        return Refusal.BARCODE_NOT_AN_ITEM
    if not (number.isascii() and number.isdecimal()):
        return Refusal.BARCODE_MALFORMED
    if len(number) == scheme.patron_length and number.startswith(scheme.patron_prefix):
        return Refusal.BARCODE_NOT_AN_ITEM
    if len(number) != scheme.item_length or not number.startswith(scheme.item_prefix):
        return Refusal.BARCODE_MALFORMED
    if not checks(number, scheme.item_check):
        return Refusal.BARCODE_CHECK_DIGIT
    return number
