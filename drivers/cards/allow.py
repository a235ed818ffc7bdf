"""The allow-list below everything: what is not on it never reaches the wire.

The list is not written down: it follows from the registered card profiles, which name what a library kiosk
needs and nothing else (read the authentication certificate, its authority's, the token's name, which
certificates exist; ask for the tries; verify a PIN; sign one digest). The application that tells name and
address is on it only where the ward has chosen a key for it. What may never be selected at all stands in
`drivers.cards.forbidden`, below the profiles and below this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.cards import forbidden
from drivers.cards.apdu import Channel, Command, Response
from drivers.cards.applications import CardApplication
from drivers.cards.mynumber.profile import PROFILES, CardProfile, applications
from kiosk.rules import AttributesBy

_SELECT, _VERIFY = 0xA4, 0x20


class Forbidden(Exception):
    """A command outside the allow-list: a defect of ours, stopped before it reached the card."""


@dataclass(slots=True)
class _Position:
    """Where SELECT has brought us."""

    ap: CardApplication | None = None
    ef: bytes | None = None


def guarded(
    send: Channel, profiles: Iterable[CardProfile] = PROFILES, attributes: AttributesBy = AttributesBy.OFF
) -> Channel:
    """A channel that lets only listed commands through; it remembers what is selected.

    `attributes`: the key by which the ward lets name and address be read (`CardRules.attributes`).
    """
    listed = applications(profiles, attributes)
    at = _Position()

    def checked(command: Command) -> Response:
        if _never(command, at) or not _allowed(command, at, listed):
            raise Forbidden(f"{command!r} is not on the allow-list")
        if command.ins == _SELECT:
            _forget(command, at)  # before the answer: when none comes, nothing counts as selected
        response = send(command)
        if command.ins == _SELECT and response.ok:
            _arrive(command, at, listed)
        return response

    return checked


def _never(command: Command, at: _Position) -> bool:
    """Refused whatever the profiles say."""
    if command.ins == _SELECT and command.p1 == 0x04:
        return forbidden.application(command.data) is not None
    if command.ins == _SELECT and at.ap is not None:
        return forbidden.file(at.ap.aid, command.data) is not None
    return command.ins == _VERIFY and forbidden.secret(command.data)


def _allowed(command: Command, at: _Position, listed: dict[bytes, CardApplication]) -> bool:
    head = (command.cla, command.ins, command.p1, command.p2)
    if command.ins in (_SELECT, _VERIFY) and command.le is not None:  # neither ever answers with data
        return False
    if head == (0xFF, 0xCA, 0x00, 0x00):  # storage card: its identifier (PC/SC part 3 §3.2.2.1.3)
        return not command.data
    if head == (0x00, 0xA4, 0x00, 0x00):  # throw-away: the first command after power-up may answer 6F00
        return not command.data
    if head == (0x00, 0xA4, 0x04, 0x0C):
        return command.data in listed
    return at.ap is not None and _allowed_inside(command, at.ap, at.ef)


def _allowed_inside(command: Command, ap: CardApplication, ef: bytes | None) -> bool:
    head = (command.cla, command.ins, command.p1, command.p2)
    if head == (0x00, 0xA4, 0x02, 0x0C):
        return command.data in ap.files
    if head[:2] == (0x00, 0xB0):  # bit 8 of P1 would name another file than the selected one
        return ef in ap.readable and command.p1 < 0x80 and not command.data
    if head == (0x00, _VERIFY, 0x00, 0x80):
        pin = ap.secret(ef)
        return pin is not None and (not command.data or pin.accepts(command.data))
    if head == (0x80, 0x2A, 0x00, 0x80):
        key = ap.key(ef)
        return key is not None and key.digest.accepts(command.data)
    return False


def _forget(command: Command, at: _Position) -> None:
    at.ef = None
    if command.p1 != 0x02:
        at.ap = None


def _arrive(command: Command, at: _Position, listed: dict[bytes, CardApplication]) -> None:
    if command.p1 == 0x04:
        at.ap = listed[command.data]
    elif command.p1 == 0x02:
        at.ef = command.data
