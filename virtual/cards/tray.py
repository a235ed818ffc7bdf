"""The tray of cards of the demo: what a resident might lay on the reader, good and bad."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from virtual.cards.felica import MIFARE_1K, NTAG, FelicaCard, StorageCard
from virtual.cards.issuer import TestAuthority, new_key
from virtual.cards.mynumber import MyNumberCard
from virtual.cards.pcscd import Pcscd
from virtual.cards.vpcd import OnReader, VirtualCard

LIBRARY_IDM = bytes.fromhex("0114B34D5E6F7081")
OTHER_IDM = bytes.fromhex("0114C0FFEE123456")


def make_mynumber(
    authority: TestAuthority, now: datetime, *, valid_from_days: int = -400, valid_to_days: int = 1400,
    **misfortunes: object,
) -> MyNumberCard:  # fmt: skip
    """A My Number card of this authority; days count from `now`."""
    key = new_key()
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


@contextlib.contextmanager
def make_tray(folder: Path, now: datetime) -> Iterator[Tray]:
    """A tray beside a running pcscd; the trusted authority is written to `folder/trust`."""
    authority, stranger = TestAuthority.make(now), TestAuthority.make(now)
    authority.save(folder / "trust")
    cards: dict[str, VirtualCard] = {
        "library": FelicaCard(LIBRARY_IDM),
        "mynumber": make_mynumber(authority, now),
        "unknown": FelicaCard(OTHER_IDM),
        "tag": StorageCard(bytes.fromhex("04A1B2C3D4E5F6"), NTAG),
        "phone": StorageCard(bytes.fromhex("08C0FFEE"), MIFARE_1K),
        "expired": make_mynumber(authority, now, valid_from_days=-1900, valid_to_days=-5),
        "not-yet-valid": make_mynumber(authority, now, valid_from_days=3),
        "revoked": make_mynumber(authority, now),
        "foreign-authority": make_mynumber(stranger, now),
        "last-try": make_mynumber(authority, now, tries=1),
        "torn": make_mynumber(authority, now, torn_at=0x2A),
        "garbage": make_mynumber(authority, now, garbage=True),
    }
    revoked = cards["revoked"]
    if isinstance(revoked, MyNumberCard):
        serial = x509.load_der_x509_certificate(revoked.certificate).serial_number
        authority.revoke([serial], folder / "trust", now - timedelta(hours=6))
    with Pcscd(folder / "pcscd.log") as pcscd:
        tray = Tray(cards, pcscd)
        try:
            yield tray
        finally:
            tray.take_up()
