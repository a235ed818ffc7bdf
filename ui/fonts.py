"""Where the typefaces are. Noto Sans CJK draws all three languages; face 0 of the collection is Japanese."""

from __future__ import annotations

from pathlib import Path

_PLACES = (Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"))


class FontMissing(Exception):
    """A typeface is not installed; the text names the Debian package."""


def face(bold: bool = False) -> Path:
    """The file of the Japanese sans face; raises FontMissing."""
    name = f"NotoSansCJK-{'Bold' if bold else 'Regular'}.ttc"
    for place in _PLACES:
        if (place / name).exists():
            return place / name
    raise FontMissing(f"{name} not found: install the package fonts-noto-cjk")
