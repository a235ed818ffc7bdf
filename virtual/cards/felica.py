"""A FeliCa library card as PC/SC readers show it: a storage card that tells its IDm and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

_ATR_BODY = bytes.fromhex("8F8001804F0CA0000003061100 3B00000000".replace(" ", ""))


def _with_check_byte(body: bytes) -> bytes:
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes((check,))


@dataclass
class FelicaCard:
    """`idm`: 8 bytes. Forgets nothing at power-off, for it knows nothing."""

    idm: bytes
    atr: bytes = _with_check_byte(_ATR_BODY)

    def power_off(self) -> None:
        return None

    def power_on(self) -> None:
        return None

    def answer(self, command: bytes) -> bytes:
        if command[:4] == bytes.fromhex("FFCA0000"):
            return self.idm + b"\x90\x00"
        return b"\x6a\x82" if command[1:2] == b"\xa4" else b"\x6d\x00"
