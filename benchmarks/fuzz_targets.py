"""What the fuzzers throw bytes at: every reader of card bytes, and the whole talk with a card.

A target returns where all is well, be it with a result or with one of our own errors. It raises where a card
can make us crash, say something that is not on the list, try a PIN twice, or talk for longer than is bounded
(`fuzz_wire.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.fuzz_wire import BOUND, COMMANDS, SELECT_JPKI, Air, Wire, counted
from drivers.cards.allow import guarded
from drivers.cards.apdu import (
    CardGarbage,
    CardGone,
    Channel,
    Command,
    channel,
    split,
)
from drivers.cards.atr import recognise
from drivers.cards.mynumber.attributes import file_length, parse
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.login import log_in, tries_before_pin
from drivers.cards.mynumber.profile import RSA_2015
from drivers.cards.mynumber.revocation import signed_list
from drivers.cards.mynumber.support import read_attributes
from drivers.cards.mynumber.trust import TrustStore, authority
from drivers.cards.readers.nfc_field import Field
from kiosk.people.tags import CardTagger
from kiosk.ports import CardProblem
from kiosk.rules import AttributesBy
from virtual.cards.issuer import TestAuthority, new_key
from virtual.cards.mynumber import MyNumberCard
from virtual.cards.resident import Resident

TYPED = (CardGarbage, CardGone, CardProblem)
"""What the readers know how to tell a resident."""
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
_TAGGER = CardTagger(bytes(32))


@dataclass(frozen=True)
class _House:
    """Genuine things to begin from."""

    authority: TestAuthority
    trust: TrustStore
    certificate: bytes
    revocation_list: bytes
    card: MyNumberCard


@cache
def _house() -> _House:
    made, key = TestAuthority.make(NOW), new_key()
    issued = made.issue(key, NOW - timedelta(days=1), NOW + timedelta(days=1)).public_bytes(Encoding.DER)
    with TemporaryDirectory() as name:
        folder = Path(name)
        made.save(folder)
        trust = TrustStore(folder)
        made.revoke([1, 2], folder, NOW)
        (revoked,) = (path.read_bytes() for path in folder.glob("*.crl"))
    return _House(made, trust, issued, revoked, MyNumberCard(made, issued, key, resident=Resident()))


def _talk(flow: str, answers: bytes, act: Callable[[Channel], object], by: AttributesBy) -> None:
    card = _house().card
    card.power_off()
    for applet in card.applets:
        for pin in applet.pins.values():
            pin.tries = pin.limit
    card.log.clear()
    try:
        act(guarded(counted(channel(Wire(answers, BOUND[flow], card)), COMMANDS[flow]), attributes=by))
    except TYPED as error:
        if "1234" in str(error) or Resident().number_b in str(error):
            raise AssertionError("a secret in an error") from error
    if card.trespasses:
        raise AssertionError("a tripwire was touched")


def talk_recognise(data: bytes) -> None:
    """An ATR of any kind, then any answers."""
    length = data[0] % 34 if data else 0
    atr, answers = data[1 : 1 + length], data[1 + length :]
    _talk("recognise", answers, lambda send: recognise(atr, send, _TAGGER), AttributesBy.OFF)


def talk_tries(data: bytes) -> None:
    _talk("tries", data, lambda send: tries_before_pin(_selected(send), RSA_2015), AttributesBy.OFF)


def talk_log_in(data: bytes) -> None:
    def act(send: Channel) -> None:
        trust = _house().trust
        log_in(_selected(send), RSA_2015, trust, _TAGGER, device_id="fuzz", pin="1234", now=NOW)

    _talk("log in", data, act, AttributesBy.OFF)


def talk_attributes(data: bytes) -> None:
    by = AttributesBy.PIN if data[:1] < b"\x80" else AttributesBy.NUMBER_B
    secret = Resident().pin if by is AttributesBy.PIN else Resident().number_b
    _talk("attributes", data[1:], lambda send: read_attributes(send, RSA_2015, by, secret), by)


def _selected(send: Channel) -> JpkiApplication:
    if not JpkiApplication.present(send, RSA_2015):
        raise CardGarbage("no application")
    return JpkiApplication(send, RSA_2015)


def read_air(data: bytes) -> None:
    """Whoever is found in the field of a reader without PC/SC, and whatever it answers there."""
    field = Field(Air(data))
    try:
        link = field.find()
        if link is None:
            return
        for command in (b"\x00\xa4\x00\x00", bytes.fromhex(SELECT_JPKI)):
            link.transmit(command)
        link.alive()
        field.find_again(link)
    except TYPED:
        return


def read_apdu(data: bytes) -> None:
    """One response, and one command whose answer comes in pieces of any kind."""
    pieces = iter(data.split(b"\xc3"))
    try:
        split(data)
        channel(lambda raw: next(pieces, b""))(Command(0x00, 0xB0, 0x00, 0x00, le=256))
    except TYPED:
        return


def read_attribute_file(data: bytes) -> None:
    try:
        file_length(data[:5])
        parse(data)
    except CardGarbage as error:
        if error.__cause__ is not None:
            raise AssertionError("an error that carries what was read") from error


def _near(genuine: bytes, data: bytes) -> bytes:
    """The genuine file with edits (two bytes where, one what).

    No coverage comes back from inside the parser of certificates: blind bytes get nowhere in it, edits far.
    """
    edited = bytearray(genuine)
    for at in range(0, len(data) - 2, 3):
        edited[int.from_bytes(data[at : at + 2], "big") % len(edited)] = data[at + 2]
    return bytes(edited)


def read_certificate(data: bytes) -> None:
    try:
        _house().trust.check(_near(_house().certificate, data), NOW)
    except CardProblem:
        return


def read_revocation_list(data: bytes) -> None:
    try:
        signed_list(_near(_house().revocation_list, data), [_house().authority.certificate])
    except ValueError:
        return


def read_authority(data: bytes) -> None:
    try:
        authority(_near(_house().authority.certificate.public_bytes(Encoding.DER), data))
    except ValueError:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    "recognise": talk_recognise,
    "tries": talk_tries,
    "log-in": talk_log_in,
    "attributes": talk_attributes,
    "apdu": read_apdu,
    "air": read_air,
    "attribute-file": read_attribute_file,
    "certificate": read_certificate,
    "revocation-list": read_revocation_list,
    "authority": read_authority,
}


def seeds(name: str) -> list[bytes]:
    """Good input to begin from: what is almost right reaches furthest."""
    truth, file = b"\xff" * 40, Resident().file()
    storage = bytes.fromhex("3B8F8001804F0CA000000306 11003B0000000042")
    return {
        "recognise": [bytes((len(storage),)) + storage + b"\x08" + bytes(8) + b"\x90\x00", b"\0" + truth],
        "air": [
            bytes.fromhex("00 02 4400 07 04A1B2C3D4E5F6 01 20 05 0578807002 03 029000 03 039000 05 A2 00"),
            bytes.fromhex("01 0C 500102030400000000008185 01 00 03 029000 03 039000"),
            bytes.fromhex("02 13 010114B34D5E6F708100F1000000014300 88B4 0D 0D0D0114B34D5E6F70810188B4 02"),
        ],
        "apdu": [b"\x61\x08\xc3ab\x90\x00"],
        "attribute-file": [file, file.rstrip(b"\xff"), Resident(address="光" * 300).file()],
        "tries": [truth, truth[:4] + b"\x00\x6a\x82" + truth],
        "log-in": [truth, truth[:8] + b"\x04\x30\x82\x01\x00\x90\x00" + truth],
        "attributes": [
            b"\0" + truth,
            b"\xff" + truth,
            truth[:7] + b"\x05\xff\x20\x82\x01\x00\x90\x00" + truth,
        ],
    }.get(name, [bytes(3), b"\x00\x0c\x06" * 2])
