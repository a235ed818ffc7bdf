"""How cards show themselves on the air: one state machine for each technology, frames in and frames out.

A frame is what a reader sends after modulation and checksums are taken away; b"" is a card's silence.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Protocol

from virtual.cards.felica import FELICA, MIFARE_1K, NTAG, TRANSCEIVE
from virtual.cards.isodep import IsoDep

Run = Callable[[bytes], bytes]
"""Gives a command APDU to the card, returns the response APDU."""
_STORAGE_HEAD = bytes.fromhex("804F0CA000000306")
_FWI = 10
"""Frame waiting time integer: 4096 / 13.56 MHz · 2^10 = 0.31 s, for processes are slower than silicon."""
_SAK = {bytes.fromhex(NTAG): 0x00, bytes.fromhex(MIFARE_1K): 0x08}


class Technology(Protocol):
    """A card between power on and power off."""

    @property
    def bitrates(self) -> tuple[str, ...]: ...

    def frame(self, data: bytes) -> bytes: ...


def presented(atr: bytes, run: Run) -> Technology | None:
    """The card as it powers up; None for one that these technologies do not know (ISO 15693).

    The ATR tells as much as a PC/SC reader would have put into it (PC/SC part 3 §3.1.3.2.3).
    """
    historical = atr[4 : 4 + (atr[1] & 0x0F)]
    if not historical.startswith(_STORAGE_HEAD):
        if len(historical) == 8:
            return TypeB(historical, run)
        return TypeA(_identifier(run), 0x20, run, historical)
    standard = historical[len(_STORAGE_HEAD) :][:3]
    if standard == bytes.fromhex(FELICA):
        return TypeF(run)
    if standard in _SAK:
        return TypeA(_identifier(run), _SAK[standard], run)
    return None


def _identifier(run: Run) -> bytes:
    return run(bytes.fromhex("FFCA000000"))[:-2]


class TypeB:
    """ISO/IEC 14443 type B: a number of the moment, then ISO-DEP."""

    bitrates = ("106B",)

    def __init__(self, historical: bytes, run: Run) -> None:
        self._pupi = secrets.token_bytes(4)
        protocol = historical[4:6] + bytes((historical[6] & 0x0F | _FWI << 4,))
        self._sensb_res = b"\x50" + self._pupi + historical[:4] + protocol
        self._run = run
        self._dep: IsoDep | None = None

    def frame(self, data: bytes) -> bytes:
        if self._dep is not None and not self._dep.halted:
            return self._dep.block(data)
        wake = len(data) == 3 and data[0] == 0x05
        if wake and (self._dep is None or data[2] & 0x08):  # a halted card hears only WUPB
            return self._sensb_res
        if data[:5] == b"\x1d" + self._pupi:  # ATTRIB
            self._dep = IsoDep(self._run)
            return b"\x00"
        return b""


class TypeA:
    """ISO/IEC 14443 type A: identifier and SAK, then ISO-DEP or the few commands of a type 2 tag."""

    bitrates = ("106A",)

    def __init__(self, uid: bytes, sak: int, run: Run, historical: bytes = b"") -> None:
        self._sak = sak
        self._sens_res = bytes((0x44 if len(uid) > 4 else 0x04, 0x00))
        self._levels = _cascade(uid)
        self._type2 = Type2(uid) if sak == 0x00 else None
        self._ats = _sized(bytes((0x78, 0x80, _FWI << 4, 0x02)) + historical)
        self._run = run
        self._selected = 0
        self._dep: IsoDep | None = None

    def frame(self, data: bytes) -> bytes:
        if self._dep is not None and not self._dep.halted:
            return self._dep.block(data)
        if data in (b"\x26", b"\x52"):
            self._selected = 0
            return self._sens_res
        if self._selected < len(self._levels):
            return self._anticollision(data)
        if data[:1] == b"\xe0" and self._sak & 0x20:
            self._dep = IsoDep(self._run)
            return self._ats
        return b"" if self._type2 is None else self._type2.answer(data)

    def _anticollision(self, data: bytes) -> bytes:
        level, code = self._levels[self._selected], b"\x93\x95\x97"[self._selected]
        if data == bytes((code, 0x20)):
            return level
        if data == bytes((code, 0x70)) + level:
            self._selected += 1
            return bytes((self._sak if self._selected == len(self._levels) else 0x04,))
        return b""


class Type2:
    """What an NTAG213 says of itself when asked."""

    def __init__(self, uid: bytes) -> None:
        head = uid[:3] + bytes((reduce(xor, uid[:3], 0x88),)) + uid[3:] + bytes((reduce(xor, uid[3:]),))
        self._memory = (head + bytes.fromhex("480000E1101200")).ljust(180, b"\0")

    def answer(self, data: bytes) -> bytes:
        if data == b"\x60":  # GET_VERSION
            return bytes.fromhex("0004040201000F03")
        if data[:1] == b"\x30" and len(data) == 2:  # READ: four pages of four bytes
            at = data[1] * 4
            return (self._memory * 2)[at : at + 16]
        return b"\x00"  # NAK


class TypeF:
    """FeliCa: every frame goes to the card as it is."""

    bitrates = ("212F", "424F")

    def __init__(self, run: Run) -> None:
        self._run = run

    def frame(self, data: bytes) -> bytes:
        command = TRANSCEIVE + _lc(b"\x95" + bytes((len(data),)) + data)
        answer = self._run(command)
        return answer[2:-2] if answer[:1] == b"\x97" else b""


def _lc(data: bytes) -> bytes:
    return bytes((len(data),)) + data


def _sized(rest: bytes) -> bytes:
    return bytes((len(rest) + 1,)) + rest


def _cascade(uid: bytes) -> list[bytes]:
    """The identifier in levels of four bytes with their check byte; 88 says that there is more."""
    levels = []
    while len(uid) > 4:
        levels.append(b"\x88" + uid[:3])
        uid = uid[3:]
    levels.append(uid)
    return [level + bytes((reduce(xor, level),)) for level in levels]
