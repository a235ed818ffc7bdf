"""What differs between generations of the card. Callers never see any of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.cards import allow


@dataclass(frozen=True, slots=True)
class CardProfile:
    """One generation: where things are, what a PIN looks like, how a challenge is wrapped for signing.

    sources: OpenSC src/libopensc/jpki.h and card-jpki.c (AID, EFs, commands).
    """

    name: str
    aid: bytes
    ef_certificate: bytes
    ef_token: bytes
    ef_key: bytes
    ef_pin: bytes
    pin_pattern: re.Pattern[str]
    pin_tries: int
    hash_name: str
    digest_prefix: bytes
    accepted_tokens: tuple[str, ...]


RSA_2015 = CardProfile(
    name="JPKI RSA-2048 (2015)",
    aid=allow.JPKI_AP,
    ef_certificate=allow.EF_AUTH_CERTIFICATE,
    ef_token=allow.EF_TOKEN_INFO,
    ef_key=allow.EF_AUTH_KEY,
    ef_pin=allow.EF_AUTH_PIN,
    pin_pattern=re.compile(r"[0-9]{4}", re.ASCII),
    pin_tries=3,
    hash_name="sha256",
    # DigestInfo of SHA-256 (RFC 8017 §9.2, note 1); the card adds the PKCS#1 v1.5 padding
    digest_prefix=bytes.fromhex("3031300D060960864801650304020105000420"),
    # the plastic card; phones carry certificates of their own (JPKIAPGPSETOKEN, JPKIAPIOSTOKEN)
    accepted_tokens=("JPKIAPICCTOKEN2",),
)
