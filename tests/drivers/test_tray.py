"""Every card of the tray does what its name says, and the resident is told something fit for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from drivers.cards.apdu import CardGarbage
from drivers.cards.mynumber.jpki import CertificatesPresent, JpkiApplication
from drivers.cards.mynumber.profile import RSA_2015
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.ports import CardKind, CardProblem
from tests.drivers.conftest import NOW
from tests.drivers.flows import Handling, outcome
from ui.i18n import LANGUAGES, Words
from virtual.cards import tray
from virtual.cards.issuer import TestAuthority
from virtual.cards.mynumber import NO_CERTIFICATE, NO_SIGNATURE_CERTIFICATE, MyNumberCard
from virtual.cards.tray import make_cards, make_mynumber, revoke
from virtual.cards.vpcd import VirtualCard
from virtual.tray_window import CARD_NAMES

GOOD = {"mynumber", "minor", "slow", "split-answers", "wrong-length", "first-6f00"}
REFUSED = {
    "other-pin": Trouble.PIN_WRONG,
    "last-try": Trouble.PIN_LAST_TRY,
    "no-pin": Trouble.PIN_BLOCKED,
    "no-certificate": Trouble.CERT_ABSENT,
    "expired": Trouble.CERT_EXPIRED,
    "not-yet-valid": Trouble.CERT_NOT_YET_VALID,
    "revoked": Trouble.CERT_REVOKED,
    "foreign-authority": Trouble.CERT_UNTRUSTED,
    "android": Trouble.CARD_KIND_NOT_ACCEPTED,
    "iphone": Trouble.CARD_KIND_NOT_ACCEPTED,
    "old-resident-card": Trouble.CARD_KIND_NOT_ACCEPTED,
    "torn": Trouble.CARD_REMOVED,
    "garbage": Trouble.CARD_UNREADABLE,
}
STORAGE = {"library", "unknown", "tag", "phone"}


@pytest.fixture(scope="module")
def cards(authority: TestAuthority) -> dict[str, VirtualCard]:
    made = make_cards(authority, NOW)
    for card in made.values():
        if isinstance(card, MyNumberCard):
            card.slow = min(card.slow, 0.001)  # it is slow; that is enough for here
    return made


@pytest.fixture
def desk(authority: TestAuthority, cards: dict[str, VirtualCard], tmp_path: Path) -> Handling:
    authority.save(tmp_path)
    revoke(authority, cards["revoked"], tmp_path, NOW)
    return Handling(TrustStore(tmp_path))


def mynumber(cards: dict[str, VirtualCard], name: str) -> MyNumberCard:
    card = cards[name]
    assert isinstance(card, MyNumberCard)
    return card


def test_the_window_offers_every_card_and_no_other(cards: dict[str, VirtualCard]) -> None:
    assert set(CARD_NAMES) == set(cards) == GOOD | set(REFUSED) | STORAGE
    assert len(set(CARD_NAMES.values())) == len(CARD_NAMES)
    assert all(len(text) <= 16 for text in CARD_NAMES.values()), "as much as half the window holds"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_cards_in_every_manner_are_the_same_person(
    desk: Handling, cards: dict[str, VirtualCard], name: str
) -> None:
    assert desk.log_in(cards[name]) == desk.log_in(cards["mynumber"])
    assert mynumber(cards, name).trespasses == []


@pytest.mark.parametrize(("name", "expected"), REFUSED.items())
def test_each_misfortune_has_a_word_of_its_own(
    desk: Handling, cards: dict[str, VirtualCard], name: str, expected: Trouble
) -> None:
    card = mynumber(cards, name)
    assert outcome(lambda: desk.log_in(card)) is expected
    assert not card.verified
    assert card.trespasses == []


@pytest.mark.parametrize("name", sorted(STORAGE))
def test_storage_cards_are_recognised(desk: Handling, cards: dict[str, VirtualCard], name: str) -> None:
    found = desk.recognise(cards[name])
    assert found.kind is not CardKind.UNKNOWN
    assert (found.tag is None) is (name == "phone")


def test_the_whole_tray_costs_two_keys(monkeypatch: pytest.MonkeyPatch, authority: TestAuthority) -> None:
    """Key pairs take their time on a Pi: one for the resident, one for the authority nobody knows."""
    made = []
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def counted() -> rsa.RSAPrivateKey:
        made.append(key)
        return key

    monkeypatch.setattr(tray, "new_key", counted)
    monkeypatch.setattr("virtual.cards.issuer.new_key", counted)
    monkeypatch.setattr("virtual.cards.mynumber.new_key", counted)
    make_cards(authority, NOW)
    assert len(made) == 2


# ---- cards without certificate or PIN -------------------------------------------------------------------


def trouble_before_pin(desk: Handling, card: MyNumberCard) -> Trouble | None:
    return outcome(lambda: desk.tries(card))


def test_a_card_without_the_certificate_is_told_before_a_pin_is_asked_for(
    desk: Handling, authority: TestAuthority
) -> None:
    for present, certificate in ((NO_CERTIFICATE, b""), (b"\x8f\x00\x00", None), (NO_CERTIFICATE, None)):
        card = make_mynumber(authority, NOW, present=present)
        card.certificate = card.certificate if certificate is None else certificate
        assert trouble_before_pin(desk, card) is Trouble.CERT_ABSENT
        assert outcome(lambda: desk.log_in(card)) is Trouble.CERT_ABSENT  # noqa: B023
        assert card.tries_left == 3


@pytest.mark.parametrize("content", [b"", b"\x30", b"\x30\x82\x03", b"\xff" * 300, bytes(300)])
def test_an_empty_file_says_the_same_whatever_else_the_card_claims(
    desk: Handling, authority: TestAuthority, content: bytes
) -> None:
    card = make_mynumber(authority, NOW)
    card.certificate = content
    assert outcome(lambda: desk.log_in(card)) is Trouble.CERT_ABSENT
    assert card.tries_left == 3


@pytest.mark.parametrize("missing", [b"\x00\x0a", b"\x00\x08"])
def test_a_missing_file_is_no_defect(
    desk: Handling, authority: TestAuthority, monkeypatch: pytest.MonkeyPatch, missing: bytes
) -> None:
    card = make_mynumber(authority, NOW)
    files = card.applets[0].files
    monkeypatch.setattr(card.applets[0], "files", lambda: {k: v for k, v in files().items() if k != missing})
    expected = Trouble.CERT_ABSENT if missing == b"\x00\x0a" else None
    assert outcome(lambda: desk.log_in(card)) is expected


@pytest.mark.parametrize(
    ("told", "signature", "authentication"),
    [
        (b"\x8f\x8f\x00", True, True),
        (NO_SIGNATURE_CERTIFICATE, False, True),
        (NO_CERTIFICATE, False, False),
        (b"\x01\x02\x03", None, None),
    ],
)
def test_what_the_card_says_of_its_certificates(
    desk: Handling, authority: TestAuthority, told: bytes, signature: bool | None, authentication: bool | None
) -> None:
    card = make_mynumber(authority, NOW, present=told)
    send = desk.channel(card)
    assert JpkiApplication.present(send, RSA_2015)
    said = JpkiApplication(send, RSA_2015).certificates_present()
    assert said == CertificatesPresent(signature, authentication)


def test_a_file_of_another_size_is_garbage(desk: Handling, authority: TestAuthority) -> None:
    card = make_mynumber(authority, NOW, present=b"\x8f\x8f")
    send = desk.channel(card)
    assert JpkiApplication.present(send, RSA_2015)
    with pytest.raises(CardGarbage):
        JpkiApplication(send, RSA_2015).certificates_present()


def test_a_card_without_a_pin_has_no_tries_and_its_owner_no_blame(
    desk: Handling, cards: dict[str, VirtualCard]
) -> None:
    assert desk.tries(cards["no-pin"]) == 0
    with pytest.raises(CardProblem) as problem:
        desk.log_in(cards["no-pin"])
    assert (problem.value.code, problem.value.tries_left) == (Trouble.PIN_BLOCKED, 0)
    blame = {
        "ja": ("まちが", "ロック"),
        "ja_simple": ("まちが",),
        "en": ("wrong", "mistake", "lock", "too many"),
    }
    for language in LANGUAGES:
        sentence = Words(language).reason(Trouble.PIN_BLOCKED)
        assert not [word for word in blame[language] if word in sentence.lower()]
