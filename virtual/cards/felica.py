"""Storage cards as PC/SC readers show them: they tell their identifier and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

FELICA = "11 00 3B"
MIFARE_1K = "03 00 01"
NTAG = "03 00 03"
ICODE = "0B 00 14"
"""Bytes SS NN NN of the ATR by which a reader says what it found (PC/SC part 3)."""


def storage_atr(standard: str) -> bytes:
    """The ATR a reader makes up for a storage card, check byte included."""
    body = bytes.fromhex(f"8F 80 01 80 4F 0C A0 00 00 03 06 {standard} 00 00 00 00")
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


class FelicaCard(StorageCard):
    """A FeliCa library card; `idm` has 8 bytes."""

    def __init__(self, idm: bytes) -> None:
        super().__init__(idm, FELICA)
