"""Dated revocation snapshots: lists that a notified verifier may place on a kiosk.

Offline nobody can know whether a certificate was revoked this morning. What can be known is what a list of
a certain date says, and how old that list is. A list is believed when a pinned authority signed it, and for
`max_age` after its date; what comes of it is always said together with that date.

basis: 公的個人認証法 arts. 17, 36, 37 (who may receive revocation information); how long a snapshot may be
used is for the ward to settle, so the age is a setting. RFC 5280 §5 for the lists themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from kiosk.codes import Trouble
from kiosk.ports import CardProblem, Revocation

log = logging.getLogger(__name__)

MAX_AGE = timedelta(days=7)
"""Default for how old a list may be and still count as a check."""


MALFORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the parser says of certificates and lists that anybody could have made."""

SignedList = tuple[x509.CertificateRevocationList, x509.Certificate]
"""A list and the authority that signed it."""


class RevocationSnapshot:
    """The lists in a directory (`*.crl`, DER or PEM), each signed by one of the pinned authorities."""

    def __init__(
        self, directory: Path, anchors: Iterable[x509.Certificate], max_age: timedelta = MAX_AGE
    ) -> None:
        """Raises ValueError, naming the file, for a list that no pinned authority signed."""
        self._max_age = max_age
        known = list(anchors)
        self._lists = [_named(path, known) for path in sorted(directory.glob("*.crl"))]

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Revocation:
        """What the newest list that is not of the future says, or since when nobody has looked.

        Raises CardProblem(CERT_REVOKED) when any list of the issuer names it, however old that list is.
        """
        newest = None
        for crl, signer in self._lists:
            if signer != issuer:
                continue
            if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                raise CardProblem(Trouble.CERT_REVOKED)
            if crl.last_update_utc <= now and (
                newest is None or crl.last_update_utc > newest.last_update_utc
            ):
                newest = crl
        if newest is None:
            return Revocation(certificate.not_valid_before_utc, checked=False)
        return Revocation(newest.last_update_utc, checked=self._fresh(newest, now))

    def _fresh(self, crl: x509.CertificateRevocationList, now: datetime) -> bool:
        expires = crl.next_update_utc
        overdue = expires is not None and now > expires
        return now <= crl.last_update_utc + self._max_age and not overdue


def _named(path: Path, anchors: list[x509.Certificate]) -> SignedList:
    try:
        return signed_list(path.read_bytes(), anchors)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def signed_list(data: bytes, anchors: Iterable[x509.Certificate]) -> SignedList:
    """A list (DER or PEM) and the pinned authority that signed it; raises ValueError."""
    try:
        crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
        signer = next((one for one in anchors if _signed_by(crl, one)), None)
    except MALFORMED as error:
        raise ValueError("not a revocation list") from error
    if signer is not None:
        return crl, signer
    raise ValueError("not signed by a trusted authority")


def _signed_by(crl: x509.CertificateRevocationList, anchor: x509.Certificate) -> bool:
    return crl.is_signature_valid(anchor.public_key())  # type: ignore[arg-type]
