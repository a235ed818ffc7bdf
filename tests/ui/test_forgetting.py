"""After a visit nothing of it is left in any widget, of any property, on any page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import pytest

from kiosk.people.model import LinkState
from kiosk.ports import CardKind
from kiosk.views import Attract, Goodbye, View
from tests.ui.conftest import Screen
from ui.gallery import LIBRARY, SAMPLES
from ui.i18n import LANGUAGES, Words
from ui.widgets.text import _width, phrases

CODES = {"afternoon", "morning", "evening", "of-next-year", *CardKind, *LinkState}
"""What a view says in the domain's own words; the catalogue's words for it are looked for instead."""
NOT_PERSONAL = {LIBRARY.name, LIBRARY.kana, LIBRARY.latin}


def strings(value: Any) -> Iterator[str]:
    """All text and all dates in a view, as they may stand in a widget."""
    if isinstance(value, date):
        yield from (Words(language).day(value) for language in LANGUAGES)
    elif type(value) is str:
        if len(value) > 1:
            yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from strings(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from strings(getattr(value, field.name))


PERSONAL = (
    {
        text
        for name, view in SAMPLES.items()
        if not name.startswith(("attract", "goodbye", "problem"))
        for text in strings(view)
    }
    - NOT_PERSONAL
    - CODES
)


def test_the_test_knows_what_is_personal() -> None:
    assert {"練馬 花○", "吾輩は猫である", "集会室（全面）", "12月5日(土)", "Sat 5 Dec"} <= PERSONAL


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "last", [Attract(LIBRARY), Goodbye(True), Goodbye(False)], ids=lambda v: type(v).__name__
)
def test_nothing_of_a_visit_is_left_in_any_widget(screen: Screen, last: View, language: str) -> None:
    for view in SAMPLES.values():
        screen.show(view, language)
    screen.show(last)
    everything = {*screen.widgets()}
    for page in screen.app._pages.values():
        everything |= {*page.walk(restrict=True), *page.ids.values()}
    for widget in everything:
        held = [(name, getattr(widget, name)) for name in widget.properties()]
        held += [(name, value) for name, value in vars(widget).items() if not name.startswith("_kv")]
        for name, value in held:
            if isinstance(value, (str, list, tuple, dict)) or is_dataclass(value):
                left = [word for word in PERSONAL if word in str(value)]
                assert not left, f"{type(widget).__name__}.{name} still holds {left}"


def test_measured_text_is_forgotten_too(screen: Screen) -> None:
    screen.show(SAMPLES["borrowing-many"])
    screen.show(Goodbye(card_on_reader=False))
    known = phrases.cache_info().misses
    phrases("図書館の魔女 第一巻")
    assert phrases.cache_info().misses == known + 1, "the title is as new as on the first day"
    assert _width.cache_info().currsize < 100


def test_screens_are_made_once(screen: Screen) -> None:
    for view in SAMPLES.values():
        screen.show(view)
    before = dict(screen.app._pages)
    for view in SAMPLES.values():
        screen.show(view)
    assert screen.app._pages == before
