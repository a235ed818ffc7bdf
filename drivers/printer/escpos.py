"""An ESC/POS receipt printer. The slip is drawn as a picture: code pages for Japanese are a lottery."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from escpos.printer import Dummy
from PIL import Image, ImageDraw, ImageFont

from kiosk.ports import PrinterProblem

_PROFILE = "TM-T20II"
"""A profile of python-escpos with raster graphics, 576 dots and a cutter, as 80 mm printers have."""
WIDTH_80MM = 576
"""Dots across an 80 mm roll at 203 dpi (a 58 mm roll has 384)."""
_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
_HEADING, _BODY, _LEADING, _MARGIN = 40, 28, 1.35, 24
_NO_LINE_START = "、。，．）)」』〜～・"
"""Characters that must not begin a line (JIS X 4051); they may hang into the margin instead."""


class EscPosPrinter:
    """Implements `kiosk.ports.Printer` for a printer that is a device file (/dev/usb/lp0) or a plain file."""

    def __init__(self, path: Path, font: Path = _FONT, width: int = WIDTH_80MM) -> None:
        self._path = path
        self._font = font
        self._width = width

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print one slip and cut; raises PrinterProblem."""
        try:
            encoder = Dummy(profile=_PROFILE)
            encoder.image(self._draw(lines), impl="bitImageRaster", center=False)
            encoder.cut()
            with self._path.open("ab") as device:
                device.write(encoder.output)
                device.flush()
                if self._path.is_file():
                    os.fsync(device.fileno())
        except OSError as error:
            raise PrinterProblem(type(error).__name__) from error

    def _draw(self, lines: Sequence[str]) -> Image.Image:
        rows: list[tuple[str, ImageFont.FreeTypeFont]] = []
        for number, line in enumerate(lines):
            font = ImageFont.truetype(str(self._font), _BODY if number else _HEADING)
            rows.extend((part, font) for part in self._wrapped(line, font))
        height = sum(int(font.size * _LEADING) for _, font in rows) + 2 * _MARGIN
        picture = Image.new("1", (self._width, height), 1)
        pen = ImageDraw.Draw(picture)
        y = _MARGIN
        for text, font in rows:
            pen.text((_MARGIN, y), text, font=font, fill=0)
            y += int(font.size * _LEADING)
        return picture

    def _wrapped(self, line: str, font: ImageFont.FreeTypeFont) -> list[str]:
        parts, current = [], ""
        for char in line:
            if font.getlength(current + char) > self._width - 2 * _MARGIN and char not in _NO_LINE_START:
                parts.append(current)
                current = char
            else:
                current += char
        return [*parts, current]
