"""What differs between generations of the card: callers never see it, the allow-list follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from drivers.cards.applications import CardApplication, Digest, ForbiddenProfile, KeyFile, SecretFile
from kiosk.rules import AttributesBy

SHA256_DIGEST_INFO = Digest("sha256", bytes.fromhex("3031300D060960864801650304020105000420"))
"""RFC 8017 §9.2, note 1; the card adds the PKCS#1 v1.5 padding."""


class EcdsaForm(StrEnum):
    """How a card writes an elliptic-curve signature: ASN.1 (RFC 3279 §2.2.3), or r and s side by side."""

    DER = "der"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class InputSupport:
    """The application that tells name, address, birth date and sex, opened by one key or the other.

    `number_b` is 照合番号B, printed on the card; the card itself gives nothing but these four for it. With
    the `pin` it would also give the Individual Number, and only `drivers.cards.forbidden` stands before it.
    """

    aid: bytes
    ef_attributes: bytes
    number_b: SecretFile | None
    pin: SecretFile | None

    def key(self, by: AttributesBy) -> SecretFile | None:
        """The file of the key that the ward has chosen; None where this card has none."""
        return {AttributesBy.NUMBER_B: self.number_b, AttributesBy.PIN: self.pin}.get(by)

    def application(self, by: AttributesBy) -> CardApplication | None:
        """What may be touched under this choice: one key and one file, or nothing at all."""
        key = self.key(by)
        if key is None:
            return None
        return CardApplication("input support", self.aid, frozenset({self.ef_attributes}), (key,))


@dataclass(frozen=True, slots=True)
class CardProfile:
    """One generation: where things are, what a PIN looks like, how a challenge is wrapped for signing.

    `ef_present` tells which certificates exist, `ef_token` what carries them; a generation without such a
    file says None, and its accepted token is the empty name. `ecdsa` counts for elliptic-curve keys.
    sources: OpenSC src/libopensc/jpki.h and card-jpki.c (AID, EFs, commands).
    """

    name: str
    aid: bytes
    ef_certificate: bytes
    ef_ca: bytes | None
    ef_token: bytes | None
    ef_present: bytes | None
    pin: SecretFile
    key: KeyFile
    accepted_tokens: tuple[str, ...]
    ecdsa: EcdsaForm | None = None
    support: InputSupport | None = None

    def __post_init__(self) -> None:
        list(self.applications(AttributesBy.OFF))  # each generation is judged when it is made,
        list(self.applications(AttributesBy.NUMBER_B))  # under every choice a ward has
        list(self.applications(AttributesBy.PIN))

    def applications(self, by: AttributesBy) -> Iterator[CardApplication]:
        """What a kiosk may touch on such a card; raises ForbiddenProfile for what it never may."""
        files = (self.ef_certificate, self.ef_ca, self.ef_token, self.ef_present)
        readable = frozenset(ef for ef in files if ef is not None)
        yield CardApplication(self.name, self.aid, readable, (self.pin,), (self.key,))
        support = self.support and self.support.application(by)
        if support:
            yield support


RSA_2015 = CardProfile(
    name="JPKI RSA-2048 (2015)",
    aid=bytes.fromhex("D392F000260100000001"),
    ef_certificate=bytes.fromhex("000A"),
    ef_ca=bytes.fromhex("000B"),
    ef_token=bytes.fromhex("0006"),
    ef_present=bytes.fromhex("0008"),
    pin=SecretFile(bytes.fromhex("0018"), re.compile(r"[0-9]{4}", re.ASCII), tries=3),
    key=KeyFile(bytes.fromhex("0017"), SHA256_DIGEST_INFO),
    # the plastic card; phones carry certificates of their own (JPKIAPGPSETOKEN, JPKIAPIOSTOKEN)
    accepted_tokens=("JPKIAPICCTOKEN2",),
    support=InputSupport(
        aid=bytes.fromhex("D3921000310001010408"),
        ef_attributes=bytes.fromhex("0002"),
        # birth date YYMMDD in its era, year of expiry, security code: what cannot be that costs no try
        number_b=SecretFile(
            bytes.fromhex("0015"),
            re.compile(r"[0-9]{2}(0[0-9]|1[0-2])([0-2][0-9]|3[01])20[0-9]{2}[0-9]{4}", re.ASCII),
            tries=10,
        ),
        pin=SecretFile(bytes.fromhex("0011"), re.compile(r"[0-9]{4}", re.ASCII), tries=3),
    ),
)
PROFILES = (RSA_2015,)
"""The generations in residents' hands today, in the order in which they are looked for."""


def applications(profiles: Iterable[CardProfile], by: AttributesBy) -> dict[bytes, CardApplication]:
    """Everything that may be touched on a card of any of these generations, by application id.

    Raises ForbiddenProfile where two generations want different things of one application.
    """
    found: dict[bytes, CardApplication] = {}
    for profile in profiles:
        for one in profile.applications(by):
            if found.setdefault(one.aid, one) != one:
                raise ForbiddenProfile(f"{profile.name}: {one.aid.hex()} is another generation's")
    return found
