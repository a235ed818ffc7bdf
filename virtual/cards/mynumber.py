"""A My Number card's public-key application, faithful enough for OpenSC, with selectable misfortunes.

What the real card does and this one too: a verification survives re-selection and warm reset and ends only
with power; an empty VERIFY costs nothing; `63C0` is the answer to the last wrong try and `6984` to all later
ones. Files that must never be touched are tripwires: `trespasses` lists every attempt.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from virtual.cards.issuer import TestAuthority, new_key
from virtual.cards.vpcd import Pulled

JPKI = bytes.fromhex("D392F000260100000001")
SUPPORT = bytes.fromhex("D3921000310001010408")
FORBIDDEN_APS = (
    SUPPORT,
    bytes.fromhex("D3921000310001010402"),
    bytes.fromhex("D3921000310001010401"),
    bytes.fromhex("D3921000310001010100"),
)
CONTACTLESS_ATR = bytes.fromhex("3B88800100000000338181003A")
_DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
_NEVER_SENT = (0x24, 0x2C, 0xD6, 0xA2)
"""Change PIN, reset counter, write, terminal certificate: no kiosk has any business with these."""
OK = b"\x90\x00"


@dataclass
class _Pin:
    value: str
    limit: int
    tries: int
    verified: bool = False


@dataclass
class MyNumberCard:
    """One card. Misfortunes: `torn_at` (INS at which it is pulled), `torn_after` (commands), `garbage`,
    `slow`, `first_6f00`, `split_answers` (61xx) and `wrong_le` (6Cxx)."""

    authority: TestAuthority
    certificate: bytes
    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    pin: str = "1234"
    tries: int = 3
    token: str = "JPKIAPICCTOKEN2"  # noqa: S105  (the name of the token, no secret)
    torn_at: int | None = None
    torn_after: float = math.inf
    garbage: bool = False
    slow: float = 0.0
    first_6f00: bool = False
    split_answers: bool = False
    wrong_le: bool = False
    atr: bytes = CONTACTLESS_ATR
    trespasses: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    no_pin_in_force: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._pins = {b"\x00\x18": _Pin(self.pin, 3, self.tries), b"\x00\x1b": _Pin("ABC123", 5, 5)}
        self._ap: bytes | None = None
        self._ef: bytes | None = None
        self._fresh = True
        self._rest = b""

    @property
    def tries_left(self) -> int:
        return self._pins[b"\x00\x18"].tries

    # ---- power ------------------------------------------------------------------------------

    def power_off(self) -> None:
        for pin in self._pins.values():
            pin.verified = False
        self.no_pin_in_force.set()
        self.power_on()

    def power_on(self) -> None:
        self._ap = self._ef = None
        self._fresh = True

    # ---- commands ---------------------------------------------------------------------------

    def answer(self, command: bytes) -> bytes:
        if self.slow:
            time.sleep(self.slow)
        ins = command[1]
        self.log.append(command[:4].hex())
        if ins == self.torn_at or len(self.log) > self.torn_after:
            raise Pulled
        if self.garbage:
            return b"\x12\x34\x56"
        if self._fresh and self.first_6f00:
            self._fresh = False
            return b"\x6f\x00"
        self._fresh = False
        if ins == 0xC0:
            return self._next_part(command[-1])
        return self._split(command, self._dispatch(command))

    def _dispatch(self, command: bytes) -> bytes:
        if command[1] in _NEVER_SENT:
            self.trespasses.append(command[:4].hex())
        head, data = command[:2], command[5 : 5 + command[4]] if len(command) > 5 else b""
        if head == b"\x00\xa4":
            return self._select(command[2], data)
        if head == b"\x00\x20":
            return self._verify(data)
        if head == b"\x00\xb0":
            return self._read(command)
        if head == b"\x80\x2a":
            return self._sign(data)
        return b"\x6d\x00"

    def _select(self, p1: int, data: bytes) -> bytes:
        if p1 == 0x04:
            if data in FORBIDDEN_APS:
                self.trespasses.append(data.hex())
            if data != JPKI:
                return b"\x6a\x82"
            self._ap, self._ef = data, None
            return OK
        if p1 != 0x02 or self._ap is None:
            return b"\x6a\x82"
        if data not in self._files() and data not in self._pins and data not in (b"\x00\x17", b"\x00\x1a"):
            return b"\x6a\x82"
        self._ef = data
        return OK

    def _files(self) -> dict[bytes, bytes]:
        authority = self.authority.certificate.public_bytes(Encoding.DER)
        return {
            b"\x00\x0a": self.certificate,
            b"\x00\x0b": authority,
            b"\x00\x01": b"",
            b"\x00\x02": authority,
            b"\x00\x06": self.token.ljust(32).encode() + bytes(128),
            b"\x00\x08": b"\x8f\x8f\x00",
        }

    def _read(self, command: bytes) -> bytes:
        content = self._files().get(self._ef or b"")
        if self._ef == b"\x00\x01":
            return b"\x69\x82"
        if content is None:
            return b"\x69\x86"
        offset, le = command[2] << 8 | command[3], command[4] if len(command) > 4 else 0
        if offset >= len(content):
            return b"\x6b\x00"
        return content[offset : offset + (le or 256)] + OK

    def _verify(self, data: bytes) -> bytes:
        pin = self._pins.get(self._ef or b"")
        if pin is None:
            return b"\x69\x86"
        if not data:
            return bytes((0x63, 0xC0 | pin.tries))
        if pin.tries == 0:
            return b"\x69\x84"
        if data.decode("ascii", "replace") == pin.value:
            pin.tries, pin.verified = pin.limit, True
            self.no_pin_in_force.clear()
            return OK
        pin.tries -= 1
        pin.verified = False
        return bytes((0x63, 0xC0 | pin.tries))

    def _sign(self, data: bytes) -> bytes:
        if self._ef != b"\x00\x17" or not data.startswith(_DIGEST_INFO) or len(data) != 51:
            return b"\x6a\x80"
        if not self._pins[b"\x00\x18"].verified:
            return b"\x69\x82"
        digest = data[len(_DIGEST_INFO) :]
        return self.key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256())) + OK

    # ---- how answers travel -------------------------------------------------------------------

    def _split(self, command: bytes, answer: bytes) -> bytes:
        data, sw = answer[:-2], answer[-2:]
        if self.wrong_le and command[1] == 0xB0 and len(data) > 16 and command[-1] != len(data) & 0xFF:
            return bytes((0x6C, len(data) & 0xFF))
        if not self.split_answers or len(data) < 64:
            return answer
        self._rest = data[64:] + sw
        return data[:64] + bytes((0x61, min(255, len(data) - 64)))

    def _next_part(self, le: int) -> bytes:
        data, sw = self._rest[:-2], self._rest[-2:]
        part, data = data[: le or 256][:64], data[64:]
        self._rest = data + sw
        return part + (bytes((0x61, min(255, len(data)))) if data else sw)
