"""A TEST authority in the shape of the real ones; its certificates say TEST wherever a name stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

_POLICY_AUTH = ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
"""Certificate policy of user-authentication certificates (J-LIS certificate profile)."""


UserKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
"""Today's cards have RSA keys, the next generation's will have P-384 ones."""


def _hash(key: UserKey) -> hashes.SHA256 | hashes.SHA384:
    """What an authority with such a key signs with."""
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else hashes.SHA384()


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(unit: str, common: str | None = None) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI-TEST"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
    ]
    if common is not None:
        parts = [parts[0], x509.NameAttribute(NameOID.COMMON_NAME, common)]
    return x509.Name(parts)


@dataclass
class TestAuthority:
    """One generation of the authority. All generations bear one name, as the real ones do."""

    __test__ = False

    key: UserKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, now: datetime, key: UserKey | None = None) -> TestAuthority:
        """An authority of today (RSA-2048), or of tomorrow with a P-384 `key`."""
        key = key or new_key()
        name = _name("JPKI for user authentication")
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1200))
            .not_valid_after(now + timedelta(days=2400))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, _hash(key))
        )
        return cls(key, made)

    def save(self, directory: Path) -> None:
        """Pin this authority: write its certificate where a trust store reads."""
        directory.mkdir(parents=True, exist_ok=True)
        serial = f"{self.certificate.serial_number:x}"[:8]
        (directory / f"TEST-auth-{serial}.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def revoke(self, serials: Sequence[int], directory: Path, dated: datetime) -> None:
        """Write this authority's revocation list of that date, good for a week."""
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(dated)
            .next_update(dated + timedelta(days=7))
        )
        for serial in serials:
            gone = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(dated).build()
            made = made.add_revoked_certificate(gone)
        data = made.sign(self.key, _hash(self.key)).public_bytes(Encoding.DER)
        (directory / f"TEST-{dated:%Y%m%d%H%M%S}.crl").write_bytes(data)

    def issue(
        self, key: UserKey, valid_from: datetime, valid_to: datetime, *, signature: bool = True
    ) -> x509.Certificate:
        """A user-authentication certificate: an opaque subject, no name of anybody."""
        public = key.public_key()
        usage = x509.KeyUsage(
            digital_signature=signature, content_commitment=False, key_encipherment=not signature,
            data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        policy = x509.PolicyInformation(_POLICY_AUTH, None)
        return (
            x509.CertificateBuilder()
            .subject_name(_name("", "TEST00000AGCIEG13120001A"))
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid_from)
            .not_valid_after(valid_to)
            .add_extension(usage, critical=True)
            .add_extension(x509.CertificatePolicies([policy]), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, _hash(self.key))
        )
