"""The allow-list follows from the profiles, the forbidden stands below them, and a new generation fits in."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from drivers.cards import forbidden
from drivers.cards.allow import Forbidden, guarded
from drivers.cards.apdu import Command, Response
from drivers.cards.applications import CardApplication, Digest, ForbiddenProfile, KeyFile, SecretFile
from drivers.cards.mynumber.login import _check_signature
from drivers.cards.mynumber.profile import RSA_2015, CardProfile, EcdsaForm, InputSupport, applications
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.ports import CardKind, CardProblem, Sex
from kiosk.rules import AttributesBy, CardRules, Rules, RuleSet, rules_on
from tests.drivers import nextgen
from tests.drivers.conftest import NOW
from tests.drivers.flows import Handling, outcome
from virtual.cards.issuer import TestAuthority
from virtual.cards.resident import Resident
from virtual.cards.tray import make_mynumber

JPKI, SUPPORT = RSA_2015.aid, bytes.fromhex("D3921000310001010408")
FOUR = re.compile(r"[0-9]{4}", re.ASCII)
HARMLESS = b"\x7f\x01"


@pytest.fixture
def trust(authority: TestAuthority, tmp_path: Path) -> TrustStore:
    authority.save(tmp_path)
    return TrustStore(tmp_path)


# ---- the next generation ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", EcdsaForm)
def test_a_next_generation_goes_the_same_way_and_no_caller_knows(
    trust: TrustStore, authority: TestAuthority, form: EcdsaForm
) -> None:
    desk = Handling(trust, [RSA_2015, nextgen.profile(form)])
    card = nextgen.NextCard(authority, NOW, form=form)
    assert desk.recognise(card).kind is CardKind.MYNUMBER
    assert desk.tries(card) == 5
    identity = desk.log_in(card, "LIBR42")
    assert identity == desk.log_in(card, "LIBR42")
    assert desk.attributes(card, AttributesBy.PIN, "FACE2030").sex is Sex.FEMALE
    assert outcome(lambda: desk.log_in(card, "1234")) is Trouble.PIN_MALFORMED, "another PIN rule"
    assert outcome(lambda: desk.log_in(card, "WRONG2")) is Trouble.PIN_WRONG
    assert card.tries_left == 4
    assert desk.log_in(make_mynumber(authority, NOW)).tag != identity.tag, "and today's cards still work"


def test_its_authority_may_be_of_the_new_kind_and_revoke_as_the_old_one_does(
    authority: TestAuthority, tmp_path: Path
) -> None:
    new = TestAuthority.make(NOW, ec.generate_private_key(ec.SECP384R1()))
    for one in (authority, new):
        one.save(tmp_path)
    card = nextgen.NextCard(new, NOW)
    profiles = [RSA_2015, nextgen.profile()]
    assert Handling(TrustStore(tmp_path), profiles).log_in(card, "LIBR42").revocation.checked is False
    new.revoke([], tmp_path, NOW - timedelta(hours=1))
    assert Handling(TrustStore(tmp_path), profiles).log_in(card, "LIBR42").revocation.checked
    new.revoke([card.serial], tmp_path, NOW)
    revoked = Handling(TrustStore(tmp_path), profiles)
    assert outcome(lambda: revoked.log_in(card, "LIBR42")) is Trouble.CERT_REVOKED


def test_a_next_generation_that_nobody_registered_is_an_unknown_card(
    trust: TrustStore, authority: TestAuthority
) -> None:
    assert Handling(trust).recognise(nextgen.NextCard(authority, NOW)).kind is CardKind.UNKNOWN


def test_a_ten_year_certificate_ends_on_its_day(trust: TrustStore, authority: TestAuthority) -> None:
    card = nextgen.NextCard(authority, NOW - timedelta(days=3700))
    desk = Handling(trust, [nextgen.profile()])
    assert outcome(lambda: desk.log_in(card, "LIBR42")) is Trouble.CERT_EXPIRED
    assert card.tries_left == 5


def test_a_signature_in_another_form_than_the_profile_says_proves_nothing(
    trust: TrustStore, authority: TestAuthority
) -> None:
    for said, written in ((EcdsaForm.RAW, EcdsaForm.DER), (EcdsaForm.DER, EcdsaForm.RAW)):
        desk = Handling(trust, [nextgen.profile(said)])
        card = nextgen.NextCard(authority, NOW, form=written)
        assert outcome(lambda: desk.log_in(card, "LIBR42")) is Trouble.SIGNATURE_INVALID  # noqa: B023


def test_numbers_side_by_side_have_the_width_of_the_curve_and_no_other(
    trust: TrustStore, authority: TestAuthority
) -> None:
    """More noughts before a number would make the same signature, written in two ways."""
    card = nextgen.NextCard(authority, NOW)
    pin, sign = card.applets[0].keys[nextgen.KEY]

    def longer(data: bytes) -> bytes:
        signature = sign(data)
        assert signature is not None
        return signature[:48] + b"\x00" + signature[48:]

    card.applets[0].keys = {nextgen.KEY: (pin, longer)}
    desk = Handling(trust, [nextgen.profile()])
    assert outcome(lambda: desk.log_in(card, "LIBR42")) is Trouble.SIGNATURE_INVALID


def test_a_key_of_a_kind_the_profile_does_not_know_is_refused(
    trust: TrustStore, authority: TestAuthority
) -> None:
    without_form = nextgen.profile()
    object.__setattr__(without_form, "ecdsa", None)
    card = nextgen.NextCard(authority, NOW)
    assert outcome(lambda: Handling(trust, [without_form]).log_in(card, "LIBR42")) is Trouble.CERT_UNSUITABLE
    edwards = ed25519.Ed25519PrivateKey.generate()
    issued = authority.issue(edwards, NOW - timedelta(days=1), NOW + timedelta(days=1))  # type: ignore[arg-type]
    with pytest.raises(CardProblem) as problem:
        _check_signature(issued, bytes(64), bytes(32), RSA_2015)
    assert problem.value.code is Trouble.CERT_UNSUITABLE


# ---- the list ------------------------------------------------------------------------------------------


def yes(command: Command) -> Response:
    return Response(b"", 0x9000)


def select(aid: bytes) -> Command:
    return Command(0x00, 0xA4, 0x04, 0x0C, aid)


def passes(by: AttributesBy, *commands: Command) -> bool:
    """Whether the last of these passes a guard with today's profiles."""
    send = guarded(yes, attributes=by)
    for command in commands[:-1]:
        send(command)
    try:
        return send(commands[-1]).ok
    except Forbidden:
        return False


@pytest.mark.parametrize(
    ("by", "open_files"),
    [
        (AttributesBy.OFF, set()),
        (AttributesBy.NUMBER_B, {"0015", "0002"}),
        (AttributesBy.PIN, {"0011", "0002"}),
    ],
)
def test_the_input_support_application_is_open_as_far_as_the_ward_has_chosen(
    by: AttributesBy, open_files: set[str]
) -> None:
    assert passes(by, select(SUPPORT)) is bool(open_files)
    for ef in (f"{number:04X}" for number in range(0x40)):
        command = Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex(ef))
        if open_files:
            assert passes(by, select(SUPPORT), command) is (ef in open_files), ef


def test_the_key_of_one_application_opens_nothing_in_the_other() -> None:
    """What was selected in one application is not selected in the next."""
    ef = Command(0x00, 0xA4, 0x02, 0x0C, b"\x00\x02")
    read = Command(0x00, 0xB0, 0x00, 0x00, le=5)
    assert passes(AttributesBy.NUMBER_B, select(SUPPORT), ef, read)
    assert not passes(AttributesBy.NUMBER_B, select(SUPPORT), ef, select(JPKI), read)
    assert not passes(AttributesBy.NUMBER_B, select(JPKI), ef)


@pytest.mark.parametrize(
    ("by", "ef", "data", "good"),
    [
        (AttributesBy.NUMBER_B, "0015", b"60061220311234", True),
        (AttributesBy.NUMBER_B, "0015", b"60131220311234", False),  # month 13
        (AttributesBy.NUMBER_B, "0015", b"60063220311234", False),  # day 32
        (AttributesBy.NUMBER_B, "0015", b"60061219311234", False),  # expired before there were any
        (AttributesBy.NUMBER_B, "0015", b"1234", False),
        (AttributesBy.NUMBER_B, "0015", b"123456789012", False),
        (AttributesBy.PIN, "0011", b"1234", True),
        (AttributesBy.PIN, "0011", b"123456789012", False),
    ],
)
def test_what_cannot_be_right_is_not_sent(by: AttributesBy, ef: str, data: bytes, good: bool) -> None:
    at = (select(SUPPORT), Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex(ef)))
    assert passes(by, *at, Command(0x00, 0x20, 0x00, 0x80, data)) is good


# ---- below the list ------------------------------------------------------------------------------------


@pytest.mark.parametrize("aid", [*forbidden.APPLICATIONS, SUPPORT[:9], SUPPORT[:5], JPKI[:4], bytes(17), b""])
def test_no_profile_can_list_a_forbidden_application_or_a_beginning_of_one(aid: bytes) -> None:
    with pytest.raises(ForbiddenProfile):
        CardApplication("too wide", aid, frozenset({HARMLESS}))


@pytest.mark.parametrize(("aid", "ef"), forbidden.FILES)
def test_no_profile_can_list_a_forbidden_file_in_any_role(aid: bytes, ef: bytes) -> None:
    for made in (
        lambda: CardApplication("read", aid, frozenset({ef})),
        lambda: CardApplication("pin", aid, frozenset(), (SecretFile(ef, FOUR, 3),)),
        lambda: CardApplication("key", aid, frozenset(), (), (KeyFile(ef, Digest("sha256")),)),
        lambda: CardApplication("longer", aid + b"\x01", frozenset({ef})),
    ):
        with pytest.raises(ForbiddenProfile):
            made()


def a_profile(**changes: object) -> CardProfile:
    given = {name: getattr(RSA_2015, name) for name in CardProfile.__dataclass_fields__}
    return CardProfile(**{**given, **changes})  # type: ignore[arg-type]


def test_a_whole_profile_is_judged_when_it_is_made_under_every_choice_of_a_ward() -> None:
    number, tries = bytes.fromhex("0001"), SecretFile(bytes.fromhex("0014"), FOUR, 3)
    assert a_profile() == RSA_2015
    for changes in (
        {"ef_certificate": number},
        {"aid": bytes.fromhex("D3921000310001010401")},
        {"support": InputSupport(SUPPORT, number, None, SecretFile(b"\x00\x11", FOUR, 3))},
        {"support": InputSupport(SUPPORT, b"\x00\x02", tries, None)},
        {"support": InputSupport(SUPPORT, b"\x00\x02", None, tries)},
        {"key": KeyFile(bytes.fromhex("001A"), RSA_2015.key.digest)},
    ):
        with pytest.raises(ForbiddenProfile):
            a_profile(**changes)


def test_one_file_has_one_role_and_one_application_one_generation() -> None:
    with pytest.raises(ForbiddenProfile):
        CardApplication("twice", JPKI, frozenset({HARMLESS}), (SecretFile(HARMLESS, FOUR, 3),))
    with pytest.raises(ForbiddenProfile):
        CardApplication("short", JPKI, frozenset({b"\x0a"}))
    with pytest.raises(ForbiddenProfile):
        applications([RSA_2015, a_profile(ef_ca=None)], AttributesBy.OFF)
    assert len(applications([RSA_2015, RSA_2015], AttributesBy.NUMBER_B)) == 2


def test_the_guard_refuses_the_forbidden_even_where_a_list_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two locks: suppose that the profiles were never judged."""
    monkeypatch.setattr(CardApplication, "__post_init__", lambda self: None)
    tripwires = [bytes.fromhex("0001"), bytes.fromhex("0014")]
    careless = a_profile(aid=SUPPORT, ef_certificate=tripwires[0], ef_ca=tripwires[1], support=None)
    registry = a_profile(aid=bytes.fromhex("D3921000310001010401"))
    send = guarded(yes, [careless, registry])
    with pytest.raises(Forbidden):
        send(select(registry.aid))
    send(select(SUPPORT))
    for ef in tripwires:
        with pytest.raises(Forbidden):
            send(Command(0x00, 0xA4, 0x02, 0x0C, ef))


def test_twelve_digits_are_sent_to_no_card_as_a_pin_of_any_kind() -> None:
    wide = SecretFile(b"\x7f\x02", re.compile(r"[0-9]{6,16}", re.ASCII), 5)
    assert wide.accepts(b"12345678901")
    assert not wide.accepts(b"123456789012")
    assert wide.accepts(b"1234567890123")


# ---- the ward's choice ---------------------------------------------------------------------------------


def test_attributes_are_off_until_a_ward_says_otherwise() -> None:
    assert CardRules().attributes is AttributesBy.OFF
    body = '{"cards": {"attributes": "number-b"}}'
    rules = rules_on(NOW.date(), [RuleSet(name="ward", version=1, valid_from=NOW.date(), body=body)])
    assert rules.cards.attributes is AttributesBy.NUMBER_B
    assert rules_on(NOW.date(), []) == Rules()


def test_without_the_choice_not_even_the_application_is_touched(
    trust: TrustStore, authority: TestAuthority
) -> None:
    card = make_mynumber(authority, NOW, resident=Resident())
    desk = Handling(trust)
    profile = desk.profile(card)
    desk.sent.clear()
    with pytest.raises(Forbidden):
        desk.attributes(card, AttributesBy.OFF, "5678")
    assert profile.support is not None
    assert not [raw for raw in desk.sent if SUPPORT in raw]
