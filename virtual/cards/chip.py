"""A chip card with applications, PINs and keys, and with the misfortunes a card can have on its way.

What real cards do and this one too: a verification survives re-selection and warm reset and ends only with
power; an empty VERIFY costs nothing; `63C0` is the answer to the last wrong try and `6984` to all later ones.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from virtual.cards.vpcd import Pulled

OK = b"\x90\x00"
NOT_FOUND, NOT_OPEN, NO_FILE, PAST_THE_END = b"\x6a\x82", b"\x69\x82", b"\x69\x86", b"\x6b\x00"
BLOCKED, WRONG_DATA, UNKNOWN_COMMAND = b"\x69\x84", b"\x6a\x80", b"\x6d\x00"
_NEVER_SENT = (0x24, 0x2C, 0xD6, 0xA2)
"""Change PIN, reset counter, write, terminal certificate: no kiosk has any business with these."""
CONTACTLESS_ATR = bytes.fromhex("3B88800100000000338181003A")


@dataclass
class Pin:
    """One PIN: its value, how many tries it has when untouched, and how many are left."""

    value: str
    limit: int
    tries: int
    verified: bool = False

    def verify(self, data: bytes) -> bytes:
        if not data:
            return bytes((0x63, 0xC0 | self.tries))
        if self.tries == 0:
            return BLOCKED
        if data.decode("latin-1") == self.value:
            self.tries, self.verified = self.limit, True
            return OK
        self.tries, self.verified = self.tries - 1, False
        return bytes((0x63, 0xC0 | self.tries))


@dataclass
class Applet:
    """One application. `files` tells the contents now, `opened_by` the PINs that open a file (any of them),
    `keys` the PIN of a key and how it signs (None: no such digest), `tripwires` what nobody selects."""

    aid: bytes
    files: Callable[[], Mapping[bytes, bytes]]
    pins: dict[bytes, Pin]
    keys: Mapping[bytes, tuple[bytes, Callable[[bytes], bytes | None]]] = field(default_factory=dict)
    opened_by: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict)
    tripwires: frozenset[bytes] = frozenset()

    def has(self, ef: bytes) -> bool:
        return ef in self.files() or ef in self.pins or ef in self.keys

    def read(self, ef: bytes | None, offset: int, length: int) -> bytes:
        content = self.files().get(ef or b"")
        if content is None:
            return NO_FILE
        if ef in self.opened_by and not any(self.pins[pin].verified for pin in self.opened_by[ef or b""]):
            return NOT_OPEN
        return content[offset : offset + length] + OK if offset < len(content) else PAST_THE_END

    def sign(self, ef: bytes | None, data: bytes) -> bytes:
        if ef not in self.keys:
            return WRONG_DATA
        pin, sign = self.keys[ef or b""]
        if not self.pins[pin].verified:
            return NOT_OPEN
        signature = sign(data)
        return WRONG_DATA if signature is None else signature + OK


@dataclass(kw_only=True)
class AppletCard:
    """One card. Misfortunes: `torn_at` (INS at which it is pulled), `torn_after` (commands), `answer_lost`
    (pulled after doing what it was told), `garbage`, `slow` (seconds for each command), `first_6f00`,
    `split_answers` (61xx), `wrong_le` (6Cxx). `trespasses` lists every touch of a tripwire."""

    torn_at: int | None = None
    torn_after: float = math.inf
    answer_lost: bool = False
    garbage: bool = False
    slow: float = 0.0
    first_6f00: bool = False
    split_answers: bool = False
    wrong_le: bool = False
    atr: bytes = CONTACTLESS_ATR
    applets: list[Applet] = field(default_factory=list)
    forbidden_aids: tuple[bytes, ...] = ()
    trespasses: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    no_pin_in_force: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._ap: Applet | None = None
        self._ef: bytes | None = None
        self._fresh = True
        self._rest = b""

    @property
    def verified(self) -> bool:
        """Whether any PIN stands verified now."""
        return any(pin.verified for applet in self.applets for pin in applet.pins.values())

    # ---- power ------------------------------------------------------------------------------

    def power_off(self) -> None:
        for applet in self.applets:
            for pin in applet.pins.values():
                pin.verified = False
        self.no_pin_in_force.set()
        self.power_on()

    def power_on(self) -> None:
        self._ap = self._ef = None
        self._fresh = True
        self._rest = b""

    # ---- commands ---------------------------------------------------------------------------

    def answer(self, command: bytes) -> bytes:
        """The response to a raw command; raises Pulled to be gone instead."""
        if self.slow:
            time.sleep(self.slow)
        self.log.append(command[:4].hex())
        torn = command[1] == self.torn_at or len(self.log) > self.torn_after
        if torn and not self.answer_lost:
            raise Pulled
        answer = self._answer(command)
        if torn:
            raise Pulled
        return answer

    def _answer(self, command: bytes) -> bytes:
        if self.garbage:
            return b"\x12\x34\x56"
        first, self._fresh = self._fresh, False
        if first and self.first_6f00:
            return b"\x6f\x00"
        if command[1] == 0xC0:
            return self._next_part(command[-1])
        return self._split(command, self._dispatch(command))

    def _dispatch(self, command: bytes) -> bytes:
        if command[1] in _NEVER_SENT:
            self.trespasses.append(command[:4].hex())
        head, data = command[:2], command[5 : 5 + command[4]] if len(command) > 5 else b""
        if head == b"\x00\xa4":
            return self._select(command[2], data)
        if self._ap is None:
            return UNKNOWN_COMMAND
        if head == b"\x00\x20":
            return self._verify(data)
        if head == b"\x00\xb0":
            length = command[4] if len(command) > 4 else 0
            return self._ap.read(self._ef, command[2] << 8 | command[3], length or 256)
        if head == b"\x80\x2a":
            return self._ap.sign(self._ef, data)
        return UNKNOWN_COMMAND

    def _select(self, p1: int, data: bytes) -> bytes:
        if p1 == 0x04:
            if data in self.forbidden_aids:
                self.trespasses.append(data.hex())
            found = next((one for one in self.applets if one.aid == data), None)
            if found is None:
                return NOT_FOUND
            self._ap, self._ef = found, None
            return OK
        if p1 != 0x02 or self._ap is None:
            return NOT_FOUND
        if data in self._ap.tripwires:
            self.trespasses.append(f"{self._ap.aid.hex()}/{data.hex()}")
        if not self._ap.has(data):
            return NOT_FOUND
        self._ef = data
        return OK

    def _verify(self, data: bytes) -> bytes:
        pin = self._ap.pins.get(self._ef or b"") if self._ap is not None else None
        if pin is None:
            return NO_FILE
        answer = pin.verify(data)
        if self.verified:
            self.no_pin_in_force.clear()
        return answer

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
