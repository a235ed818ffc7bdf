"""The allow-list below everything: what is not on it never reaches the wire.

The 12-digit Individual Number (番号法 arts. 9, 19, 20) stands in EF 0001 of the input-support application and
on the registry application; both are out of reach here because neither may be selected. The list holds what
a library kiosk needs and nothing else: read the authentication certificate, its CA's, the token's name, the
try counter, verify the four digits, sign a challenge.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.cards.apdu import Channel, Command, Response

JPKI_AP = bytes.fromhex("D392F000260100000001")
EF_AUTH_CERTIFICATE = bytes.fromhex("000A")
EF_AUTH_CA = bytes.fromhex("000B")
EF_TOKEN_INFO = bytes.fromhex("0006")
EF_AUTH_KEY = bytes.fromhex("0017")
EF_AUTH_PIN = bytes.fromhex("0018")

_SELECTABLE = {EF_AUTH_CERTIFICATE, EF_AUTH_CA, EF_TOKEN_INFO, EF_AUTH_KEY, EF_AUTH_PIN}
_READABLE = {EF_AUTH_CERTIFICATE, EF_AUTH_CA, EF_TOKEN_INFO}
_SELECT = 0xA4
_DIGEST_INFO_SHA256 = bytes.fromhex("3031300D060960864801650304020105000420")
_DIGEST_INFO_BYTES = len(_DIGEST_INFO_SHA256) + 32


class Forbidden(Exception):
    """A command outside the allow-list: a defect of ours, stopped before it reached the card."""


@dataclass(slots=True)
class _Position:
    """Where SELECT has brought us."""

    ap: bool = False
    ef: bytes | None = None


def guarded(send: Channel) -> Channel:
    """A channel that lets only listed commands through; it remembers what is selected."""
    at = _Position()

    def checked(command: Command) -> Response:
        if not _allowed(command, at):
            raise Forbidden(f"{command!r} is not on the allow-list")
        if command.ins == _SELECT:
            _forget(command, at)  # before the answer: when none comes, nothing counts as selected
        response = send(command)
        if command.ins == _SELECT and response.ok:
            _arrive(command, at)
        return response

    return checked


def _allowed(command: Command, at: _Position) -> bool:
    head = (command.cla, command.ins, command.p1, command.p2)
    if command.ins in (_SELECT, 0x20) and command.le is not None:  # neither ever answers with data
        return False
    if head == (0xFF, 0xCA, 0x00, 0x00):  # storage card: its identifier (PC/SC part 3 §3.2.2.1.3)
        return not command.data
    if head == (0x00, 0xA4, 0x00, 0x00):  # throw-away: the first command after power-up may answer 6F00
        return not command.data
    if head == (0x00, 0xA4, 0x04, 0x0C):
        return command.data == JPKI_AP
    if not at.ap:
        return False
    if head == (0x00, 0xA4, 0x02, 0x0C):
        return command.data in _SELECTABLE
    if head[:2] == (0x00, 0xB0):
        return at.ef in _READABLE and command.p1 < 0x80 and not command.data
    if head == (0x00, 0x20, 0x00, 0x80):
        return at.ef == EF_AUTH_PIN and _four_digits_or_none(command.data)
    if head == (0x80, 0x2A, 0x00, 0x80):
        return at.ef == EF_AUTH_KEY and _is_digest_info(command.data)
    return False


def _four_digits_or_none(data: bytes) -> bool:
    return not data or (len(data) == 4 and data.isdigit())


def _is_digest_info(data: bytes) -> bool:
    """Never anything longer, so that nobody else's text is signed with a resident's key."""
    return len(data) == _DIGEST_INFO_BYTES and data.startswith(_DIGEST_INFO_SHA256)


def _forget(command: Command, at: _Position) -> None:
    at.ef = None
    if command.p1 != 0x02:
        at.ap = False


def _arrive(command: Command, at: _Position) -> None:
    if command.p1 == 0x04:
        at.ap = True
    elif command.p1 == 0x02:
        at.ef = command.data
