"""Codes of library cards as SVG inside a page. Colours are attributes: the pages allow no inline style."""

from __future__ import annotations

from io import BytesIO
from itertools import groupby

import qrcode
from barcode.codabar import CODABAR
from markupsafe import Markup
from qrcode.image.svg import SvgPathImage

_QUIET = 10
"""Modules left blank on either side of a linear code (JIS X 0506 asks for ten)."""
_HEIGHT = 40


def bars(number: str) -> Markup:
    """A number in NW-7, with the guards A that most libraries print."""
    (modules,) = CODABAR(f"A{number}A").build()
    at, drawn = _QUIET, []
    for black, run in groupby(modules, key="1".__eq__):
        width = len(list(run))
        if black:
            drawn.append(f"M{at} 0h{width}v{_HEIGHT}h-{width}z")
        at += width
    return _svg(at + _QUIET, _HEIGHT, "".join(drawn))


def code(text: str) -> Markup:
    """Letters and digits as a QR code (ISO/IEC 18004), quiet zone included."""
    out = BytesIO()
    qrcode.make(text, image_factory=SvgPathImage, border=4).save(out)
    svg = out.getvalue().decode()
    return Markup(svg[svg.index("<svg") :])  # noqa: S704  (drawn as a path, no text of anybody)


def _svg(width: int, height: int, path: str) -> Markup:
    return Markup(  # noqa: S704  (numbers of our own making)
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" preserveAspectRatio="none">'
        f'<path d="{path}" fill="#000"/></svg>'
    )
