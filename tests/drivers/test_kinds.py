"""What lies on the reader, by ATR and by behaviour."""

from __future__ import annotations

import pytest

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, channel
from drivers.cards.atr import recognise
from drivers.cards.kinds import Recognised, chip, storage
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind
from tests.drivers.conftest import KEY
from virtual.cards.felica import ICODE, MIFARE_1K, NTAG, FelicaCard, StorageCard

TAGGER = CardTagger(KEY)
IDM = bytes.fromhex("0114B34D5E6F7081")
STORAGE = "3B8F8001804F0CA000000306{}00000000{}"


def seen(atr: str, card: FelicaCard) -> Recognised:
    return recognise(bytes.fromhex(atr), guarded(channel(card.answer)), TAGGER)


@pytest.mark.parametrize("standard", [("11003B", "42"), ("F01100", "00"), ("F01200", "00")])
def test_felica_is_known_by_its_storage_atr_also_from_older_readers(standard: tuple[str, str]) -> None:
    found = seen(STORAGE.format(*standard), FelicaCard(IDM))
    assert (found.kind, found.tag) == (CardKind.FELICA, TAGGER.tag(CardKind.FELICA, IDM, "felica"))
    assert str(found.tag) not in repr(found)


def test_an_identifier_given_out_anew_at_every_touch_names_nobody() -> None:
    for idm in ("02FE000102030405", "12FE000102030405", "01FE000102030405"):
        found = seen(STORAGE.format("11003B", "42"), FelicaCard(bytes.fromhex(idm)))
        assert (found.kind, found.tag, found.unusable) == (CardKind.FELICA, None, Trouble.CARD_ID_CHANGES)


@pytest.mark.parametrize(
    ("standard", "identifier", "kind"),
    [
        (MIFARE_1K, "A1B2C3D4", CardKind.MIFARE),
        ("03 00 02", "04A1B2C3D4E5F6", CardKind.MIFARE),
        (NTAG, "04A1B2C3D4E5F6", CardKind.TYPE2),
        (ICODE, "E004015012345678", CardKind.ISO15693),
        ("0B 00 00", "E004015012345678", CardKind.ISO15693),
    ],
)
def test_other_storage_cards_have_tags_of_their_own_kind(
    standard: str, identifier: str, kind: CardKind
) -> None:
    raw = bytes.fromhex(identifier)
    card = StorageCard(raw, standard)
    found = recognise(card.atr, guarded(channel(card.answer)), TAGGER)
    assert (found.kind, found.tag) == (kind, TAGGER.tag(kind, raw, kind.value))
    assert found.tag != TAGGER.tag(CardKind.FELICA, raw, "felica"), (
        "the same number on two kinds is two cards"
    )


def test_a_phone_with_a_number_of_the_moment_names_nobody() -> None:
    card = StorageCard(bytes.fromhex("08C0FFEE"), MIFARE_1K)
    assert recognise(card.atr, guarded(channel(card.answer)), TAGGER) == Recognised(
        CardKind.MIFARE, unusable=Trouble.CARD_ID_CHANGES
    )


@pytest.mark.parametrize("standard", ["030038", "070001", "FF40FF"])
def test_kinds_we_do_not_know_are_not_even_asked(standard: str) -> None:
    def never(raw: bytes) -> bytes:
        raise AssertionError(raw)

    found = recognise(bytes.fromhex(STORAGE.format(standard, "00")), guarded(channel(never)), TAGGER)
    assert found == Recognised(CardKind.UNKNOWN)


@pytest.mark.parametrize("idm", [b"", IDM[:4], IDM + b"\0"])
def test_a_library_card_without_a_proper_identifier_is_unreadable(idm: bytes) -> None:
    with pytest.raises(CardGarbage):
        seen(STORAGE.format("11003B", "42"), FelicaCard(idm))


def test_a_chip_card_without_the_application_is_unknown() -> None:
    found = seen("3B8880010000000000338181003B", FelicaCard(IDM))
    assert found == Recognised(CardKind.UNKNOWN)


@pytest.mark.parametrize("index", range(16))
def test_a_felica_card_is_the_same_whichever_of_its_systems_answered(index: int) -> None:
    idm = bytes((index << 4 | 0x01,)) + IDM[1:]
    assert storage(CardKind.FELICA, idm, TAGGER) == storage(CardKind.FELICA, IDM, TAGGER)


@pytest.mark.parametrize(
    ("systems", "kind"),
    [
        ((0x0003, 0xFE00, 0x86A7), CardKind.TRANSIT),
        ((0x927A,), CardKind.TRANSIT),
        ((0xFE00,), CardKind.FELICA),  # e-money, an employee card
        ((0x88B4,), CardKind.FELICA),
        ((0x12FC,), CardKind.FELICA),
        ((), CardKind.FELICA),
    ],
)
def test_a_transit_card_keeps_its_tag_where_the_reader_cannot_tell(
    systems: tuple[int, ...], kind: CardKind
) -> None:
    found = storage(CardKind.FELICA, IDM, TAGGER, systems)
    assert (found.kind, found.tag) == (kind, storage(CardKind.FELICA, IDM, TAGGER).tag)


def test_a_card_of_the_ward_is_no_transit_card_though_it_opens_a_gate() -> None:
    ward = 0x8E4B
    assert storage(CardKind.FELICA, IDM, TAGGER, (0x0003, ward), ward).kind is CardKind.FELICA
    assert storage(CardKind.FELICA, IDM, TAGGER, (0x0003, 0xFE00), ward).kind is CardKind.TRANSIT


@pytest.mark.parametrize(
    ("uid", "known", "unusable"),
    [
        ("04A1B2C3D4E5F6", True, None),
        ("04A1B2C3D4E5F6010203", True, None),
        ("08C0FFEE", False, Trouble.CARD_ID_CHANGES),
        ("A1B2C3D4", False, Trouble.CARD_ID_CHANGES),
    ],
)
def test_other_chip_cards_are_known_by_long_identifiers_only(
    uid: str, known: bool, unusable: Trouble | None
) -> None:
    found = chip(guarded(channel(lambda raw: b"\x6a\x82")), lambda: bytes.fromhex(uid), TAGGER)
    assert (found.kind, found.tag is not None, found.unusable) == (CardKind.TYPE4, known, unusable)


def test_a_chip_card_whose_reader_tells_no_identifier_is_unknown() -> None:
    found = seen("3BE000FF8131FE4514", StorageCard(b"", ICODE))
    assert found == Recognised(CardKind.UNKNOWN)
