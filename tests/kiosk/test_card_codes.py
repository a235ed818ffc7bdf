"""Codes that scanners read: every scheme, every scanner's habit, and anything else that may come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.barcodes import Check, check_character, checks, numbered
from kiosk.codes import Trouble
from kiosk.people.model import CardKey
from kiosk.people.qr import LONGEST_NUMBER, key_id_of, read_card, sign_card
from kiosk.people.scanned import ScannedCard, scanned_card
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind
from kiosk.rules import BarcodeScheme

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KNOWN = CardKey(
    key_id=key_id_of(KEY.public_key()), public_key=KEY.public_key().public_bytes_raw().hex(), revoked=False
)


def key_of(key_id: str) -> CardKey | None:
    return KNOWN if key_id == KNOWN.key_id else None


@pytest.mark.parametrize(
    ("body", "check", "character"),
    [
        ("7992739871", Check.LUHN, "3"),
        ("12345678", Check.LUHN, "2"),
        ("4912345678904"[:-1], Check.MOD10_3, "4"),
        ("1234567", Check.SEVEN, "5"),
        ("CODE39", Check.MOD43, "W"),
        ("1234", Check.NONE, ""),
    ],
)
def test_check_characters_of_known_numbers(body: str, check: Check, character: str) -> None:
    """Luhn by ISO/IEC 7812-1, 3-1 by a JAN code, 7DR and mod 43 by hand."""
    assert check_character(body, check) == character


@given(
    st.sampled_from(list(Check)),
    st.integers(0, 10**6 - 1),
    st.sampled_from(["", "A{}A", "b{}D", "*{}*", "]F0{}", "]A0*{}*", " {}\r\n"]),
)
def test_every_number_we_make_is_read_back_whatever_the_scanner_adds(
    check: Check, serial: int, dress: str
) -> None:
    number = numbered("2", 8, serial, check)
    assert len(number) == 8
    assert checks(number, check)
    text = dress.format(number) if dress else number
    scheme = BarcodeScheme(patron_check=check)
    if check is Check.MOD43 and ("A" in dress or "b" in dress or number[-1] in "* "):
        text = f"*{number}*"  # these letters are no guards in CODE39, and a blank needs some
    read = scanned_card(text, scheme, key_of, NOW)
    assert isinstance(read, ScannedCard)
    assert read.number == number


@given(
    st.integers(0, 10**6 - 1),
    st.integers(0, 7),
    st.integers(1, 9),
    st.sampled_from([Check.LUHN, Check.MOD10_3]),
)
def test_one_wrong_digit_is_noticed(serial: int, place: int, off: int, check: Check) -> None:
    number = numbered("2", 8, serial, check)
    wrong = number[:place] + str((int(number[place]) + off) % 10) + number[place + 1 :]
    assert not checks(wrong, check)


@given(st.text(max_size=300))
def test_whatever_is_scanned_there_is_an_answer(text: str) -> None:
    read = scanned_card(text, BarcodeScheme(), key_of, NOW)
    assert read is None or isinstance(read, (ScannedCard, Trouble))


NUMBERS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=LONGEST_NUMBER)


@given(NUMBERS, st.integers(0, 10**6))
def test_a_signed_code_says_its_number_until_its_last_moment(number: str, minutes: int) -> None:
    until = NOW + timedelta(minutes=minutes)
    text = sign_card(number, until, KEY)
    assert text.isalnum(), "fits the alphanumeric mode of QR"
    assert text == text.upper()
    assert read_card(text, key_of, NOW) == number
    assert read_card(text, key_of, until + timedelta(minutes=1)) is Trouble.CODE_EXPIRED


@given(NUMBERS, st.integers(0, 200), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_code_changed_anywhere_is_not_believed(number: str, place: int, char: str) -> None:
    text = sign_card(number, NOW, KEY)
    place = 4 + place % (len(text) - 5)  # the last character may carry bits that nobody reads
    changed = text[:place] + char + text[place + 1 :]
    if changed != text:
        assert read_card(changed, key_of, NOW) is Trouble.CODE_UNTRUSTED


@given(st.text(max_size=200))
def test_anything_that_begins_like_a_code_is_answered(rest: str) -> None:
    assert isinstance(read_card("MKC1" + rest, key_of, NOW), Trouble)


def test_only_numbers_are_signed() -> None:
    for number in ("", "１２", "1" * 21, "a b"):
        with pytest.raises(ValueError):
            sign_card(number, NOW, KEY)


def test_a_card_shows_its_number_to_nobody() -> None:
    card = ScannedCard(CardKind.BARCODE, "20000018")
    assert "20000018" not in repr(card)
    tagger = CardTagger(bytes(32))
    assert card.tag(tagger) == ScannedCard(CardKind.QR, "20000018").tag(tagger)
