"""The wire of vsmartcard's virtual reader: we connect, and that is a card being laid down.

Each message is a two-byte big-endian length and so many bytes. A single byte is a control (0 power off,
1 power on, 2 reset, 4 tell your ATR); anything longer is a command APDU. Closing takes the card away.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Protocol

from virtual.cards.place import place

_OFF, _ON, _RESET, _ATR = 0, 1, 2, 4
_RETRY_SECONDS = 0.1


class Pulled(Exception):
    """The card is taken away in the middle of a command."""


class VirtualCard(Protocol):
    """What lies on the reader."""

    @property
    def atr(self) -> bytes: ...

    def power_off(self) -> None: ...

    def power_on(self) -> None: ...

    def answer(self, command: bytes) -> bytes:
        """The response APDU; raises Pulled to be gone instead."""
        ...


class OnReader:
    """Keeps a card on a virtual reader (the first of our pcscd) until taken away; comes back by itself."""

    def __init__(self, card: VirtualCard, port: int | None = None) -> None:
        self.card = card
        self._port = place().port if port is None else port
        self._taken = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._lie, name="virtual-card", daemon=True)
        self._thread.start()

    def __enter__(self) -> OnReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.take_away()

    def take_away(self) -> None:
        """Lift the card off the reader."""
        self._taken.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # may have been closed by the other side already
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _lie(self) -> None:
        while not self._taken.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=1) as self._socket:
                    self._socket.settimeout(None)
                    self._serve(self._socket)
            except OSError:
                time.sleep(_RETRY_SECONDS)  # no reader there (yet, or for the moment)

    def _serve(self, sock: socket.socket) -> None:
        while not self._taken.is_set():
            (length,) = struct.unpack(">H", _exactly(sock, 2))
            message = _exactly(sock, length)
            if length != 1:
                try:
                    reply = self.card.answer(message)
                except Pulled:
                    self._taken.set()
                    return
                sock.sendall(struct.pack(">H", len(reply)) + reply)
            elif message[0] == _ATR:
                sock.sendall(struct.pack(">H", len(self.card.atr)) + self.card.atr)
            elif message[0] == _OFF:
                self.card.power_off()
            elif message[0] == _ON:
                self.card.power_on()


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        # the reader sends length and command apart: an acknowledgement held back costs 40 ms each time
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = sock.recv(count - len(data))
        if not part:
            raise ConnectionError("the reader went away")
        data += part
    return data
