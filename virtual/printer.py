"""Looking at what a receipt printer was sent: ESC/POS raster back into pictures."""

from __future__ import annotations

from PIL import Image

_RASTER = b"\x1dv0"
"""GS v 0: print raster bit image (Epson ESC/POS reference)."""


def slips(data: bytes) -> list[Image.Image]:
    """The pictures of all slips, in order (one slip may come in several bands up to its cut)."""
    found: list[Image.Image] = []
    bands: list[Image.Image] = []
    at = 0
    while at < len(data):
        if data[at : at + 3] == _RASTER:
            width = int.from_bytes(data[at + 4 : at + 6], "little")
            height = int.from_bytes(data[at + 6 : at + 8], "little")
            body = data[at + 8 : at + 8 + width * height]
            dots = bytes(byte ^ 0xFF for byte in body)  # a set bit is a black dot
            bands.append(Image.frombytes("1", (width * 8, height), dots))
            at += 8 + width * height
        elif data[at : at + 2] == b"\x1dV":
            found.append(_joined(bands))
            bands = []
            at += 2
        else:
            at += 1
    return found


def _joined(bands: list[Image.Image]) -> Image.Image:
    if not bands:
        return Image.new("1", (1, 1), 1)
    slip = Image.new("1", (bands[0].width, sum(band.height for band in bands)), 1)
    y = 0
    for band in bands:
        slip.paste(band, (0, y))
        y += band.height
    return slip
