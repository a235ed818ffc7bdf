"""A My Number card, faithful enough for OpenSC: the public-key application and the one that tells attributes.

Files that must never be touched are tripwires: `trespasses` lists every attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from virtual.cards.chip import Applet, AppletCard, Pin
from virtual.cards.issuer import TestAuthority, new_key
from virtual.cards.resident import Resident

JPKI = bytes.fromhex("D392F000260100000001")
SUPPORT = bytes.fromhex("D3921000310001010408")
FORBIDDEN_APS = (
    bytes.fromhex("D3921000310001010402"),
    bytes.fromhex("D3921000310001010401"),
    bytes.fromhex("D3921000310001010100"),
)
PHONES = ("JPKIAPGPSETOKEN", "JPKIAPIOSTOKEN")
"""Token names of Android and iPhone, which have no input-support application."""
BOTH_CERTIFICATES, NO_SIGNATURE_CERTIFICATE = b"\x8f\x8f\x00", b"\x00\x8f\x00"
NO_CERTIFICATE = bytes(3)
"""EF 0008: a grown-up's card, a minor's, and one that was issued without."""
_DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
_NOT_A_NUMBER = b"\xff\x10\x0cNEVER TO BE\xff"
"""Where the Individual Number stands on a real card. Here there is none, and nobody may find that out."""


@dataclass
class MyNumberCard(AppletCard):
    """One card. Without a `resident` the input-support application is a tripwire as a whole."""

    authority: TestAuthority = field(kw_only=False)
    certificate: bytes = field(kw_only=False)
    key: rsa.RSAPrivateKey = field(kw_only=False, default_factory=new_key)
    pin: str = "1234"
    tries: int = 3
    token: str = "JPKIAPICCTOKEN2"  # noqa: S105  (the name of the token, no secret)
    present: bytes = BOTH_CERTIFICATES
    resident: Resident | None = None
    number_b_tries: int = 10
    support_pin_tries: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        self.applets = [self._jpki()]
        self.forbidden_aids = FORBIDDEN_APS
        if self.resident is not None:
            self.applets.append(self._support(self.resident))
        elif self.token not in PHONES:
            self.forbidden_aids += (SUPPORT,)

    @property
    def tries_left(self) -> int:
        """Of the PIN for user authentication."""
        return self.applets[0].pins[b"\x00\x18"].tries

    def _jpki(self) -> Applet:
        return Applet(
            aid=JPKI,
            files=self._jpki_files,
            pins={b"\x00\x18": Pin(self.pin, 3, self.tries), b"\x00\x1b": Pin("ABC123", 5, 5)},
            keys={b"\x00\x17": (b"\x00\x18", self._sign), b"\x00\x1a": (b"\x00\x1b", lambda data: None)},
            opened_by={b"\x00\x01": (b"\x00\x1b",)},
        )

    def _jpki_files(self) -> dict[bytes, bytes]:
        authority = self.authority.certificate.public_bytes(Encoding.DER)
        return {
            b"\x00\x0a": self.certificate,
            b"\x00\x0b": authority,
            b"\x00\x01": b"",
            b"\x00\x02": authority,
            b"\x00\x06": self.token.ljust(32).encode() + bytes(128),
            b"\x00\x08": self.present,
        }

    def _sign(self, data: bytes) -> bytes | None:
        if not data.startswith(_DIGEST_INFO) or len(data) != 51:
            return None
        return self.key.sign(data[len(_DIGEST_INFO) :], padding.PKCS1v15(), Prehashed(SHA256()))

    def _support(self, resident: Resident) -> Applet:
        """照合番号B (0015) opens the attributes only, the PIN (0011) the number as well; 0012 is blocked from
        the start on every card seen; 照合番号A (0014) is the number itself, so it has no value here."""
        pin, blocked, number_a, number_b = b"\x00\x11", b"\x00\x12", b"\x00\x14", b"\x00\x15"
        return Applet(
            aid=SUPPORT,
            files=lambda: {b"\x00\x01": _NOT_A_NUMBER, b"\x00\x02": resident.file()},
            pins={
                pin: Pin(resident.pin, 3, self.support_pin_tries),
                blocked: Pin("", 3, 0),
                number_a: Pin("", 10, 10),
                number_b: Pin(resident.number_b, 10, self.number_b_tries),
            },
            opened_by={b"\x00\x01": (pin, number_a), b"\x00\x02": (pin, number_b)},
            tripwires=frozenset({b"\x00\x01", number_a}),
        )
