"""The file of the four attributes (EF 0002 of the input-support application), read strictly.

`FF20` holds, in this order: `DF21` four offsets of two bytes, counted from the start of the file to the tag
of each field; `DF22` name (family and given parted by U+3000); `DF23` address; `DF24` birth date YYYYMMDD;
`DF25` sex. Text is UTF-8, and nothing but FF may follow.
source: soltia48/myna-card src/ap/text.rs (measured on test cards); siketyan/jpki-rs core/src/ap/support.rs.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from drivers.cards.apdu import CardGarbage
from drivers.cards.mynumber import tlv
from kiosk.ports import Attributes, Sex

FILE = 0xFF20
HEAD_BYTES = 5
"""Tag and length of the file at their longest (`FF 20 82 xx xx`)."""
LARGEST = 2048
_OFFSETS, _NAME, _ADDRESS, _BIRTH_DATE, _SEX = 0xDF21, 0xDF22, 0xDF23, 0xDF24, 0xDF25
_OFFSET_BYTES = 2
_DATE = re.compile(r"[0-9]{8}", re.ASCII)
_DIGIT = re.compile(r"[0-9]", re.ASCII)
_SUBSTITUTES = frozenset("\u3013\u25a0\u25a1\u25cf\u25cb\ufffd")
"""〓 ■ □ ● ○ and the replacement character: what registers write for a character without a code point."""


def file_length(head: bytes) -> int:
    """How long the file is, from its first bytes, without its filler. Raises CardGarbage."""
    _, end = tlv.head(head, 0, FILE)
    if end > LARGEST:
        raise CardGarbage("a file of impossible length")
    return end


def parse(data: bytes) -> Attributes:
    """The four attributes. Raises CardGarbage, in whose text nothing of them stands."""
    end = file_length(data)
    if data[end:].strip(b"\xff"):
        raise CardGarbage("something else than filler behind the attributes")
    name, address, birth, sex = _fields(data[:end])
    said = {"name": _text(name), "address": _text(address)}
    return Attributes(
        name=said["name"],
        address=said["address"],
        birth_date=_date(birth),
        sex=_sex(sex),
        substituted=frozenset(field for field, text in said.items() if _substituted(text)),
    )


def _fields(data: bytes) -> list[bytes]:
    """The four values; the offsets must say where they were found."""
    at, end = tlv.head(data, 0, FILE)
    table, at = tlv.value(data, at, _OFFSETS)
    found, places = [], b""
    for tag in (_NAME, _ADDRESS, _BIRTH_DATE, _SEX):
        places += at.to_bytes(_OFFSET_BYTES, "big")
        value, at = tlv.value(data, at, tag)
        found.append(value)
    if at != end:
        raise CardGarbage("more than four attributes")
    if table != places:
        raise CardGarbage("offsets that point elsewhere")
    return found


def _text(data: bytes) -> str:
    """Letters a person can read: no controls, nothing unassigned, and not empty."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        # without its cause: that would carry the bytes of a name into a traceback
        raise CardGarbage("text that is no UTF-8") from None
    if not text.strip() or any(unicodedata.category(one) in ("Cc", "Cs", "Cn") for one in text):
        raise CardGarbage("text that nobody can read")
    return text


def _substituted(text: str) -> bool:
    """Whether a character stands for another; private use is a ward's own character, unknown elsewhere."""
    return any(one in _SUBSTITUTES or unicodedata.category(one) == "Co" for one in text)


def _date(data: bytes) -> date | None:
    text = data.decode("latin-1")
    if _DATE.fullmatch(text) is None:
        raise CardGarbage("a birth date that is none")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if 0 in (year, month, day):  # old registers lack the day, or more
        return None
    try:
        return date(year, month, day)
    except ValueError:
        raise CardGarbage("a birth date that is none") from None


def _sex(data: bytes) -> Sex:
    text = data.decode("latin-1")
    if _DIGIT.fullmatch(text) is None:
        raise CardGarbage("a sex that is none")
    return Sex(text) if text in set(Sex) else Sex.NOT_KNOWN
