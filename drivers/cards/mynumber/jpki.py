"""Commands of the JPKI application: token, try counter, certificate, PIN, signature."""

from __future__ import annotations

from drivers.cards.apdu import CardGarbage, Channel, Command, Response
from drivers.cards.mynumber.profile import CardProfile
from kiosk.codes import Trouble
from kiosk.ports import CardProblem

_READ_CHUNK = 256
_LARGEST_CERTIFICATE = 4096


class JpkiApplication:
    """The application of one card, selected. Every method is one exchange with the card."""

    def __init__(self, send: Channel, profile: CardProfile) -> None:
        self._send = send
        self._profile = profile

    @staticmethod
    def present(send: Channel, profile: CardProfile) -> bool:
        """Select the application; False where the card has none."""
        send(Command(0x00, 0xA4, 0x00, 0x00))  # the first command after power-up may fail with 6F00
        return send(Command(0x00, 0xA4, 0x04, 0x0C, profile.aid)).ok

    def token_name(self) -> str:
        """What carries the keys: a card, an old resident card, a phone (first 32 bytes of EF 0006)."""
        self._select(self._profile.ef_token)
        answer = self._send(Command(0x00, 0xB0, 0x00, 0x00, le=32))
        if not answer.ok:
            raise CardGarbage("no token information")
        return answer.data.decode("ascii", "replace").strip(" \0")

    def tries_left(self) -> int:
        """How many wrong PINs the card will still take; asking costs none."""
        self._select(self._profile.ef_pin)
        answer = self._send(Command(0x00, 0x20, 0x00, 0x80))
        if answer.sw >> 4 == 0x63C:
            return answer.sw & 0xF
        if answer.sw == 0x6984:
            return 0
        if answer.ok:  # some cards answer so while a verification is in force, and that filled the counter
            return self._profile.pin_tries
        raise CardGarbage("no try counter")

    def certificate(self) -> bytes:
        """The authentication certificate (DER). It carries no name; read without PIN."""
        self._select(self._profile.ef_certificate)
        head = self._read(0, 4)
        if head[:2] != b"\x30\x82":
            raise CardGarbage("no certificate")
        length = int.from_bytes(head[2:4], "big") + 4
        if length > _LARGEST_CERTIFICATE:
            raise CardGarbage("a certificate of impossible length")
        der = bytearray()
        while len(der) < length:
            der += self._read(len(der), min(_READ_CHUNK, length - len(der)))
        return bytes(der)

    def verify(self, pin: str) -> None:
        """Give the card the PIN. One call is one try: never called twice for one entry."""
        self._select(self._profile.ef_pin)
        answer = self._send(Command(0x00, 0x20, 0x00, 0x80, pin.encode("ascii")))
        if answer.ok:
            return
        if answer.sw >> 4 == 0x63C:
            tries = answer.sw & 0xF
            raise CardProblem(Trouble.PIN_WRONG if tries else Trouble.PIN_BLOCKED, tries)
        if answer.sw == 0x6984:
            raise CardProblem(Trouble.PIN_BLOCKED, 0)
        raise CardGarbage("an unknown answer to a PIN")

    def sign(self, digest: bytes) -> bytes:
        """The card's signature over a digest of the profile's hash; the PIN must stand verified."""
        self._select(self._profile.ef_key)
        answer = self._send(Command(0x80, 0x2A, 0x00, 0x80, self._profile.digest_prefix + digest, le=256))
        if not answer.ok or not answer.data:
            raise CardGarbage("no signature")
        return answer.data

    def _select(self, ef: bytes) -> Response:
        answer = self._send(Command(0x00, 0xA4, 0x02, 0x0C, ef))
        if not answer.ok:
            raise CardGarbage("a file of the application is missing")
        return answer

    def _read(self, offset: int, length: int) -> bytes:
        answer = self._send(Command(0x00, 0xB0, offset >> 8, offset & 0xFF, le=length))
        if answer.sw not in (0x9000, 0x6282) or len(answer.data) != length:
            raise CardGarbage("a file that ends too early")  # or comes drop by drop, which no card does
        return answer.data
