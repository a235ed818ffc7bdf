"""What lies on the reader, by ATR and by behaviour."""

from __future__ import annotations

import pytest

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, channel
from drivers.cards.kinds import Recognised, recognise
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind
from tests.drivers.conftest import KEY
from virtual.cards.felica import FelicaCard

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
    found = seen(STORAGE.format("11003B", "42"), FelicaCard(bytes.fromhex("02FE000102030405")))
    assert (found.kind, found.tag) == (CardKind.FELICA, None)


@pytest.mark.parametrize("standard", ["030001", "030002", "030003", "0B0014", "0B0000"])
def test_other_storage_cards_are_not_even_asked(standard: str) -> None:
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
