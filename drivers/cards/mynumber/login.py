"""Proving a person: certificate first, then PIN, then a fresh challenge signed by the card."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.cards.mynumber import files
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.profile import CardProfile, EcdsaForm
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
    _check_bearer(application, profile)
    trusted = trust.check(application.certificate(), now)
    application.verify(pin)
    digest = _challenge(profile, device_id, now)
    _check_signature(trusted.certificate, application.sign(digest), digest, profile)
    return CardIdentity(CardKind.MYNUMBER, _tag(trusted.certificate, tagger), trusted.revocation)


def tries_before_pin(application: JpkiApplication, profile: CardProfile) -> int:
    """How many tries the PIN has; costs none. Raises CardProblem where asking for a PIN would be in vain:
    a phone, an old resident card, a card without the certificate."""
    _check_bearer(application, profile)
    return application.tries_left()


def check_form(pin: str, profile: CardProfile) -> None:
    """Raises PIN_MALFORMED for what cannot be a PIN: given to the card it would cost a try."""
    files.check_form(profile.pin, pin)


def _check_bearer(application: JpkiApplication, profile: CardProfile) -> None:
    if application.token_name() not in profile.accepted_tokens:
        raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
    if application.certificates_present().authentication is False:
        raise CardProblem(Trouble.CERT_ABSENT)


def _challenge(profile: CardProfile, device_id: str, now: datetime) -> bytes:
    """Fresh random bytes bound to this device, purpose and day, so that a signature serves nowhere else."""
    purpose = f"machikado/login/v1|{device_id}|{now.date().isoformat()}|".encode()
    random = secrets.token_bytes(CHALLENGE_BYTES)
    return hashlib.new(profile.key.digest.hash_name, purpose + random).digest()


def _check_signature(
    certificate: x509.Certificate, signature: bytes, digest: bytes, profile: CardProfile
) -> None:
    """The kind of key in the certificate decides how a signature is judged, the profile how it is written."""
    key, hashed = certificate.public_key(), Prehashed(_HASHES[profile.key.digest.hash_name]())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and profile.ecdsa is not None:
            key.verify(_ecdsa_der(signature, key, profile.ecdsa), digest, ec.ECDSA(hashed))
        else:
            raise CardProblem(Trouble.CERT_UNSUITABLE)
    except InvalidSignature as error:
        raise CardProblem(Trouble.SIGNATURE_INVALID) from error


def _ecdsa_der(signature: bytes, key: ec.EllipticCurvePublicKey, form: EcdsaForm) -> bytes:
    """As ASN.1; raises InvalidSignature where r and s do not have the width of the curve."""
    if form is EcdsaForm.DER:
        return signature
    width = (key.key_size + 7) // 8
    if len(signature) != 2 * width:
        raise InvalidSignature
    r, s = (int.from_bytes(part, "big") for part in (signature[:width], signature[width:]))
    return encode_dss_signature(r, s)


def _tag(certificate: x509.Certificate, tagger: CardTagger) -> str:
    """A tag of the public key: it changes with every renewal, as the law's linking does."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return tagger.tag(CardKind.MYNUMBER, hashlib.sha256(key).digest(), "jpki-auth")
