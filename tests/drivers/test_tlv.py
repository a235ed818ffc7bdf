"""Lengths and places in the files of a card: one way to write each, and no other is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.apdu import CardGarbage
from drivers.cards.mynumber import tlv
from drivers.cards.mynumber.attributes import parse

TAG = 0xFF20


@pytest.mark.parametrize(
    ("written", "length", "start"),
    [
        ("00", 0, 3),
        ("7f", 127, 3),
        ("8180", 128, 4),
        ("81ff", 255, 4),
        ("820100", 256, 5),
        ("82ffff", 65535, 5),
    ],
)
def test_lengths_in_their_shortest_form(written: str, length: int, start: int) -> None:
    assert tlv.head(b"\xff\x20" + bytes.fromhex(written), 0, TAG) == (start, start + length)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "80",
        "81",
        "82",
        "8201",
        "8100",
        "817f",
        "820000",
        "82007f",
        "8200ff",
        "83000100",
        "8400000100",
        "ff",
    ],
)
def test_no_other_form_is_a_length(written: str) -> None:
    with pytest.raises(CardGarbage):
        tlv.head(b"\xff\x20" + bytes.fromhex(written), 0, TAG)


@pytest.mark.parametrize("data", ["", "ff", "ff21", "20ff00", "2000"])
def test_no_other_tag_is_taken(data: str) -> None:
    with pytest.raises(CardGarbage):
        tlv.head(bytes.fromhex(data), 0, TAG)


def test_a_value_ends_within_its_file() -> None:
    assert tlv.value(b"\xff\x20\x02ab\xff", 0, TAG) == (b"ab", 5)
    with pytest.raises(CardGarbage):
        tlv.value(b"\xff\x20\x03ab", 0, TAG)


@given(st.binary(max_size=12), st.integers(0, 12))
def test_whatever_it_reads_it_could_have_written(data: bytes, at: int) -> None:
    try:
        value, after = tlv.value(data, at, TAG)
    except CardGarbage:
        return
    assert data[at:after] == wrapped(TAG, value)


def wrapped(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(2, "big") + bytes((len(value),)) + value


def attribute_file(*more: bytes) -> bytes:
    """A file whose places and lengths are all true, perhaps with more in it than there should be."""
    fields = [
        wrapped(0xDF22, b"a"),
        wrapped(0xDF23, b"b"),
        wrapped(0xDF24, b"19850612"),
        wrapped(0xDF25, b"1"),
    ]
    places = [14 + sum(map(len, fields[:number])) for number in range(4)]
    table = wrapped(0xDF21, b"".join(place.to_bytes(2, "big") for place in places))
    return wrapped(TAG, table + b"".join(fields) + b"".join(more))


def test_four_attributes_and_no_fifth() -> None:
    assert parse(attribute_file()).name == "a"
    for more in (wrapped(0xDF26, b"x"), wrapped(0xDF25, b"2"), b"\xff", b"\x00"):
        with pytest.raises(CardGarbage):
            parse(attribute_file(more))


@given(st.integers(0, 60))
def test_half_a_file_is_none(length: int) -> None:
    whole = attribute_file()
    if length < len(whole):
        with pytest.raises(CardGarbage):
            parse(whole[:length])
