"""What a card profile is made of: files to read, of PINs, of keys. The allow-list follows from it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from drivers.cards import forbidden

_AID_BYTES = range(5, 17)
"""ISO/IEC 7816-4 §8.2.1.2: five bytes of registered provider, up to eleven of its own."""


class ForbiddenProfile(ValueError):
    """A profile that reaches for what no kiosk may touch: a defect of ours, seen when the program starts."""


@dataclass(frozen=True, slots=True)
class Digest:
    """How a challenge is handed to a key: the hash, and what stands before it (a DigestInfo, or nothing)."""

    hash_name: str
    prefix: bytes = b""

    def accepts(self, data: bytes) -> bool:
        """Exactly one digest in its wrapping. Nothing longer: nobody else's text is signed by a resident."""
        length = len(self.prefix) + hashlib.new(self.hash_name).digest_size
        return len(data) == length and data.startswith(self.prefix)


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The file of a PIN. `form`: what the card may be given; `tries`: how many it takes when untouched."""

    ef: bytes
    form: re.Pattern[str]
    tries: int

    def accepts(self, data: bytes) -> bool:
        """Whether this may be sent as a try. What has the form of an Individual Number never may."""
        return self.form.fullmatch(data.decode("latin-1")) is not None and not forbidden.secret(data)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The file of a private key, and the only form of digest it is given."""

    ef: bytes
    digest: Digest


@dataclass(frozen=True, slots=True)
class CardApplication:
    """One application, as far as a kiosk may go in it. Raises ForbiddenProfile when made too wide."""

    name: str
    aid: bytes
    readable: frozenset[bytes]
    secrets: tuple[SecretFile, ...] = ()
    keys: tuple[KeyFile, ...] = ()

    def __post_init__(self) -> None:
        what = forbidden.application(self.aid)
        if what is not None:
            raise ForbiddenProfile(f"{self.name}: {self.aid.hex()} is {what}")
        if len(self.aid) not in _AID_BYTES:
            raise ForbiddenProfile(f"{self.name}: {self.aid.hex()} is no full application id")
        for ef in self.files:
            what = forbidden.file(self.aid, ef)
            if what is not None:
                raise ForbiddenProfile(f"{self.name}: {ef.hex()} is {what}")
            if len(ef) != 2:
                raise ForbiddenProfile(f"{self.name}: {ef.hex()} is no file id")
        if len(set(self.files)) != len(self.files):
            raise ForbiddenProfile(f"{self.name}: one file in two roles")

    @property
    def files(self) -> tuple[bytes, ...]:
        """Everything in it that may be selected."""
        return (*self.readable, *(one.ef for one in self.secrets), *(one.ef for one in self.keys))

    def secret(self, ef: bytes | None) -> SecretFile | None:
        """The PIN in this file."""
        return next((one for one in self.secrets if one.ef == ef), None)

    def key(self, ef: bytes | None) -> KeyFile | None:
        """The key in this file."""
        return next((one for one in self.keys if one.ef == ef), None)
