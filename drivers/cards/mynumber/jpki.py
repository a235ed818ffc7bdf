"""Commands of the JPKI application: token, certificates present, try counter, certificate, PIN, signature."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.cards.apdu import CardGarbage, Channel, Command
from drivers.cards.mynumber.files import (
    has_file,
    read_exactly,
    read_start,
    select_application,
    select_file,
    tries_left,
    verify,
)  # fmt: skip
from drivers.cards.mynumber.profile import CardProfile
from kiosk.codes import Trouble
from kiosk.ports import CardProblem

_LARGEST_CERTIFICATE = 4096
_HEAD = 4
_TOKEN_NAME = 32
_ABSENT = 0x00


@dataclass(frozen=True, slots=True)
class CertificatesPresent:
    """Which certificates a card says it has. None: it says nothing that we know.

    A resident below fifteen has no certificate for signatures; a card may also be issued without any.
    """

    signature: bool | None = None
    authentication: bool | None = None


class JpkiApplication:
    """The application of one card, selected. Every method is one exchange with the card."""

    def __init__(self, send: Channel, profile: CardProfile) -> None:
        self._send = send
        self._profile = profile

    @staticmethod
    def present(send: Channel, profile: CardProfile) -> bool:
        """Select the application; False where the card has none."""
        send(Command(0x00, 0xA4, 0x00, 0x00))  # the first command after power-up may fail with 6F00
        return select_application(send, profile.aid)

    def token_name(self) -> str:
        """What carries the keys: a card, an old resident card, a phone (first 32 bytes of EF 0006)."""
        if self._profile.ef_token is None:
            return ""
        select_file(self._send, self._profile.ef_token)
        answer = self._send(Command(0x00, 0xB0, 0x00, 0x00, le=_TOKEN_NAME))
        if not answer.ok:
            raise CardGarbage("no token information")
        name = answer.data[:_TOKEN_NAME].decode("ascii", "replace").strip(" \0")
        return name if name.isprintable() else "?"  # it is shown in a technician's terminal

    def certificates_present(self) -> CertificatesPresent:
        """What EF 0008 says, readable without PIN: one byte each for signature and authentication."""
        if self._profile.ef_present is None or not has_file(self._send, self._profile.ef_present):
            return CertificatesPresent()
        told = read_start(self._send, 3)
        if len(told) != 3:
            raise CardGarbage("a file of three bytes that has not three")
        signature, authentication, _unknown = told
        return CertificatesPresent(_stands_for(signature), _stands_for(authentication))

    def tries_left(self) -> int:
        """How many wrong PINs the card will still take; asking costs none."""
        return tries_left(self._send, self._profile.pin)

    def certificate(self) -> bytes:
        """The authentication certificate (DER). It carries no name; read without PIN.

        Raises CardProblem(CERT_ABSENT) where the file is missing, empty, or holds nothing but filler.
        """
        if not has_file(self._send, self._profile.ef_certificate):
            raise CardProblem(Trouble.CERT_ABSENT)
        head = read_start(self._send, _HEAD)
        if len(head) < _HEAD or head in (b"\xff" * _HEAD, b"\0" * _HEAD):
            raise CardProblem(Trouble.CERT_ABSENT)
        if head[:2] != b"\x30\x82":
            raise CardGarbage("no certificate")
        length = int.from_bytes(head[2:4], "big") + _HEAD
        if length > _LARGEST_CERTIFICATE:
            raise CardGarbage("a certificate of impossible length")
        return read_exactly(self._send, 0, length)

    def verify(self, pin: str) -> None:
        """Give the card the PIN, unless that were its last try. Never called twice for one entry."""
        verify(self._send, self._profile.pin, pin)

    def sign(self, digest: bytes) -> bytes:
        """The card's signature over a digest of the profile's hash; the PIN must stand verified."""
        key = self._profile.key
        select_file(self._send, key.ef)
        answer = self._send(Command(0x80, 0x2A, 0x00, 0x80, key.digest.prefix + digest, le=256))
        if not answer.ok or not answer.data:
            raise CardGarbage("no signature")
        return answer.data


def _stands_for(told: int) -> bool | None:
    """8F stands for a certificate that is there, 00 for none; other values were never seen."""
    return {0x8F: True, _ABSENT: False}.get(told)
