"""Which typeface draws which character.

Noto Sans CJK draws all three languages of the screen (face 0 of the collection has the Japanese forms, which
is the one SDL opens). Titles and names may be in any script: those runs are set in their own Noto face, and
what no face can draw becomes a geta mark, the printers' sign for a missing type.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

_PLACES = (Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"))
_OTHER_SCRIPTS = Path("/usr/share/fonts/truetype/noto")
MISSING = "〓"
EVERYDAY = (
    (0x20, 0x7E),
    (0xA0, 0xFF),
    (0x3000, 0x303F),
    (0x3041, 0x3096),
    (0x309B, 0x30FF),
    (0x4E00, 0x9FA5),
    (0xFF01, 0xFF9F),
)
"""Ranges the main face draws whole (under test): text of these alone needs no look into a font file."""
_SCRIPTS = (
    (0x0590, 0x05FF, "Hebrew"), (0x0600, 0x06FF, "Arabic"), (0x0900, 0x097F, "Devanagari"),
    (0x0980, 0x09FF, "Bengali"), (0x0B80, 0x0BFF, "Tamil"), (0x0D80, 0x0DFF, "Sinhala"),
    (0x0E00, 0x0E7F, "Thai"), (0x0E80, 0x0EFF, "Lao"), (0x1000, 0x109F, "Myanmar"), (0x1780, 0x17FF, "Khmer"),
)  # fmt: skip


class FontMissing(Exception):
    """A typeface is not installed; the text names the Debian package."""


@cache
def face(bold: bool = False) -> Path:
    """The file of the Japanese sans face; raises FontMissing."""
    name = f"NotoSansCJK-{'Bold' if bold else 'Regular'}.ttc"
    for place in _PLACES:
        if (place / name).exists():
            return place / name
    raise FontMissing(f"{name} not found: install the package fonts-noto-cjk")


@cache
def draws(font: Path) -> frozenset[int]:
    """All characters a typeface has a shape for."""
    with TTFont(font, fontNumber=0, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


def everyday(text: str) -> bool:
    """Whether the main face surely draws all of it."""
    return all(any(low <= ord(char) <= high for low, high in EVERYDAY) for char in text)


@cache
def _font_of(char: str, main: Path, bold: bool) -> Path | None:
    if everyday(char) or ord(char) in draws(main):
        return main
    script = next((name for low, high, name in _SCRIPTS if low <= ord(char) <= high), "")
    other = _OTHER_SCRIPTS / f"NotoSans{script}-{'Bold' if bold else 'Regular'}.ttf"
    if not script:
        other = _OTHER_SCRIPTS / f"NotoSans-{'Bold' if bold else 'Regular'}.ttf"
    return other if other.exists() and ord(char) in draws(other) else None


def runs(text: str, main: str) -> list[tuple[str, str]]:
    """The text as (font file, piece): one piece for nearly every text, more where scripts are mixed."""
    if everyday(text.replace("\n", "")):
        return [(main, text)]
    bold = "Bold" in Path(main).name
    found: list[tuple[str, str]] = []
    for char in text:
        font = main if char == "\n" else str(_font_of(char, Path(main), bold) or "")
        font, char = (font, char) if font else (main, MISSING)
        if found and found[-1][0] == font:
            found[-1] = (font, found[-1][1] + char)
        else:
            found.append((font, char))
    return found
