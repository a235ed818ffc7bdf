"""Reads every log line of the test run and finds what must never be in one.

Logs here are codes and English; so what is personal shows by its shape: letters outside ASCII (a name, an
address), long runs of hexadecimal or decimal digits (an identifier, a tag, a serial, a certificate, a card
number, 照合番号B, the Individual Number), the PINs that the tests use.
"""

from __future__ import annotations

import logging
import re

OURS = ("kiosk", "drivers", "sync", "server", "ui", "virtual", "main")
DETACHED = ("uvicorn",)
"""Loggers that keep their lines from the root."""
PINS = ("1234", "9999", "8620", "5071", "1111", "ABC123", "5678", "LIBR42", "FACE2030")

_HARMLESS = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # UUIDs: operations, epochs
    r"|\d{8}T\d{6}(-\d+)?"  # when a damaged file was put aside
    r"|0x[0-9a-f]+>"  # where Python keeps an object
    r"|/\S+"  # files and URL paths: named by us
)
_SHAPES = {
    "letters of a name": re.compile(r"[^\x00-\x7f–—…]"),
    "an identifier in hexadecimal": re.compile(r"(?<![0-9A-Za-z])(?=[0-9A-Fa-f]*[A-Fa-f])[0-9A-Fa-f]{14,}"),
    "an identifier in bytes": re.compile(r"(?:[0-9A-Fa-f]{2}[ :,]){4,}|(?:\\x[0-9a-f]{2}){3,}"),
    "a long number": re.compile(r"\d{8,}"),
    "a certificate": re.compile(r"-----BEGIN|MII[A-Za-z0-9+/]{8}"),
    "a PIN": re.compile(rf"(?<![0-9A-Za-z.:])(?:{'|'.join(PINS)})(?![0-9A-Za-z.])"),
}


def findings(text: str) -> list[str]:
    """What this line of a log gives away."""
    rest = _HARMLESS.sub("", text)
    return [what for what, shape in _SHAPES.items() if shape.search(rest)]


class Watch(logging.Handler):
    """Collects what any logger gives away, at any level, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []
        self._format = logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        text = self._format.format(record)
        self.found += [f"{what} in a log line of {record.name}: {text}" for what in findings(text)]

    def install(self) -> None:
        """Listen to everything we say, and to what the libraries say that cards and the network go through."""
        logging.getLogger().addHandler(self)
        for name in OURS:
            logging.getLogger(name).setLevel(logging.DEBUG)
        for name in DETACHED:
            logging.getLogger(name).addHandler(self)
