"""Is this certificate one of the ward's trusted authorities', valid now, not revoked, and meant for this?

All generations of the authority share one name, so the issuer is chosen by key identifier and signature,
never by name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from drivers.cards.mynumber.revocation import MALFORMED, MAX_AGE, RevocationSnapshot, signed_list
from kiosk.codes import Trouble
from kiosk.ports import CardProblem, Revocation

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trusted:
    """A certificate that may prove a person, and what is known of its revocation."""

    certificate: x509.Certificate
    revocation: Revocation


class TrustStore:
    """Authorities pinned in a directory (`*.pem`, `*.cer`, `*.der`), beside them their lists (`*.crl`)."""

    def __init__(self, directory: Path, max_list_age: timedelta = MAX_AGE) -> None:
        """Raises ValueError, naming the file, for one that is not what its ending says."""
        self._directory = directory
        self._max_list_age = max_list_age
        self._read()
        if not self._anchors:
            log.warning("no trusted authority in %s: no My Number card will be accepted", directory)

    def _read(self) -> None:
        self._version = _version(self._directory)
        anchors = [_anchor(path) for path in sorted(_files(self._directory))]
        self._revoked = RevocationSnapshot(self._directory, anchors, self._max_list_age)
        self._anchors = anchors

    def _keep_up(self) -> None:
        """Take in lists and authorities that were placed since; what does not fit changes nothing."""
        if _version(self._directory) == self._version:
            return
        try:
            self._read()
        except ValueError as error:
            log.error("trust-unreadable: %s", error)

    def import_list(self, data: bytes) -> datetime:
        """Place a revocation list; returns its date. Raises ValueError for one no pinned authority signed."""
        crl, signer = signed_list(data, self._anchors)
        name = f"{signer.serial_number:x}"[:8] + f"-{crl.last_update_utc:%Y%m%dT%H%M%S}.crl"
        unfinished = self._directory / f"{name}.part"
        unfinished.write_bytes(data)
        unfinished.replace(self._directory / name)
        return crl.last_update_utc

    @property
    def size(self) -> int:
        """How many authorities are pinned."""
        return len(self._anchors)

    def check(self, der: bytes, now: datetime) -> Trusted:
        """The certificate if it may prove a person at `now`; raises CardProblem with the reason."""
        self._keep_up()
        try:
            certificate = x509.load_der_x509_certificate(der)
            certificate.public_key()
            issuer = self._issuer_of(certificate)
            suitable = _may_authenticate(certificate)
        except MALFORMED as error:
            raise CardProblem(Trouble.CERT_UNSUITABLE) from error
        if issuer is None:
            raise CardProblem(Trouble.CERT_UNTRUSTED)
        for link in (certificate, issuer):
            if now < link.not_valid_before_utc:
                raise CardProblem(Trouble.CERT_NOT_YET_VALID)
            if now > link.not_valid_after_utc:
                raise CardProblem(Trouble.CERT_EXPIRED)
        if not suitable:
            raise CardProblem(Trouble.CERT_UNSUITABLE)
        return Trusted(certificate, self._revoked.check(certificate, issuer, now))

    def _issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        wanted = _authority_key(certificate)
        for anchor in self._anchors:
            if wanted is not None and _subject_key(anchor) not in (None, wanted):
                continue
            try:
                certificate.verify_directly_issued_by(anchor)
            except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
                continue  # another generation's key: the next one is tried
            return anchor
        return None


def _version(directory: Path) -> int:
    """Changes whenever a file comes or goes."""
    return directory.stat().st_mtime_ns if directory.exists() else 0


def _files(directory: Path) -> Iterator[Path]:
    for pattern in ("*.pem", "*.cer", "*.der"):
        yield from directory.glob(pattern)


def _anchor(path: Path) -> x509.Certificate:
    try:
        return authority(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def authority(data: bytes) -> x509.Certificate:
    """The certificate (DER or PEM) of an authority that may issue others; raises ValueError."""
    try:
        load = x509.load_pem_x509_certificate if data.startswith(b"-----") else x509.load_der_x509_certificate
        anchor = load(data)
        is_ca = _may_issue(anchor)
    except (*MALFORMED, x509.ExtensionNotFound) as error:
        raise ValueError("not the certificate of an authority") from error
    if not is_ca:
        raise ValueError("not the certificate of an authority")
    return anchor


def _may_issue(anchor: x509.Certificate) -> bool:
    """Basic constraints say so, and where a key usage stands, it does too (RFC 5280 §4.2.1.3, §4.2.1.9)."""
    if not anchor.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        return False
    try:
        return anchor.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _may_authenticate(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return found.value.key_identifier


def _subject_key(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None
