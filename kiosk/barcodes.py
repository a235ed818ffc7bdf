"""Linear barcodes as scanners send them: symbology, guards, check digits. Knows nothing of whose they are."""

from __future__ import annotations

import re
from enum import StrEnum

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
"""Symbology identifier that a scanner may send first (ISO/IEC 15424): ]F0 NW-7, ]A0 CODE39, ]Q1 QR."""
_CODE39 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""The characters in the order of their check values (ISO/IEC 16388 annex A)."""
_NW7_GUARDS = "ABCDabcd"


class Check(StrEnum):
    """How a number checks itself; NW-7 (JIS X 0506) leaves that to whoever prints the labels."""

    LUHN = "luhn"
    """Modulus 10, weight 2-1 with split (ISO/IEC 7812-1 annex B): most Japanese libraries."""
    MOD10_3 = "mod10-3"
    """Modulus 10, weight 3-1."""
    SEVEN = "7dr"
    """The remainder by seven."""
    MOD43 = "mod43"
    """CODE39's own check character."""
    NONE = "none"


def bare(text: str, check: Check) -> str:
    """What a label says, without the scanner's and the symbology's trimmings.

    Scanners send both guards of NW-7, one or none; in CODE39 (Check.MOD43) the same letters mean something.
    """
    text = text.strip()
    aim = _AIM.match(text)
    text = text[aim.end() :] if aim else text
    if len(text) > 2 and text[0] == text[-1] == "*":  # CODE39 guards
        return text[1:-1]
    number = text.strip(_NW7_GUARDS)
    return number if number.isdecimal() and check is not Check.MOD43 else text


def check_character(body: str, check: Check) -> str:
    """The character that `body` needs at its end; empty for Check.NONE. Raises ValueError for no number."""
    if check is Check.NONE:
        return ""
    if check is Check.MOD43:
        return _CODE39[sum(_CODE39.index(char) for char in body) % 43]
    if not (body.isascii() and body.isdecimal()):
        raise ValueError("this check is for digits")
    if check is Check.SEVEN:
        return str(int(body) % 7)
    weight = 3 if check is Check.MOD10_3 else 2
    total = 0
    for position, char in enumerate(reversed(body)):
        value = int(char) * (weight if position % 2 == 0 else 1)
        total += value - 9 if check is Check.LUHN and value > 9 else value
    return str(-total % 10)


def checks(number: str, check: Check) -> bool:
    """Whether a number agrees with its check character."""
    if check is Check.NONE:
        return True
    try:
        return check_character(number[:-1], check) == number[-1:]
    except ValueError:
        return False


def numbered(prefix: str, length: int, serial: int, check: Check = Check.LUHN) -> str:
    """The number with this serial in a scheme, its check character included."""
    width = length - len(prefix) - (check is not Check.NONE)
    body = prefix + str(serial).zfill(width)
    return body + check_character(body, check)
