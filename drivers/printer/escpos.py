"""An ESC/POS receipt printer. The slip is drawn as a picture: code pages for Japanese are a lottery."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Sequence
from pathlib import Path

from escpos.printer import Dummy
from PIL import Image, ImageDraw, ImageFont

from kiosk.ports import PrinterProblem

_PROFILE = "TM-T20II"
"""A profile of python-escpos with raster graphics, 576 dots and a cutter, as 80 mm printers have."""
WIDTH_80MM = 576
"""Dots across an 80 mm roll at 203 dpi (a 58 mm roll has 384)."""
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
_HEADING, _BODY, _LEADING, _MARGIN = 40, 28, 1.35, 24
_NO_LINE_START = "、。，．・：；？！）)］」』】〉》〜～ー々"
_NO_LINE_END = "（([［「『【〈《〔"
"""Characters that must not begin, or end, a line (JIS X 4051); a neighbour goes down with them."""
_SPACES = " \u3000"
SEND_SECONDS = 10.0
"""Longest wait for a printer to take a slip (no paper, cover open); a slip takes two or three."""


class EscPosPrinter:
    """Implements `kiosk.ports.Printer` for a printer that is a device file (/dev/usb/lp0) or a plain file."""

    def __init__(
        self, path: Path, font: Path = FONT, width: int = WIDTH_80MM, patience: float = SEND_SECONDS
    ) -> None:
        """`width` in dots; `patience`: seconds a slip may take before it counts as not printed."""
        self._path = path
        self._font = font
        self._width = width
        self._patience = patience

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print one slip and cut; raises PrinterProblem."""
        try:
            encoder = Dummy(profile=_PROFILE)
            encoder.image(self._draw(lines), impl="bitImageRaster", center=False)
            encoder.cut()
            self._send(encoder.output)
        except OSError as error:
            raise PrinterProblem(type(error).__name__) from error

    def _send(self, data: bytes) -> None:
        device = os.open(self._path, self._flags(), 0o600)
        try:
            deadline = time.monotonic() + self._patience
            left = memoryview(data)
            while left:
                _wait_until_ready(device, deadline)
                left = left[_write(device, left) :]
            _wait_until_ready(device, deadline)  # usblp drops what is still under way when it is closed
            if stat.S_ISREG(os.fstat(device).st_mode):
                os.fsync(device)
        finally:
            os.close(device)

    def _flags(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
        # an unplugged printer must not become a plain file which takes every slip and prints none
        return flags if self._path.is_relative_to("/dev") else flags | os.O_CREAT

    def _draw(self, lines: Sequence[str]) -> Image.Image:
        heading, body = (ImageFont.truetype(str(self._font), size) for size in (_HEADING, _BODY))
        rows: list[tuple[str, ImageFont.FreeTypeFont]] = []
        for number, line in enumerate(lines):
            font = body if number else heading
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
            fits_anyway = not current or char in _SPACES  # a space leaves no ink in the margin
            if not fits_anyway and font.getlength(current + char) > self._width - 2 * _MARGIN:
                at = _break_before(current + char)
                parts.append(current[:at])
                current = current[at:]
            current += char
        return [*parts, current]


def _break_before(text: str) -> int:
    """Where the next line begins: as late as may be, and at the last character where nothing may be."""
    last = len(text) - 1
    return next((at for at in range(last, 0, -1) if _may_part(text[at - 1], text[at])), last)


def _may_part(before: str, after: str) -> bool:
    if after in _NO_LINE_START or before in _NO_LINE_END:
        return False
    return not (_in_word(before) and _in_word(after))


def _in_word(char: str) -> bool:
    """Latin words, times and numbers stay whole."""
    return char == "–" or (char.isascii() and not char.isspace())


def _wait_until_ready(device: int, deadline: float) -> None:
    """Raises TimeoutError when the printer takes nothing for too long."""
    if not select.select([], [device], [], max(0.0, deadline - time.monotonic()))[1]:
        raise TimeoutError


def _write(device: int, data: memoryview) -> int:
    try:
        return os.write(device, data)
    except BlockingIOError:
        return 0
