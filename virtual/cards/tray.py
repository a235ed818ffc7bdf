"""The tray of cards of the demo: what a resident might lay on the reader, good and bad."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from virtual.cards.felica import MIFARE_1K, NTAG, FelicaCard, StorageCard
from virtual.cards.issuer import TestAuthority, new_key
from virtual.cards.mynumber import NO_CERTIFICATE, NO_SIGNATURE_CERTIFICATE, PHONES, MyNumberCard
from virtual.cards.pcscd import Pcscd
from virtual.cards.resident import Resident
from virtual.cards.vpcd import OnReader, VirtualCard

LIBRARY_IDM = bytes.fromhex("0114B34D5E6F7081")
OTHER_IDM = bytes.fromhex("0114C0FFEE123456")


def make_mynumber(
    authority: TestAuthority, now: datetime, *, valid_from_days: int = -400, valid_to_days: int = 1400,
    key: RSAPrivateKey | None = None, **misfortunes: object,
) -> MyNumberCard:  # fmt: skip
    """A My Number card of this authority; days count from `now`. A `key` may be shared: each takes time."""
    key = key or new_key()
    certificate = authority.issue(
        key, now + timedelta(days=valid_from_days), now + timedelta(days=valid_to_days)
    )
    return MyNumberCard(authority, certificate.public_bytes(Encoding.DER), key, **misfortunes)  # type: ignore[arg-type]


@dataclass
class Tray:
    """Cards by name, and the one that lies on the reader."""

    cards: dict[str, VirtualCard]
    pcscd: Pcscd
    library_idm: bytes = LIBRARY_IDM
    _down: OnReader | None = field(default=None, repr=False)

    def lay_down(self, name: str) -> None:
        """Put this card on the reader (taking up the one that is there)."""
        self.take_up()
        self._down = OnReader(self.cards[name])

    def take_up(self) -> None:
        """Take the card off the reader."""
        if self._down is not None:
            self._down.take_away()
            self._down = None


MISFORTUNES: dict[str, dict[str, object]] = {
    "mynumber": {},
    "other-pin": {"pin": "9876"},
    "last-try": {"tries": 1},
    "no-pin": {"tries": 0},
    "no-certificate": {"present": NO_CERTIFICATE},
    "minor": {"present": NO_SIGNATURE_CERTIFICATE},
    "expired": {"valid_from_days": -1900, "valid_to_days": -5},
    "not-yet-valid": {"valid_from_days": 3},
    "revoked": {},
    "android": {"token": PHONES[0]},
    "iphone": {"token": PHONES[1]},
    "old-resident-card": {"token": "JPKIAPICCTOKEN"},
    "torn": {"torn_at": 0x2A},
    "garbage": {"garbage": True},
    "slow": {"slow": 0.3},
    "split-answers": {"split_answers": True},
    "wrong-length": {"wrong_le": True},
    "first-6f00": {"first_6f00": True},
}
"""My Number cards of one resident, each in another state; one key, so the good ones are one person."""


def make_cards(authority: TestAuthority, now: datetime) -> dict[str, VirtualCard]:
    """Every card of the tray, with one key for all of them: making one takes its time on a Pi."""
    key = new_key()
    cards: dict[str, VirtualCard] = {
        "library": FelicaCard(LIBRARY_IDM),
        "unknown": FelicaCard(OTHER_IDM),
        "tag": StorageCard(bytes.fromhex("04A1B2C3D4E5F6"), NTAG),
        "phone": StorageCard(bytes.fromhex("08C0FFEE"), MIFARE_1K),
    }
    for name, misfortune in MISFORTUNES.items():
        resident = None if name in ("android", "iphone") else Resident()
        given = {"key": key, "resident": resident, **misfortune}
        cards[name] = make_mynumber(authority, now, **given)  # type: ignore[arg-type]
    without = cards["no-certificate"]
    if isinstance(without, MyNumberCard):
        without.certificate = b""
    cards["foreign-authority"] = make_mynumber(TestAuthority.make(now), now, key=key, resident=Resident())
    return cards


@contextlib.contextmanager
def make_tray(folder: Path, now: datetime) -> Iterator[Tray]:
    """A tray beside a running pcscd; the trusted authority is written to `folder/trust`."""
    authority = TestAuthority.make(now)
    authority.save(folder / "trust")
    cards = make_cards(authority, now)
    revoke(authority, cards["revoked"], folder / "trust", now - timedelta(hours=6))
    with Pcscd(folder / "pcscd.log") as pcscd:
        tray = Tray(cards, pcscd)
        try:
            yield tray
        finally:
            tray.take_up()


def revoke(authority: TestAuthority, card: VirtualCard, folder: Path, dated: datetime) -> None:
    """Put this card's certificate on a list of that date."""
    if isinstance(card, MyNumberCard):
        serial = x509.load_der_x509_certificate(card.certificate).serial_number
        authority.revoke([serial], folder, dated)
