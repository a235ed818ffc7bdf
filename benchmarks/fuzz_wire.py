"""The other side for the fuzzers: a card, and a field with somebody in it, that say what they are given.

The list of what a kiosk may send is written down a second time here, so that the guard does not judge itself.
"""

from __future__ import annotations

from typing import Any

from drivers.cards.apdu import MAX_RESPONSE_PARTS, CardGone, Channel, Command, Response
from drivers.cards.readers.nfc_device import load
from virtual.cards.mynumber import MyNumberCard

_JPKI, _SUPPORT = "d392f000260100000001", "d3921000310001010408"
SELECT_JPKI = "00a4040c0a" + _JPKI
_SELECT_AP = (SELECT_JPKI, "00a4040c0a" + _SUPPORT)
_FILES = {_JPKI: ("0006", "0008", "000a", "000b", "0017", "0018"), _SUPPORT: ("0002", "0011", "0015")}
_HEADS = ("00a40000", "00a4040c", "00a4020c", "00b0", "00200080", "802a0080", "00c00000", "ffca0000")
COMMANDS = {"recognise": 3, "tries": 8, "log in": 29, "attributes": 15}
"""The most that a flow ever asks of any card: a certificate has up to 4 KiB, the attributes up to 2."""
BOUND = {flow: commands * (2 + MAX_RESPONSE_PARTS) for flow, commands in COMMANDS.items()}
"""The same on the wire: each command perhaps repeated with another length, its answer perhaps in parts."""


class Wire:
    """A card that answers with the bytes it was given, and objects to whatever it should not be told."""

    def __init__(self, answers: bytes, bound: int, underlying: MyNumberCard | None = None) -> None:
        self._answers = self._script = answers
        self._bound = bound
        self._underlying = underlying
        self._application = ""
        self.sent = 0
        self.secrets = 0

    def __call__(self, raw: bytes) -> bytes:
        self.sent += 1
        if self.sent > self._bound:
            raise AssertionError(f"more than {self._bound} commands")
        self._judge(raw.hex())
        return self._answer(raw)

    def _judge(self, command: str) -> None:
        if not command.startswith(_HEADS):
            raise AssertionError(f"not on the list: {command[:8]}")
        if command.startswith("00a4040c"):
            if command not in _SELECT_AP:
                raise AssertionError("an application that is none of our business")
            self._application = command[10:]
        if command.startswith("00a4020c") and command[10:] not in _FILES[self._application]:
            raise AssertionError(f"a file that is none of our business: {command[10:]}")
        if command.startswith("00200080") and len(command) > 8:
            self.secrets += 1
            if self.secrets > 1:
                raise AssertionError("a second try")

    def _answer(self, raw: bytes) -> bytes:
        """The next of the given bytes: F0–FF leaves it to a true card; else so much data, and a status."""
        if not self._script:
            raise CardGone("nothing to say")
        self._answers = self._answers or self._script  # and so on for ever: only we can end it
        first, self._answers = self._answers[0], self._answers[1:]
        if first >= 0xF0 and self._underlying is not None:
            return self._underlying.answer(raw)
        length = first if first < 0xE0 else 256
        said, self._answers = self._answers[: length + 2], self._answers[length + 2 :]
        return said


def counted(send: Channel, most: int) -> Channel:
    """A channel that objects to more than so many commands."""
    sent: list[Command] = []

    def send_counted(command: Command) -> Response:
        sent.append(command)
        if len(sent) > most:
            raise AssertionError(f"more than {most} commands")
        return send(command)

    return send_counted


class Air:
    """A frontend of nfcpy in whose field stands what the bytes say; it is silent when they are at an end."""

    max_send_data_size = max_recv_data_size = 290

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._clf = load().clf

    def _next(self) -> bytes:
        length = self._data[0] % 32 if self._data else 0
        said, self._data = self._data[1 : 1 + length], self._data[1 + length :]
        return said

    def sense(self, *targets: Any, **_options: Any) -> Any:
        """The one that the next byte names, or nobody."""
        which, self._data = (self._data[0] if self._data else 255), self._data[1:]
        if not targets or which >= 240:
            return None
        found = targets[which % len(targets)]
        if found.brty.endswith("A"):
            found.sens_res, found.sdd_res, found.sel_res = (bytearray(self._next()) for _ in range(3))
        else:
            setattr(found, "sensb_res" if found.brty.endswith("B") else "sensf_res", bytearray(self._next()))
        return found

    def exchange(self, data: bytes, timeout: float) -> bytearray:
        said = self._next()
        if not said:
            raise self._clf.TimeoutError
        return bytearray(said)
