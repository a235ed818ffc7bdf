"""Proving a person: certificate first, then PIN, then a fresh challenge signed by the card."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.profile import CardProfile
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardIdentity, CardKind, CardProblem

CHALLENGE_BYTES = 32
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"sha256": hashes.SHA256, "sha384": hashes.SHA384}


def log_in(
    application: JpkiApplication, profile: CardProfile, trust: TrustStore, tagger: CardTagger,
    *, device_id: str, pin: str, now: datetime,
) -> CardIdentity:  # fmt: skip
    """Who this card speaks for; raises CardProblem. Spends a PIN try only when all else is in order."""
    check_form(pin, profile)
    if application.token_name() not in profile.accepted_tokens:
        raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
    trusted = trust.check(application.certificate(), now)
    tries = application.tries_left()
    if tries <= 1:
        raise CardProblem(Trouble.PIN_LAST_TRY if tries else Trouble.PIN_BLOCKED, tries)
    application.verify(pin)
    digest = _challenge(profile, device_id, now)
    _check_signature(trusted.certificate, application.sign(digest), digest, profile)
    return CardIdentity(CardKind.MYNUMBER, _tag(trusted.certificate, tagger), trusted.revocation_as_of)


def check_form(pin: str, profile: CardProfile) -> None:
    """Raises PIN_MALFORMED for what cannot be a PIN: given to the card it would cost a try."""
    if profile.pin_pattern.fullmatch(pin) is None:
        raise CardProblem(Trouble.PIN_MALFORMED)


def _challenge(profile: CardProfile, device_id: str, now: datetime) -> bytes:
    """Fresh random bytes bound to this device, purpose and day, so that a signature serves nowhere else."""
    purpose = f"machikado/login/v1|{device_id}|{now.date().isoformat()}|".encode()
    return hashlib.new(profile.hash_name, purpose + secrets.token_bytes(CHALLENGE_BYTES)).digest()


def _check_signature(
    certificate: x509.Certificate, signature: bytes, digest: bytes, profile: CardProfile
) -> None:
    key, hashed = certificate.public_key(), Prehashed(_HASHES[profile.hash_name]())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(hashed))
        else:
            raise CardProblem(Trouble.CERT_UNSUITABLE)
    except InvalidSignature as error:
        raise CardProblem(Trouble.SIGNATURE_INVALID) from error


def _tag(certificate: x509.Certificate, tagger: CardTagger) -> str:
    """A tag of the public key: it changes with every renewal, as the law's linking does."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return tagger.tag(CardKind.MYNUMBER, hashlib.sha256(key).digest(), "jpki-auth")
