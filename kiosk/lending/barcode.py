"""Reading the ward's barcode labels: NW-7 (Codabar, JIS X 0506) numbers with a mod-10 check digit."""

from __future__ import annotations

from kiosk.codes import Refusal
from kiosk.rules import BarcodeScheme

_STARTS_AND_STOPS = "ABCDabcd"
_EAN_PREFIXES = ("978", "979", "192", "191", "491")
"""Publisher barcodes on a cover: ISBN, Japanese book price code, magazine code (JAN)."""


def check_digit(digits: str) -> str:
    """Modulus 10, weight 2-1 with split (the Luhn algorithm, ISO/IEC 7812-1 annex B)."""
    total = 0
    for position, char in enumerate(reversed(digits)):
        value = int(char) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def item_id_of(text: str, scheme: BarcodeScheme) -> str | Refusal:
    """The item number on a label, or why this is none. Start and stop characters may be present or not."""
    number = text.strip().strip(_STARTS_AND_STOPS)
    if len(number) == 13 and number.isdecimal() and number.startswith(_EAN_PREFIXES):
        return Refusal.BARCODE_NOT_AN_ITEM
    if not (number.isascii() and number.isdecimal()):
        return Refusal.BARCODE_MALFORMED
    if len(number) == scheme.patron_length and number.startswith(scheme.patron_prefix):
        return Refusal.BARCODE_NOT_AN_ITEM
    if len(number) != scheme.item_length or not number.startswith(scheme.item_prefix):
        return Refusal.BARCODE_MALFORMED
    if check_digit(number[:-1]) != number[-1]:
        return Refusal.BARCODE_CHECK_DIGIT
    return number


def make_number(prefix: str, length: int, serial: int) -> str:
    """The number with this serial in a scheme, check digit included."""
    body = prefix + str(serial).zfill(length - len(prefix) - 1)
    return body + check_digit(body)
