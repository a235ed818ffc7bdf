"""The catalogues: complete, used, filled alike, and plain where they promise to be."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest

from kiosk.codes import Refusal, Trouble
from kiosk.views import Period, Place, Receipt
from ui.i18n import LANGUAGES, Words, catalogue
from ui.i18n.extract import extract
from ui.receipt import slip

UI = Path(__file__).parents[2] / "ui"


def keys(language: str) -> dict[str, str]:
    return {str(m.id): str(m.string) for m in catalogue(language) if m.id}


def test_all_languages_have_the_same_keys_and_blanks() -> None:
    reference = keys("ja")
    for language in LANGUAGES:
        there = keys(language)
        assert there.keys() == reference.keys()
        for key, text in there.items():
            assert text.strip(), f"{language} {key} is empty"
            assert blanks(text) == blanks(reference[key]), f"{language} {key}"


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_key_on_a_screen_exists_and_every_key_is_used() -> None:
    existing, found = set(keys("ja")), extract(UI)
    assert found.asked - existing == set(), "asked for, but nowhere written"
    assert {key for key in existing if not found.uses(key)} == set(), "written, but never said"


def test_the_extractor_reads_both_languages_of_the_screen(tmp_path: Path) -> None:
    (tmp_path / "a.kv").write_text(
        "Text:\n    say: app.t('one.two', app.language)\n    hint: app.t('x.' + self.y, 1)\n"
    )
    (tmp_path / "a.py").write_text(
        "words('a.b' if c else 'a.d')\nself.words(f'act.{kind}')\nNAMES = ('n.m',)\n"
    )
    found = extract(tmp_path)
    assert found.asked == {"one.two", "a.b", "a.d"}
    assert found.beginnings == {"x.", "act."}
    assert found.uses("act.loan")
    assert found.uses("n.m")
    assert not found.uses("never.said")


@pytest.mark.parametrize("code", [*Refusal, *Trouble])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_domain_has_its_sentence(code: Refusal | Trouble, language: str) -> None:
    """What happened, and what to do now."""
    what, then = Words(language).reason_parts(code)
    assert len(what) > 5, "what happened"
    assert len(then) > 5, "what to do now"
    assert f"{what}{then}".replace(" ", "") == Words(language).reason(code).replace(" ", "")


def test_plain_japanese_is_plain() -> None:
    """Hirosaki rules: short sentences, at most 13 kanji each, blanks between phrases."""
    for key, text in keys("ja_simple").items():
        for sentence in re.split(r"[。\n]", re.sub(r"[（「].*?[）」]", "", text)):
            kanji = re.findall(r"[一-龥]", sentence)
            assert len(kanji) <= 13, f"{key}: {sentence}"
            assert len(sentence) <= 45, f"{key}: {sentence}"


def test_no_sentence_blames_or_threatens() -> None:
    for language, words in {"ja": ("エラー", "不正", "無効"), "en": ("invalid", "error", "illegal")}.items():
        for key, text in keys(language).items():
            assert not [word for word in words if word in text.lower()], f"{language} {key}"


# ---- dates, times, names -------------------------------------------------------------------------

AFTERNOON = Period(date(2026, 11, 22), "afternoon", 780, 1020)


@pytest.mark.parametrize(
    ("language", "when"),
    [
        ("ja", "11月22日(日)　午後　13:00〜17:00"),
        ("ja_simple", "11月22日(日)　午後1時から 午後5時まで"),
        ("en", "Sun 22 Nov　Afternoon　13:00–17:00"),
    ],
)
def test_times_are_said_as_people_say_them(language: str, when: str) -> None:
    assert Words(language).when(AFTERNOON) == when


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (540, 720, "午前9時から ひるの 12時まで"),
        (1050, 1290, "午後5時30分から 午後9時30分まで"),
        (735, 800, "午後0時15分から 午後1時20分まで"),
        (5, 60, "午前0時5分から 午前1時まで"),
    ],
)
def test_spoken_hours(start: int, end: int, said: str) -> None:
    assert Words("ja_simple").hours(Period(date(2026, 11, 22), "hours", start, end)) == said


def test_a_name_is_in_the_letters_of_the_reader_or_at_least_there() -> None:
    place = Place("光が丘図書館", "ひかりがおか としょかん", "Hikarigaoka Library")
    named = [Words(language).place(place) for language in LANGUAGES]
    assert named == ["光が丘図書館", "ひかりがおか としょかん", "Hikarigaoka Library"]
    assert Words("en").place(Place("新しい館", "", "")) == "新しい館"


def test_the_slip_has_the_day_of_the_ward_not_of_greenwich() -> None:
    just_after_midnight = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
    lines = slip(Words("ja"), Receipt(()), "光が丘図書館", just_after_midnight)
    assert lines[2] == "11月22日(日) 00:30"
