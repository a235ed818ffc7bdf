"""The edges of belief: moments, authorities and residents confused, and bytes changed on the way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.ports import CardProblem
from tests.drivers.conftest import NOW
from virtual.cards.issuer import TestAuthority, new_key

KEY = new_key()
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def store(authority: TestAuthority, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    folder = tmp_path_factory.mktemp("trust")
    authority.save(folder)
    TestAuthority.make(NOW).save(folder)  # another generation, of the same name
    return TrustStore(folder)


@pytest.fixture(scope="module")
def genuine(authority: TestAuthority) -> bytes:
    return der(authority.issue(KEY, NOW - DAY, NOW + DAY))


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def code(store: TrustStore, certificate: bytes, days: int = 0) -> Trouble | None:
    try:
        store.check(certificate, NOW + days * DAY)
    except CardProblem as problem:
        return problem.code
    return None


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-11, Trouble.CERT_NOT_YET_VALID), (-9, None), (9, None), (11, Trouble.CERT_EXPIRED)],
)
def test_validity_is_judged_at_the_given_moment(
    store: TrustStore, authority: TestAuthority, days: int, expected: Trouble | None
) -> None:
    certificate = der(authority.issue(KEY, NOW - 10 * DAY, NOW + 10 * DAY))
    assert code(store, certificate, days) is expected


def test_an_expired_authority_vouches_for_nobody(store: TrustStore, authority: TestAuthority) -> None:
    certificate = der(authority.issue(KEY, NOW - DAY, NOW + 9000 * DAY))
    assert code(store, certificate, 5000) is Trouble.CERT_EXPIRED


def test_the_authority_itself_is_no_resident(store: TrustStore, authority: TestAuthority) -> None:
    assert code(store, der(authority.certificate)) is Trouble.CERT_UNSUITABLE


def test_the_next_generation_of_keys_is_judged_alike(store: TrustStore, authority: TestAuthority) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    assert code(store, der(authority.issue(key, NOW - DAY, NOW + DAY))) is None


@settings(deadline=None)
@given(st.data())
def test_whatever_a_card_calls_its_certificate_ends_in_a_typed_problem(
    store: TrustStore, genuine: bytes, data: st.DataObject
) -> None:
    forged = bytearray(genuine)
    for at in data.draw(st.sets(st.integers(0, len(forged) - 1), min_size=1, max_size=4)):
        forged[at] ^= data.draw(st.integers(1, 255))
    assert code(store, bytes(forged)) in (
        Trouble.CERT_UNSUITABLE, Trouble.CERT_UNTRUSTED, Trouble.CERT_EXPIRED, Trouble.CERT_NOT_YET_VALID,
    )  # fmt: skip


def test_der_files_are_read_and_a_resident_is_no_anchor(authority: TestAuthority, tmp_path: Path) -> None:
    (tmp_path / "auth.cer").write_bytes(der(authority.certificate))
    certificate = der(authority.issue(KEY, NOW - DAY, NOW + DAY))
    assert code(TrustStore(tmp_path), certificate) is None
    (tmp_path / "resident.der").write_bytes(certificate)
    with pytest.raises(ValueError, match=r"resident\.der"):
        TrustStore(tmp_path)
