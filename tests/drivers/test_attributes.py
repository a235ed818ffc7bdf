"""Name, address, birth date and sex: how they are opened, read strictly, and left nowhere."""

from __future__ import annotations

import dataclasses
import gc
import logging
import traceback
from datetime import date
from pathlib import Path

import pytest

from drivers.cards.apdu import CardGarbage
from drivers.cards.mynumber.attributes import LARGEST, file_length, parse
from drivers.cards.mynumber.profile import RSA_2015
from drivers.cards.mynumber.support import read_attributes
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.ports import Attributes, CardProblem, Sex
from kiosk.rules import AttributesBy
from tests.drivers.conftest import NOW
from tests.drivers.flows import Handling, outcome
from virtual.cards.issuer import TestAuthority
from virtual.cards.mynumber import PHONES, SUPPORT, MyNumberCard
from virtual.cards.resident import Resident
from virtual.cards.tray import make_mynumber

HANAKO = Resident()
B, PIN = AttributesBy.NUMBER_B, AttributesBy.PIN
BY = pytest.mark.parametrize(("by", "secret"), [(B, HANAKO.number_b), (PIN, HANAKO.pin)])
VERIFY = bytes.fromhex("00200080")


@pytest.fixture
def desk(authority: TestAuthority, tmp_path: Path) -> Handling:
    authority.save(tmp_path)
    return Handling(TrustStore(tmp_path))


@pytest.fixture
def card(authority: TestAuthority) -> MyNumberCard:
    return make_mynumber(authority, NOW, resident=HANAKO)


def secrets_sent(desk: Handling) -> int:
    return sum(1 for raw in desk.sent if raw.startswith(VERIFY) and len(raw) > 5)


# ---- opening ---------------------------------------------------------------------------------------


@BY
def test_the_four_attributes_and_nothing_else(
    desk: Handling, card: MyNumberCard, by: AttributesBy, secret: str
) -> None:
    read = desk.attributes(card, by, secret)
    assert read == Attributes(HANAKO.name, HANAKO.address, date(1985, 6, 12), Sex.FEMALE)
    assert len(HANAKO.address.encode()) > 100
    assert secrets_sent(desk) == 1
    assert card.trespasses == []
    assert card.log.count("00a4020c") == 2, "the key and the attributes; no other file was selected"
    assert not card.verified


@BY
@pytest.mark.parametrize("misfortune", ["first_6f00", "split_answers", "wrong_le"])
def test_a_card_with_manners_of_its_own_is_read_all_the_same(
    desk: Handling, authority: TestAuthority, by: AttributesBy, secret: str, misfortune: str
) -> None:
    odd = make_mynumber(authority, NOW, resident=HANAKO, **{misfortune: True})
    assert desk.attributes(odd, by, secret).name == HANAKO.name


@pytest.mark.parametrize(
    ("tries", "expected"), [(1, Trouble.NUMBER_B_LAST_TRY), (0, Trouble.NUMBER_B_BLOCKED)]
)
def test_the_last_try_of_number_b_is_left_to_its_owner(
    desk: Handling, authority: TestAuthority, tries: int, expected: Trouble
) -> None:
    tired = make_mynumber(authority, NOW, resident=HANAKO, number_b_tries=tries)
    assert outcome(lambda: desk.attributes(tired, B, HANAKO.number_b)) is expected
    assert secrets_sent(desk) == 0


@pytest.mark.parametrize(("tries", "expected"), [(1, Trouble.PIN_LAST_TRY), (0, Trouble.PIN_BLOCKED)])
def test_and_that_of_the_pin(desk: Handling, authority: TestAuthority, tries: int, expected: Trouble) -> None:
    tired = make_mynumber(authority, NOW, resident=HANAKO, support_pin_tries=tries)
    assert outcome(lambda: desk.attributes(tired, PIN, HANAKO.pin)) is expected
    assert secrets_sent(desk) == 0


def test_a_wrong_one_costs_one_try_and_opens_nothing(desk: Handling, card: MyNumberCard) -> None:
    for by, wrong, expected in (
        (B, "60061320311234", Trouble.NUMBER_B_WRONG), (PIN, "8765", Trouble.PIN_WRONG),
    ):  # fmt: skip
        desk.sent.clear()
        with pytest.raises(CardProblem) as problem:
            desk.attributes(card, by, wrong)
        assert (problem.value.code, problem.value.tries_left) == (expected, 9 if by is B else 2)
        assert secrets_sent(desk) == 1
        assert not [raw for raw in desk.sent if raw.startswith(b"\x00\xb0")]


@pytest.mark.parametrize(
    ("by", "typed", "expected"),
    [
        (B, "1234", Trouble.NUMBER_B_MALFORMED),
        (B, "123456789012", Trouble.NUMBER_B_MALFORMED),
        (B, "60139920311234", Trouble.NUMBER_B_MALFORMED),
        (B, "６００６１２２０３１１２３４", Trouble.NUMBER_B_MALFORMED),
        (B, HANAKO.number_b + "\n", Trouble.NUMBER_B_MALFORMED),
        (PIN, "123", Trouble.PIN_MALFORMED),
        (PIN, "123456789012", Trouble.PIN_MALFORMED),
        (PIN, "", Trouble.PIN_MALFORMED),
    ],
)
def test_what_cannot_be_right_does_not_wake_the_card(
    desk: Handling, card: MyNumberCard, by: AttributesBy, typed: str, expected: Trouble
) -> None:
    send = desk.channel(card, by)
    assert outcome(lambda: read_attributes(send, RSA_2015, by, typed)) is expected
    assert card.log == []


@pytest.mark.parametrize("token", PHONES)
def test_a_phone_has_no_such_application(desk: Handling, authority: TestAuthority, token: str) -> None:
    phone = make_mynumber(authority, NOW, token=token)
    assert outcome(lambda: desk.attributes(phone, B, HANAKO.number_b)) is Trouble.CARD_KIND_NOT_ACCEPTED
    assert secrets_sent(desk) == 0


# ---- what the card itself would do, without our guard ---------------------------------------------------


@pytest.mark.parametrize(
    ("key", "secret", "opens"), [("0015", HANAKO.number_b, {"0002"}), ("0011", HANAKO.pin, {"0001", "0002"})]
)
def test_the_virtual_card_opens_what_the_real_one_does_and_its_tripwires_tell(
    card: MyNumberCard, key: str, secret: str, opens: set[str]
) -> None:
    card.answer(b"\x00\xa4\x04\x0c\x0a" + SUPPORT)
    card.answer(bytes.fromhex(f"00A4020C02{key}"))
    assert card.answer(VERIFY + bytes((len(secret),)) + secret.encode()) == b"\x90\x00"
    for ef in ("0001", "0002"):
        card.answer(bytes.fromhex(f"00A4020C02{ef}"))
        assert (card.answer(bytes.fromhex("00B0000010"))[-2:] == b"\x90\x00") is (ef in opens)
    assert card.trespasses == [f"{SUPPORT.hex()}/0001"]
    card.answer(bytes.fromhex("00A4020C020014"))
    assert card.trespasses[1:] == [f"{SUPPORT.hex()}/0014"]


def test_the_virtual_card_counts_as_the_real_one_does(card: MyNumberCard) -> None:
    card.answer(b"\x00\xa4\x04\x0c\x0a" + SUPPORT)
    card.answer(bytes.fromhex("00A4020C020012"))
    assert [card.answer(VERIFY).hex(), card.answer(VERIFY + b"\x041234").hex()] == ["63c0", "6984"]
    card.answer(bytes.fromhex("00A4020C020011"))
    wrong = [card.answer(VERIFY + b"\x040000").hex() for _ in range(4)]
    assert wrong == ["63c2", "63c1", "63c0", "6984"]
    assert card.answer(VERIFY + b"\x04" + HANAKO.pin.encode()).hex() == "6984", "blocked stays blocked"


# ---- reading ----------------------------------------------------------------------------------------------


def test_long_lengths_filler_and_the_shortest_names() -> None:
    for letters in (1, 20, 41, 42, 60, 84, 85, 86, 300):
        resident = Resident(address="光" * letters)
        assert parse(resident.file()).address == "光" * letters
        assert parse(resident.file().rstrip(b"\xff")).address == "光" * letters
        assert file_length(resident.file()[:5]) == len(resident.file().rstrip(b"\xff"))


@pytest.mark.parametrize(
    ("resident", "fields"),
    [
        (HANAKO, set()),
        (Resident(name="渡〓　花子"), {"name"}),
        (Resident(name="渡■　花子", address="東京都●区"), {"name", "address"}),
        (Resident(name="渡\ue000　花子"), {"name"}),
        (Resident(name="渡邉󠄀　花子"), set()),  # a variation selector is a spelling, not a substitute
    ],
)
def test_characters_without_a_code_point_are_told_for_the_resident_to_correct(
    resident: Resident, fields: set[str]
) -> None:
    assert parse(resident.file()).substituted == fields


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1", Sex.MALE),
        ("2", Sex.FEMALE),
        ("9", Sex.NOT_APPLICABLE),
        ("0", Sex.NOT_KNOWN),
        ("3", Sex.NOT_KNOWN),
    ],
)
def test_sex_as_the_register_has_it(written: str, read: Sex) -> None:
    assert parse(Resident(sex=written).file()).sex is read


@pytest.mark.parametrize("known", ["19000000", "19500600", "00000000"])
def test_a_birth_date_that_the_register_does_not_fully_know(known: str) -> None:
    assert parse(Resident(birth_date=known).file()).birth_date is None


def test_no_file_is_larger_than_a_card_could_hold() -> None:
    assert file_length(b"\xff\x20\x82" + (LARGEST - 5).to_bytes(2, "big")) == LARGEST
    with pytest.raises(CardGarbage):
        file_length(b"\xff\x20\x82" + (LARGEST - 4).to_bytes(2, "big"))


def with_filler(data: bytes, filler: bytes) -> bytes:
    return data.rstrip(b"\xff") + filler


GOOD = Resident(name="あ　い", address="う").file().rstrip(b"\xff")
"""ff20 2c df21 08 ... df22 09 ... df23 03 ... df24 08 ... df25 01 .."""


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff",
        GOOD[:-1],
        with_filler(GOOD, b"\xff\x00\xff"),
        with_filler(GOOD, b"\x00"),
        GOOD.replace(b"\xff\x20", b"\xff\x21"),
        b"\xff\x20\x81" + GOOD[2:],  # 81 for a length that fits one byte
        b"\xff\x20\x82\x00" + GOOD[2:],
        b"\xff\x20\x83\x00\x00" + GOOD[2:],
        b"\xff\x20\x80" + GOOD[3:],  # indefinite
        b"\xff\x20\x82" + (LARGEST + 1).to_bytes(2, "big") + bytes(LARGEST),
        GOOD.replace(b"\x00\x0e", b"\x00\x0f"),  # the table points beside the name
        GOOD.replace(b"\xdf\x22", b"\xdf\x23"),  # the address twice, no name
        GOOD.replace(b"\xdf\x25\x01", b"\xdf\x25\x00"),
        Resident(sex="").file(),
        Resident(sex="x").file(),
        Resident(sex="11").file(),
        Resident(birth_date="19850230").file(),
        Resident(birth_date="1985061").file(),
        Resident(birth_date="１９８５").file(),
        Resident(name="").file(),
        Resident(name="　").file(),
        Resident(name="a\x00b").file(),
        Resident(name="a\nb").file(),
        GOOD.replace("あ".encode(), b"\xff\xfe\xfd"),
        GOOD.replace("あ".encode(), b"\xed\xa0\x80"),  # half a surrogate pair
    ],
)
def test_anything_else_is_no_file_of_attributes(broken: bytes) -> None:
    assert GOOD[:3] == b"\xff\x20\x2c"
    with pytest.raises(CardGarbage):
        parse(broken)


# ---- leaving nothing --------------------------------------------------------------------------------------


@BY
def test_neither_what_was_read_nor_the_key_is_shown_or_logged(
    desk: Handling, card: MyNumberCard, caplog: pytest.LogCaptureFixture, by: AttributesBy, secret: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        read = desk.attributes(card, by, secret)
        with pytest.raises(CardProblem) as problem:
            desk.attributes(card, by, secret[:-1] + "0")
    said = caplog.text + repr(read) + str(read) + f"{read}" + repr(problem.value)
    said += "".join(traceback.format_exception(problem.value))
    for private in (HANAKO.name, "花子", HANAKO.address, "1985", secret):
        assert private not in said
    assert repr(read) == "Attributes()"


def test_a_file_that_cannot_be_read_does_not_carry_a_name_into_the_log() -> None:
    broken = Resident(name="練馬　花子").file().replace("花".encode(), b"\xff\xff\xff")
    with pytest.raises(CardGarbage) as garbage:
        parse(broken)
    assert garbage.value.__cause__ is None
    assert garbage.value.__suppress_context__
    assert "練馬" not in "".join(traceback.format_exception(garbage.value))


def test_nothing_read_outlives_its_result(desk: Handling, card: MyNumberCard) -> None:
    read = desk.attributes(card, B, HANAKO.number_b)
    with pytest.raises(dataclasses.FrozenInstanceError):
        read.name = "x"  # type: ignore[misc]
    del read
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one) is Attributes]
