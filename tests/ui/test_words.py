"""The catalogues: complete, used, filled alike, and plain where they promise to be."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from kiosk.codes import Refusal, Trouble
from ui.i18n import LANGUAGES, Words, catalogue

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


def used() -> set[str]:
    found: set[str] = set()
    for path in UI.rglob("*"):
        if path.suffix in (".py", ".kv"):
            text = path.read_text()
            found |= set(
                re.findall(
                    r"""(?:app\.t|words|self\.words|Words\(language\))\(\s*f?['"]([a-z_.0-9]+)['"]""", text
                )
            )
            found |= set(re.findall(r"""['"]([a-z]+\.[a-z_.0-9]+)['"]""", text))
    return found


def test_every_key_on_a_screen_exists_and_every_key_is_used() -> None:
    existing = set(keys("ja"))
    spelled = used()
    codes = {f"e.{code.value}" for code in (*Refusal, *Trouble)}
    composed = codes | {k for k in existing if k.startswith(("period.", "linked.", "lang."))}
    assert existing - spelled - composed == set(), "unused words"
    kv = {key for path in UI.rglob("*.kv") for key in re.findall(r"app\.t\('([^']+)'", path.read_text())}
    assert kv <= existing


@pytest.mark.parametrize("code", [*Refusal, *Trouble])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_domain_has_its_sentence(code: Refusal | Trouble, language: str) -> None:
    assert len(Words(language).reason(code)) > 5


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
