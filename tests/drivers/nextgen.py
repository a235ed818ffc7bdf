"""A made-up next generation: ECDSA P-384 with SHA-384, two applications, two PINs, all elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.cards.applications import Digest, KeyFile, SecretFile
from drivers.cards.mynumber.profile import CardProfile, EcdsaForm, InputSupport
from virtual.cards.chip import Applet, AppletCard, Pin
from virtual.cards.issuer import TestAuthority
from virtual.cards.resident import Resident

AUTHENTICATION, CARD_FACE = bytes.fromhex("F0000000015445535401"), bytes.fromhex("F0000000015445535402")
CERTIFICATE, KEY, PIN = b"\x01\x10", b"\x01\x20", b"\x01\x30"
ATTRIBUTES, FACE_PIN = b"\x02\x10", b"\x02\x30"
SIX_TO_EIGHT = re.compile(r"[A-Z0-9]{6,8}", re.ASCII)


def profile(form: EcdsaForm = EcdsaForm.RAW) -> CardProfile:
    return CardProfile(
        name="made-up next generation",
        aid=AUTHENTICATION,
        ef_certificate=CERTIFICATE,
        ef_ca=None,
        ef_token=None,
        ef_present=None,
        pin=SecretFile(PIN, SIX_TO_EIGHT, tries=5),
        key=KeyFile(KEY, Digest("sha384")),
        accepted_tokens=("",),
        ecdsa=form,
        support=InputSupport(
            CARD_FACE, ATTRIBUTES, number_b=None, pin=SecretFile(FACE_PIN, SIX_TO_EIGHT, tries=5)
        ),
    )


@dataclass
class NextCard(AppletCard):
    """Certificate for ten years, signatures in the form the profile says."""

    authority: TestAuthority = field(kw_only=False)
    now: datetime = field(kw_only=False)
    form: EcdsaForm = EcdsaForm.RAW

    def __post_init__(self) -> None:
        super().__post_init__()
        self.key = ec.generate_private_key(ec.SECP384R1())
        until = self.now + timedelta(days=3600)
        made = self.authority.issue(self.key, self.now - timedelta(days=53), until)
        self.serial = made.serial_number
        certificate = made.public_bytes(Encoding.DER)
        self.applets = [
            Applet(AUTHENTICATION, lambda: {CERTIFICATE: certificate}, {PIN: Pin("LIBR42", 5, 5)},
                   {KEY: (PIN, self._sign)}),
            Applet(CARD_FACE, lambda: {ATTRIBUTES: Resident().file()}, {FACE_PIN: Pin("FACE2030", 5, 5)},
                   opened_by={ATTRIBUTES: (FACE_PIN,)}),
        ]  # fmt: skip

    @property
    def tries_left(self) -> int:
        return self.applets[0].pins[PIN].tries

    def _sign(self, data: bytes) -> bytes | None:
        if len(data) != 48:
            return None
        signature = self.key.sign(data, ec.ECDSA(Prehashed(SHA384())))
        if self.form is EcdsaForm.DER:
            return signature
        return b"".join(part.to_bytes(48, "big") for part in decode_dss_signature(signature))
