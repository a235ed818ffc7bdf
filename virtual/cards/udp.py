"""An antenna in a process of its own: a card laid on it can be felt through nfcpy's UDP transport.

Cards reach it by the wire of vsmartcard's reader (`virtual.cards.vpcd`), so they are the same cards. On the
other side each datagram is one frame, "106B 050010", and RFOFF says that the reader's field is off. A card's
silence is told by a frame without bytes, for UDP has no field that falls silent. One card fits on it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
from pathlib import Path
from types import TracebackType

from virtual.cards.air import Technology, presented
from virtual.processes import StartProblem, child, free_port, wait_until

_WAITS = 0.1
"""Seconds a card may think before it asks the reader for more time (S(WTX), ISO/IEC 14443-4 §7.3)."""
_WTX = b"\xf2\x0a"
_GIVE_UP = 2.0


class CardLeft(Exception):
    """The card was taken off the antenna."""


class FieldOff(Exception):
    """The reader switched its field off, or went away, while the card was thinking."""


class Wire:
    """The card at the other end of vpcd's wire; we are the reader. Methods raise CardLeft."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, message: bytes) -> None:
        try:
            self.sock.sendall(struct.pack(">H", len(message)) + message)
        except OSError as error:
            raise CardLeft from error

    def receive(self) -> bytes:
        (length,) = struct.unpack(">H", self._exactly(2))
        return self._exactly(length)

    def power(self, on: bool) -> None:
        self.send(b"\x01" if on else b"\x00")

    def atr(self) -> bytes:
        self.send(b"\x04")
        return self.receive()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                part = self.sock.recv(count - len(data))
            except OSError as error:
                raise CardLeft from error
            if not part:
                raise CardLeft
            data += part
        return data


class Field:
    """The air between the readers' datagrams and the card on the wire."""

    def __init__(self, udp: socket.socket, listener: socket.socket) -> None:
        self._udp = udp
        self._listener = listener
        self._wire: Wire | None = None
        self._atr = b""
        self._technology: Technology | None = None
        self._reader: tuple[str, int] | None = None
        self._bitrate = ""

    def run(self) -> None:
        """Until the process ends."""
        while True:
            cards = [] if self._wire is None else [self._wire.sock]
            ready = select.select([self._udp, self._listener, *cards], [], [])[0]
            try:
                if self._wire is not None and self._wire.sock in ready:
                    self._wire.receive()  # it says nothing unasked: this is its end
                elif self._listener in ready:
                    self._laid()
                elif self._udp in ready:
                    self._frame(*self._udp.recvfrom(1024))
            except CardLeft:
                self._left()

    def _laid(self) -> None:
        sock, _ = self._listener.accept()
        if self._wire is not None:
            sock.close()
            return
        self._wire = Wire(sock)
        self._reader = None
        self._atr = self._wire.atr()

    def _left(self) -> None:
        if self._wire is not None:
            self._wire.sock.close()
        self._wire = self._technology = self._reader = None

    def _frame(self, datagram: bytes, sender: tuple[str, int]) -> None:
        if datagram.startswith(b"RFOFF"):
            self._power_off()
            return
        if self._reader != sender:  # every reader process, and every field, has a socket of its own
            self._power_off()
        if self._wire is not None and self._technology is None:
            self._wire.power(True)
            self._technology = presented(self._atr, self._run)
        self._reader = sender
        bitrate, _, digits = datagram.partition(b" ")
        self._bitrate = bitrate.decode()
        with contextlib.suppress(FieldOff):
            self._say(self._answer(bytes.fromhex(digits.decode())))

    def _answer(self, data: bytes) -> bytes:
        if self._technology is None or self._bitrate not in self._technology.bitrates or not data:
            return b""
        try:
            return self._technology.frame(data)
        except CardLeft:
            self._left_in_silence()
            return b""

    def _left_in_silence(self) -> None:
        reader = self._reader
        self._left()
        self._reader = reader

    def _say(self, data: bytes) -> None:
        if self._reader is not None:
            self._udp.sendto(f"{self._bitrate} {data.hex()}".strip().encode(), self._reader)

    def _power_off(self) -> None:
        if self._wire is not None and self._technology is not None:
            self._wire.power(False)
        self._technology = self._reader = None

    def _run(self, command: bytes) -> bytes:
        """Let the card think; while it does, ask the reader to be patient."""
        if self._wire is None:
            raise CardLeft
        self._wire.send(command)
        while not select.select([self._wire.sock], [], [], _WAITS)[0]:
            self._say(_WTX)
            self._patience_granted()
        return self._wire.receive()

    def _patience_granted(self) -> None:
        if not select.select([self._udp], [], [], _GIVE_UP)[0]:
            self._interrupted()
        datagram, sender = self._udp.recvfrom(1024)
        if sender != self._reader or not datagram.endswith(_WTX.hex().encode()):
            self._interrupted()

    def _interrupted(self) -> None:
        """A card loses its power in the middle of a command, and its answer is never heard."""
        if self._wire is not None:
            self._wire.power(False)
            self._wire.receive()
        self._technology = self._reader = None
        raise FieldOff


class Antenna:
    """Starts the process; `path` is what a reader opens, `card_port` where cards connect (`OnReader`)."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._stack = contextlib.ExitStack()
        self._udp_port, self.card_port = free_port(), free_port()

    @property
    def path(self) -> str:
        return f"udp:127.0.0.1:{self._udp_port}"

    def __enter__(self) -> Antenna:
        command = [sys.executable, "-m", "virtual.cards.udp", str(self._udp_port), str(self.card_port)]
        process = self._stack.enter_context(child(command, self._log))
        try:
            wait_until(self._answers, 15, "the antenna", lambda: process.poll() is None)
        except StartProblem:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.1)
            try:
                probe.sendto(b"106A 26", ("127.0.0.1", self._udp_port))
                return bool(probe.recv(64))
            except OSError:
                return False


def main(udp_port: int, card_port: int) -> None:
    """The program: `python -m virtual.cards.udp UDP-PORT CARD-PORT`."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.create_server(("127.0.0.1", card_port)) as listener,
    ):
        udp.bind(("127.0.0.1", udp_port))
        Field(udp, listener).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
