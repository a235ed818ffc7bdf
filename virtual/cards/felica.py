"""Storage cards as PC/SC readers show them: they tell their identifier and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

FELICA = "11 00 3B"
MIFARE_1K = "03 00 01"
NTAG = "03 00 03"
ICODE = "0B 00 14"
"""Bytes SS NN NN of the ATR by which a reader says what it found (PC/SC part 3)."""
TRANSCEIVE = bytes.fromhex("FFC20001")
"""A transparent exchange (PC/SC part 3 §3.2.2.10): 95 and a frame to the card, 97 and its answer back."""
SUICA = (0x0003, 0xFE00, 0x86A7)
_PMM = bytes.fromhex("0120220427674EFF")


def storage_atr(standard: str) -> bytes:
    """The ATR a reader makes up for a storage card, check byte included."""
    return atr_of(bytes.fromhex(f"80 4F 0C A0 00 00 03 06 {standard} 00 00 00 00"))


def atr_of(historical: bytes) -> bytes:
    """The ATR a contactless reader makes up: 3B 8n 80 01, historical bytes, check byte."""
    body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes((check,))


@dataclass
class StorageCard:
    """Any card of which only the identifier counts. Forgets nothing at power-off, for it knows nothing."""

    identifier: bytes
    standard: str
    atr: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.atr = storage_atr(self.standard)

    def power_off(self) -> None:
        return None

    def power_on(self) -> None:
        return None

    def answer(self, command: bytes) -> bytes:
        if command[:4] == bytes.fromhex("FFCA0000"):
            return self.identifier + b"\x90\x00"
        return b"\x6a\x82" if command[1:2] == b"\xa4" else b"\x6d\x00"


class ChipCard(StorageCard):
    """A card that takes commands and knows none of ours: a bank card, a phone, another town's card.

    `historical` tells its technology as a reader's ATR does: eight bytes are of type B, any other of type A.
    """

    def __init__(self, identifier: bytes, historical: bytes = b"\x80") -> None:
        super().__init__(identifier, "")
        self.atr = atr_of(historical)


class FelicaCard(StorageCard):
    """A FeliCa card with one or several systems; `idm` (8 bytes) is that of the first.

    What is stored in its services is nobody's business: `trespasses` lists every attempt to read it.
    """

    def __init__(self, idm: bytes, systems: Sequence[int] = (0x88B4,)) -> None:
        super().__init__(idm, FELICA)
        self.systems = tuple(systems)
        self.trespasses: list[str] = []

    def answer(self, command: bytes) -> bytes:
        if command[:4] == TRANSCEIVE and command[5:6] == b"\x95":
            frame = self._frame(command[7 : 7 + command[6]])
            return b"\x97" + bytes((len(frame),)) + frame + b"\x90\x00"
        return super().answer(command)

    def _frame(self, command: bytes) -> bytes:
        """The answer to a FeliCa frame (JIS X 6319-4), both beginning with their length; b"": silence."""
        body = command[1:]
        if body[:1] == b"\x00" and len(body) == 5:
            return self._polling(int.from_bytes(body[1:3], "big"), body[3])
        if body[:1] == b"\x0c" and body[1:9] == self._idm(0):
            if self.systems == (0x88B4,):
                return b""  # FeliCa Lite-S does not know Request System Code
            codes = b"".join(code.to_bytes(2, "big") for code in self.systems)
            return _framed(b"\x0d" + self._idm(0) + bytes((len(self.systems),)) + codes)
        self.trespasses.append(command[:2].hex())
        return b""

    def _polling(self, wanted: int, request: int) -> bytes:
        for index, code in enumerate(self.systems):
            if all(
                want in (0xFF, have)
                for want, have in zip(wanted.to_bytes(2, "big"), code.to_bytes(2, "big"), strict=True)
            ):
                tail = code.to_bytes(2, "big") if request == 1 else b""
                return _framed(b"\x01" + self._idm(index) + _PMM + tail)
        return b""

    def _idm(self, index: int) -> bytes:
        return bytes((self.identifier[0] & 0x0F | index << 4,)) + self.identifier[1:]


def _framed(body: bytes) -> bytes:
    return bytes((len(body) + 1,)) + body
