"""Text in any script is drawn with letters, broken as a reader would break it, and divided into pages."""

from __future__ import annotations

import pytest
from fontTools.ttLib import TTCollection

from kiosk.views import Returning
from tests.ui.conftest import Screen
from ui.fonts import EVERYDAY, MISSING, draws, face, runs
from ui.i18n import LANGUAGES, catalogue
from ui.widgets.paged import Entry, paginate
from ui.widgets.text import NEVER_FIRST, broken, shortened

FONT = str(face())
THAI = "เจ้าชายน้อย"


@pytest.mark.parametrize("bold", [False, True])
def test_the_face_we_open_has_the_japanese_forms(bold: bool) -> None:
    assert TTCollection(face(bold)).fonts[0]["name"].getDebugName(1).startswith("Noto Sans CJK JP")


@pytest.mark.parametrize("bold", [False, True])
def test_every_letter_we_write_has_a_shape(bold: bool) -> None:
    shapes = draws(face(bold))
    for language in LANGUAGES:
        for message in catalogue(language):
            if message.id:
                missing = {c for c in str(message.string) if ord(c) not in shapes and c != "\n"}
                assert not missing, f"{language} {message.id}"


def test_what_is_called_everyday_is_in_the_face() -> None:
    for bold in (False, True):
        missing = [
            hex(c) for low, high in EVERYDAY for c in range(low, high + 1) if c not in draws(face(bold))
        ]
        assert missing == []


def test_plain_text_is_one_run_and_mixed_text_one_for_each_script() -> None:
    assert runs("吾輩は猫である", FONT) == [(FONT, "吾輩は猫である")]
    mixed = runs(f"{THAI}（星の王子さま）", FONT)
    assert [text for _, text in mixed] == [THAI, "（星の王子さま）"]
    assert "Thai" in mixed[0][0]


def test_a_bold_line_stays_bold_in_every_script() -> None:
    (font, _), *_ = runs(THAI, str(face(bold=True)))
    assert font.endswith("NotoSansThai-Bold.ttf")


def test_what_nobody_can_draw_is_seen_to_be_missing() -> None:
    assert runs("a\U0001f600b", FONT) == [(FONT, f"a{MISSING}b")]


def test_a_title_in_thai_is_on_the_screen_in_thai_letters(screen: Screen) -> None:
    screen.show(Returning((f"{THAI}[1] & Co",)))
    (label,) = [label for label in screen.labels() if label.markup]
    assert "NotoSansThai-Bold" in label.text
    assert "&bl;1&br;" in label.text, "what looks like markup in a title is text"


# ---- lines ---------------------------------------------------------------------------------------


def test_no_line_is_too_wide_or_begins_with_what_must_not_begin_a_line(screen: Screen) -> None:
    from ui.widgets.text import _width

    for language in LANGUAGES:
        for message in catalogue(language):
            for width in (180, 300, 520):
                lines = broken(str(message.string), 27, FONT, width).split("\n")
                assert all(_width(line, 27, FONT) <= width for line in lines)
                own = {part.strip()[:1] for part in str(message.string).split("\n")}
                begins = [line for line in lines if line[:1] in NEVER_FIRST and line[:1] not in own]
                assert begins == [], str(message.id)


def test_phrases_stay_together() -> None:
    assert broken("返すカードを置いてください。", 27, FONT, 27 * 9) == "返すカードを\n置いてください。"


def test_too_long_a_title_is_seen_to_go_on() -> None:
    text = shortened("とても長い題名の本で、いつまでも終わらない", 27, FONT, 27 * 6, 2)
    assert text.count("\n") == 1
    assert text.endswith("…")
    assert shortened("短い題名", 27, FONT, 27 * 6, 2) == "短い題名"


# ---- pages ---------------------------------------------------------------------------------------


def row(name: str, height: float = 10, heading: bool = False) -> Entry:
    return Entry(height, name.encode, heading)  # type: ignore[arg-type]


def names(pages: list[list[Entry]]) -> list[str]:
    return ["".join(entry.make().decode() for entry in page) for page in pages]  # type: ignore[attr-defined]


def test_pages_hold_what_fits() -> None:
    assert names(paginate([row(c) for c in "abcde"], room=32, gap=1)) == ["abc", "de"]


def test_a_heading_is_said_again_on_the_next_page_and_never_stands_alone() -> None:
    entries = [row("H", heading=True), row("a"), row("b"), row("J", heading=True), row("c")]
    assert names(paginate(entries, room=40, gap=0)) == ["Hab", "Jc"]
    assert names(paginate(entries, room=20, gap=0)) == ["Ha", "Hb", "Jc"]


def test_even_the_lowest_screen_shows_one_line_a_page() -> None:
    assert names(paginate([row("a"), row("b")], room=3, gap=1)) == ["a", "b"]


def test_nothing_is_no_page() -> None:
    assert paginate([], room=30, gap=1) == []
