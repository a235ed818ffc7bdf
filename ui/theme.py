"""All sizes and colours, in one place. Sizes are millimetres on the panel, colours are roles.

Colour values after the Digital Agency design system (DADS); contrasts are computed in `tests/ui`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Rgba = tuple[float, float, float, float]


def _rgb(value: str) -> Rgba:
    return (int(value[0:2], 16) / 255, int(value[2:4], 16) / 255, int(value[4:6], 16) / 255, 1.0)


COLOURS: dict[str, Rgba] = {
    "ground": _rgb("F4F5F2"),
    "surface": _rgb("FFFFFF"),
    "ink": _rgb("1A1A1C"),
    "soft": _rgb("4A4D52"),
    "soft_ground": _rgb("F0F1F3"),
    "line": _rgb("C9CCD1"),
    "edge": _rgb("6B7078"),
    "primary": _rgb("0017C1"),
    "primary_down": _rgb("000B6E"),
    "on_primary": _rgb("FFFFFF"),
    "tint": _rgb("E8EBFF"),
    "done": _rgb("0C472A"),
    "done_ground": _rgb("E3F1E8"),
    "wait": _rgb("5C3B00"),
    "wait_ground": _rgb("FFF1CF"),
    "alert": _rgb("8F0000"),
    "alert_ground": _rgb("FDE9E9"),
    "bar": _rgb("17203A"),
    "on_bar": _rgb("FFFFFF"),
}

TEXT_PAIRS = (
    ("ink", "ground"), ("ink", "surface"), ("soft", "ground"), ("soft", "surface"), ("soft", "soft_ground"),
    ("on_primary", "primary"), ("on_primary", "primary_down"), ("primary", "surface"), ("primary", "tint"),
    ("done", "done_ground"), ("wait", "wait_ground"), ("alert", "alert_ground"), ("on_bar", "bar"),
    ("ink", "wait_ground"), ("ink", "done_ground"),
)  # fmt: skip
"""Text and the ground it may stand on: at least 7:1 each (WCAG 2.2, 1.4.6)."""

CONTROL_PAIRS = (("edge", "surface"), ("edge", "ground"), ("primary", "ground"))
"""Edges of controls and their ground: at least 3:1 (WCAG 2.2, 1.4.11)."""

TEXT_MM = {"small": 3.9, "body": 4.6, "lead": 5.4, "tile": 6.0, "title": 6.8, "display": 9.6}
"""The closed list of text sizes (each size of a CJK face costs memory): height of the em in mm."""

TARGET_MM = 20.0
"""Height of primary targets (Colle & Hiszem, Ergonomics 47(13) 2004: 20 mm as good as 25)."""
SMALL_TARGET_MM = 15.0
"""Least height of any other target."""
GAP_MM = 3.0
"""Least gap between targets, and the unit of spacing."""
RADIUS_MM = 2.4


def contrast(one: Rgba, other: Rgba) -> float:
    """Contrast ratio of two opaque colours (WCAG 2.2, definition)."""

    def luminance(colour: Rgba) -> float:
        parts = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
        red, green, blue = parts
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@dataclass(frozen=True, slots=True)
class Theme:
    """The tokens in pixels of one panel."""

    px_per_mm: float

    @staticmethod
    def of_panel(width: int, height: int, diagonal_mm: float) -> Theme:
        """For a panel of this resolution and diagonal (what it says of its DPI is not believed)."""
        return Theme(math.hypot(width, height) / diagonal_mm)

    def mm(self, length: float) -> float:
        """Millimetres as pixels."""
        return round(length * self.px_per_mm)

    def text(self, step: str) -> float:
        """A text size as pixels."""
        return self.mm(TEXT_MM[step])

    @property
    def target(self) -> float:
        return self.mm(TARGET_MM)

    @property
    def small_target(self) -> float:
        return self.mm(SMALL_TARGET_MM)

    @property
    def gap(self) -> float:
        return self.mm(GAP_MM)

    @property
    def radius(self) -> float:
        return self.mm(RADIUS_MM)

    @staticmethod
    def colour(role: str) -> Rgba:
        return COLOURS[role]
