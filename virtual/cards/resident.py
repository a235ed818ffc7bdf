"""A made-up resident, and the file in which a card tells of one, written apart from what reads it."""

from __future__ import annotations

from dataclasses import dataclass

FILLED_TO = 640
"""Bytes of the file with its filler."""


@dataclass(frozen=True)
class Resident:
    """Who stands on the card. `number_b` is what is printed on it (照合番号B), `pin` the four digits."""

    name: str = "練馬　花子"
    address: str = "東京都練馬区光が丘２丁目９番６号　まちかど団地第三アパート１２号棟１２０４号室"
    birth_date: str = "19850612"
    sex: str = "2"
    number_b: str = "60061220311234"
    pin: str = "5678"

    def file(self) -> bytes:
        """EF 0002: four attributes behind a table of where they begin, filled up with FF."""
        texts = (self.name, self.address, self.birth_date, self.sex)
        fields = [_tlv(0xDF22 + number, text.encode()) for number, text in enumerate(texts)]
        inside = 11 + sum(map(len, fields))  # the table itself is eleven bytes
        at = len(_head(0xFF20, inside)) + 11
        table = b""
        for one in fields:
            table += at.to_bytes(2, "big")
            at += len(one)
        return _tlv(0xFF20, _tlv(0xDF21, table) + b"".join(fields)).ljust(FILLED_TO, b"\xff")


def _head(tag: int, length: int) -> bytes:
    if length < 0x80:
        written = bytes((length,))
    elif length < 0x100:
        written = bytes((0x81, length))
    else:
        written = b"\x82" + length.to_bytes(2, "big")
    return tag.to_bytes(2, "big") + written


def _tlv(tag: int, value: bytes) -> bytes:
    return _head(tag, len(value)) + value
