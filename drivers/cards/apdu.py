"""Command and response APDUs (ISO/IEC 7816-4), and the small repairs real cards need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Transmit = Callable[[bytes], bytes]
"""Sends one command APDU, returns the response with its two status bytes. Raises CardGone."""

OK = 0x9000
MAX_RESPONSE_PARTS = 32
"""GET RESPONSE rounds for one command; more is a card that never ends. 256 bytes are one part, seldom two."""


class CardGone(Exception):
    """The card left the reader (or the reader went away) in the middle."""


class CardGarbage(Exception):
    """The card's answer is none: too short, or not what the standard allows."""


@dataclass(frozen=True, slots=True)
class Command:
    """`le` None: no data expected; 256 stands for the short Le byte 00."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    def __bytes__(self) -> bytes:
        head = bytes((self.cla, self.ins, self.p1, self.p2))
        body = bytes((len(self.data),)) + self.data if self.data else b""
        tail = b"" if self.le is None else bytes((self.le & 0xFF,))
        return head + body + tail

    def __repr__(self) -> str:
        return f"Command({self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X})"  # data may be a PIN


@dataclass(frozen=True, slots=True)
class Response:
    """Data and status word."""

    data: bytes
    sw: int

    @property
    def ok(self) -> bool:
        return self.sw == OK

    def __repr__(self) -> str:
        return f"Response({len(self.data)} bytes, {self.sw:04X})"


Channel = Callable[[Command], Response]
"""What the card applications talk through: one command, one complete response."""


def split(raw: bytes) -> Response:
    """A raw response as data and status word; raises CardGarbage."""
    if len(raw) < 2:
        raise CardGarbage("a response without a status word")
    sw = int.from_bytes(raw[-2:], "big")
    if sw >> 12 not in (6, 9):
        raise CardGarbage("a status word outside 6XXX and 9XXX")
    return Response(raw[:-2], sw)


def channel(transmit: Transmit) -> Channel:
    """A channel that repeats with the right length on 6Cxx and collects the rest on 61xx (§5.3.4).

    Only what asked for data is repeated: a PIN goes out once, whatever the card answers.
    """

    def send(command: Command) -> Response:
        response = split(transmit(bytes(command)))
        if response.sw >> 8 == 0x6C and command.le is not None:
            again = Command(
                command.cla, command.ins, command.p1, command.p2, command.data, response.sw & 0xFF or 256
            )
            response = split(transmit(bytes(again)))
        return response if response.sw >> 8 != 0x61 else _with_rest(response, transmit)

    return send


def _with_rest(response: Response, transmit: Transmit) -> Response:
    """A response that came in parts, whole; raises CardGarbage for one that never ends."""
    data = bytearray(response.data)
    for _ in range(MAX_RESPONSE_PARTS):
        if response.sw >> 8 != 0x61:
            return Response(bytes(data), response.sw)
        more = Command(0x00, 0xC0, 0x00, 0x00, le=response.sw & 0xFF or 256)
        response = split(transmit(bytes(more)))
        data += response.data
    raise CardGarbage("a response that never ends")
