"""Which certificates are believed, and what a dated revocation list can and cannot say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards import technician
from drivers.cards.apdu import CardGarbage, CardGone, Command, Response
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.profile import RSA_2015
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.ports import CardProblem, Revocation
from tests.drivers.conftest import NOW
from virtual.cards.issuer import TestAuthority, new_key

KEY = new_key()


@pytest.fixture
def certificate(authority: TestAuthority) -> x509.Certificate:
    return authority.issue(KEY, NOW - timedelta(days=100), NOW + timedelta(days=100))


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def code(trust: TrustStore, certificate: bytes) -> Trouble:
    with pytest.raises(CardProblem) as problem:
        trust.check(certificate, NOW)
    return problem.value.code


def test_generations_of_one_name_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    old, new, stranger = (TestAuthority.make(NOW) for _ in range(3))
    for one in (old, new):
        one.save(tmp_path)
    trust = TrustStore(tmp_path)
    for one in (old, new):
        made = one.issue(KEY, NOW - timedelta(days=1), NOW + timedelta(days=1))
        assert trust.check(der(made), NOW).certificate == made
    forged = stranger.issue(KEY, NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert code(trust, der(forged)) is Trouble.CERT_UNTRUSTED


def test_a_certificate_for_something_else_is_refused(authority: TestAuthority, tmp_path: Path) -> None:
    authority.save(tmp_path)
    other = authority.issue(KEY, NOW - timedelta(days=1), NOW + timedelta(days=1), signature=False)
    assert code(TrustStore(tmp_path), der(other)) is Trouble.CERT_UNSUITABLE
    assert code(TrustStore(tmp_path), b"\x30\x03abc") is Trouble.CERT_UNSUITABLE


def test_an_empty_trust_directory_trusts_nobody(certificate: x509.Certificate, tmp_path: Path) -> None:
    assert code(TrustStore(tmp_path), der(certificate)) is Trouble.CERT_UNTRUSTED


def test_a_fresh_list_is_a_check_with_its_date(
    authority: TestAuthority, certificate: x509.Certificate, tmp_path: Path
) -> None:
    authority.save(tmp_path)
    never = TrustStore(tmp_path).check(der(certificate), NOW).revocation
    assert never == Revocation(certificate.not_valid_before_utc, checked=False), "nobody has ever looked"
    authority.revoke([], tmp_path, NOW - timedelta(days=3))
    authority.revoke([], tmp_path, NOW - timedelta(days=1))
    dated = TrustStore(tmp_path).check(der(certificate), NOW).revocation
    assert dated.checked
    assert abs(dated.as_of - (NOW - timedelta(days=1))) < timedelta(seconds=1), "the newest counts"
    strict = TrustStore(tmp_path, max_list_age=timedelta(hours=1))
    unchecked = Revocation(dated.as_of, checked=False)
    assert strict.check(der(certificate), NOW).revocation == unchecked, "an old list is no check, but a date"


@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(days=300)])
def test_who_is_on_a_list_is_refused_however_old_it_is(
    authority: TestAuthority, certificate: x509.Certificate, tmp_path: Path, age: timedelta
) -> None:
    authority.save(tmp_path)
    authority.revoke([certificate.serial_number], tmp_path, NOW - age)
    assert code(TrustStore(tmp_path), der(certificate)) is Trouble.CERT_REVOKED


def test_a_list_that_is_placed_while_the_kiosk_runs_counts_with_the_next_card(
    authority: TestAuthority, certificate: x509.Certificate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trusted, elsewhere = tmp_path / "trust", tmp_path / "elsewhere"
    authority.save(trusted)
    elsewhere.mkdir()
    running = TrustStore(trusted)
    assert not running.check(der(certificate), NOW).revocation.checked
    authority.revoke([certificate.serial_number], elsewhere, NOW - timedelta(days=1))
    (arrived,) = elsewhere.glob("*.crl")
    placed = technician.import_list(trusted, arrived)
    assert placed.good
    assert code(running, der(certificate)) is Trouble.CERT_REVOKED
    (trusted / "noise.crl").write_bytes(b"not a list")
    assert code(running, der(certificate)) is Trouble.CERT_REVOKED, "what does not fit changes nothing"
    assert "trust-unreadable" in caplog.text


def test_a_list_that_nobody_trusted_signed_is_not_placed(authority: TestAuthority, tmp_path: Path) -> None:
    trusted, elsewhere = tmp_path / "trust", tmp_path / "elsewhere"
    authority.save(trusted)
    elsewhere.mkdir()
    TestAuthority.make(NOW).revoke([1], elsewhere, NOW)
    (forged,) = elsewhere.glob("*.crl")
    assert not technician.import_list(trusted, forged).good
    assert not technician.import_list(trusted, elsewhere / "missing").good
    assert list(trusted.glob("*.crl")) == []


def test_a_list_of_another_authority_says_nothing(
    authority: TestAuthority, certificate: x509.Certificate, tmp_path: Path
) -> None:
    other = TestAuthority.make(NOW)
    for one in (authority, other):
        one.save(tmp_path)
    other.revoke([certificate.serial_number], tmp_path, NOW)
    assert not TrustStore(tmp_path).check(der(certificate), NOW).revocation.checked


def test_a_forged_or_broken_list_is_refused_by_name(authority: TestAuthority, tmp_path: Path) -> None:
    authority.save(tmp_path)
    TestAuthority.make(NOW).revoke([1], tmp_path, NOW)
    with pytest.raises(ValueError, match=r"TEST-.*\.crl: not signed"):
        TrustStore(tmp_path)
    for path in tmp_path.glob("*.crl"):
        path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="not a revocation list"):
        TrustStore(tmp_path)


# ---- whatever a card answers -----------------------------------------------------------------------

answers = st.one_of(
    st.builds(Response, st.binary(max_size=300), st.integers(0x6000, 0x9FFF)),
    st.builds(Response, st.binary(max_size=8).map(lambda b: b"\x30\x82" + b), st.just(0x9000)),
    st.builds(Response, st.just(b""), st.sampled_from([0x9000, 0x63C0, 0x63C2, 0x6984, 0x6982, 0x6B00])),
)


@given(
    st.lists(answers, min_size=1, max_size=40),
    st.sampled_from(["token_name", "tries_left", "certificate", "verify", "sign"]),
)
def test_no_answer_of_a_card_breaks_us(script: list[Response], what: str) -> None:
    """Anything at all comes back: a result, or one of our own errors, and after a bounded talk."""
    sent: list[Command] = []

    def card(command: Command) -> Response:
        sent.append(command)
        return script[len(sent) % len(script)]

    application = JpkiApplication(card, RSA_2015)
    call = {
        "token_name": application.token_name,
        "tries_left": application.tries_left,
        "certificate": application.certificate,
        "verify": lambda: application.verify("1234"),
        "sign": lambda: application.sign(bytes(32)),
    }[what]
    try:
        call()
    except (CardGarbage, CardGone, CardProblem) as error:
        assert "1234" not in str(error)
    assert len(sent) <= 20
    assert sum(1 for command in sent if command.ins == 0x20 and command.data) <= 1, "one entry, one try"


@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_the_reading_of_certificates(data: bytes) -> None:
    store = TrustStore(Path("/nonexistent"))
    try:
        store.check(data, NOW)
    except CardProblem as problem:
        assert problem.code in (Trouble.CERT_UNSUITABLE, Trouble.CERT_UNTRUSTED)
