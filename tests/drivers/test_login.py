"""Proving a person, on a card in memory: what is asked in which order, and what it costs."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, Channel, channel
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.login import log_in
from drivers.cards.mynumber.profile import RSA_2015, CardProfile
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardIdentity, CardProblem
from tests.drivers.conftest import KEY, NOW
from virtual.cards.chip import OK
from virtual.cards.issuer import TestAuthority, new_key
from virtual.cards.mynumber import MyNumberCard
from virtual.cards.tray import make_mynumber

PIN_HEADER = "00200080"


class Login:
    """`attempt` does what the reader adapter does, without a reader."""

    def __init__(self, trust: TrustStore) -> None:
        self.trust = trust
        self.sent: list[bytes] = []

    def send(self, card: MyNumberCard) -> Channel:
        def transmit(raw: bytes) -> bytes:
            self.sent.append(raw)
            return card.answer(raw)

        return channel(transmit)

    def attempt(self, card: MyNumberCard, pin: str = "1234", profile: CardProfile = RSA_2015) -> CardIdentity:
        send = guarded(self.send(card), [profile])
        assert JpkiApplication.present(send, profile)
        application = JpkiApplication(send, profile)
        return log_in(
            application, profile, self.trust, CardTagger(KEY), device_id="kiosk-1", pin=pin, now=NOW
        )

    def refusal(self, card: MyNumberCard, pin: str = "1234") -> tuple[Trouble, int | None]:
        with pytest.raises(CardProblem) as problem:
            self.attempt(card, pin)
        return problem.value.code, problem.value.tries_left

    @property
    def pins_sent(self) -> int:
        return sum(1 for raw in self.sent if raw.hex().startswith(PIN_HEADER) and len(raw) > 5)

    @property
    def digests(self) -> list[bytes]:
        return [raw[-33:-1] for raw in self.sent if raw[:2] == b"\x80\x2a"]


@pytest.fixture
def login(authority: TestAuthority, tmp_path: Path) -> Login:
    authority.save(tmp_path)
    return Login(TrustStore(tmp_path))


def test_one_pin_one_signature_over_a_challenge_that_never_repeats(
    login: Login, authority: TestAuthority
) -> None:
    card = make_mynumber(authority, NOW)
    assert login.attempt(card) == login.attempt(card)
    assert login.pins_sent == 2
    assert len(set(login.digests)) == 2
    assert card.trespasses == []


@pytest.mark.parametrize(
    ("tries", "expected"), [(1, (Trouble.PIN_LAST_TRY, 1)), (0, (Trouble.PIN_BLOCKED, 0))]
)
def test_the_last_try_is_left_to_its_owner(
    login: Login, authority: TestAuthority, tries: int, expected: tuple[Trouble, int]
) -> None:
    card = make_mynumber(authority, NOW, tries=tries)
    assert login.refusal(card) == expected
    assert login.pins_sent == 0
    assert card.tries_left == tries


def test_a_right_pin_restores_the_counter(login: Login, authority: TestAuthority) -> None:
    card = make_mynumber(authority, NOW)
    assert login.refusal(card, "0000") == (Trouble.PIN_WRONG, 2)
    login.attempt(card)
    assert card.tries_left == 3


class SaysBlocked(MyNumberCard):
    """Answers even the empty VERIFY with 6984 once it is blocked."""

    def _verify(self, data: bytes) -> bytes:
        return b"\x69\x84" if not self.tries_left else super()._verify(data)


def test_a_card_may_say_blocked_when_it_is_only_asked(login: Login, authority: TestAuthority) -> None:
    made = make_mynumber(authority, NOW)
    card = SaysBlocked(authority, made.certificate, made.key, tries=0)
    assert login.refusal(card) == (Trouble.PIN_BLOCKED, 0)
    assert login.pins_sent == 0


def test_a_token_that_would_write_on_a_terminal_is_not_shown(login: Login, authority: TestAuthority) -> None:
    card = make_mynumber(authority, NOW, token="\x1b[2JJPKIAPICCTOKEN2")
    send = guarded(login.send(card))
    assert JpkiApplication.present(send, RSA_2015)
    assert JpkiApplication(send, RSA_2015).token_name() == "?"


class Boasts(MyNumberCard):
    """Says that it has three tries, whatever is left."""

    def _verify(self, data: bytes) -> bytes:
        return super()._verify(data) if data else b"\x63\xc3"


def test_a_card_blocked_by_others_is_said_to_be(login: Login, authority: TestAuthority) -> None:
    """The counter may fall between our asking and our trying; both of the card's words mean the same."""
    made = make_mynumber(authority, NOW)
    for tries_in_truth in (1, 0):  # its words are 63C0 and 6984
        card = Boasts(authority, made.certificate, made.key, tries=tries_in_truth)
        assert login.refusal(card, "0000") == (Trouble.PIN_BLOCKED, 0)


def test_no_try_is_spent_on_a_phone_or_a_bad_certificate(login: Login, authority: TestAuthority) -> None:
    for token in ("JPKIAPGPSETOKEN", "JPKIAPIOSTOKEN", "JPKIAPICCTOKEN"):
        card = make_mynumber(authority, NOW, token=token)
        assert login.refusal(card)[0] is Trouble.CARD_KIND_NOT_ACCEPTED
    assert login.refusal(make_mynumber(TestAuthority.make(NOW), NOW))[0] is Trouble.CERT_UNTRUSTED
    assert login.pins_sent == 0


def test_a_certificate_copied_to_another_card_proves_nothing(login: Login, authority: TestAuthority) -> None:
    card = make_mynumber(authority, NOW)
    card.key = new_key()
    assert login.refusal(card)[0] is Trouble.SIGNATURE_INVALID


def test_a_person_is_the_key_not_the_certificate(login: Login, authority: TestAuthority) -> None:
    card = make_mynumber(authority, NOW)
    before = login.attempt(card)
    again = authority.issue(card.key, NOW - timedelta(days=1), NOW + timedelta(days=1))
    card.certificate = again.public_bytes(Encoding.DER)
    assert login.attempt(card).tag == before.tag
    assert login.attempt(make_mynumber(authority, NOW)).tag != before.tag


class SaysSo(MyNumberCard):
    """Answers the empty VERIFY with 9000 while a verification is in force, as some cards do."""

    def _verify(self, data: bytes) -> bytes:
        return OK if not data and self.verified else super()._verify(data)


def test_a_counter_that_answers_9000_is_full(login: Login, authority: TestAuthority) -> None:
    made = make_mynumber(authority, NOW)
    card = SaysSo(authority, made.certificate, made.key)
    login.attempt(card)
    login.attempt(card)


@pytest.mark.parametrize(
    "head",
    [
        b"\x30\x82\xff\xff",
        b"\x04\x82\x01\x00",
        b"\x30\x82\x04\x00" + bytes(900),
        b"\x30\x82\x0f\xfd" + bytes(4093),
    ],
)
def test_a_certificate_of_impossible_form_is_garbage(
    login: Login, authority: TestAuthority, head: bytes
) -> None:
    card = make_mynumber(authority, NOW)
    card.certificate = head
    with pytest.raises(CardGarbage):
        login.attempt(card)


def test_neither_pin_nor_certificate_is_ever_logged_or_shown(
    login: Login, authority: TestAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    card = make_mynumber(authority, NOW, pin="7391")
    with caplog.at_level(logging.DEBUG), pytest.raises(CardProblem) as problem:
        login.attempt(card, "7392")
    assert "7392" not in f"{caplog.text}{problem.value!r}{problem.value}"
    login.attempt(card, "7391")
    assert "7391" not in caplog.text
    assert card.certificate.hex() not in caplog.text
