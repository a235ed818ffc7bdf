"""The card's side of the block protocol of contactless chip cards (ISO/IEC 14443-4 §7)."""

from __future__ import annotations

from collections.abc import Callable

FSD = 256
"""Longest frame the reader takes; an answer that is longer comes in several, chained."""
_INF = FSD - 3
"""What remains of a frame beside its first byte and the two of the checksum."""


class IsoDep:
    """One activation. `run` gets a whole command APDU and gives the whole response APDU."""

    def __init__(self, run: Callable[[bytes], bytes]) -> None:
        self._run = run
        self._number = 1
        self._last = b""
        self._command = b""
        self._rest = b""
        self.halted = False

    def block(self, data: bytes) -> bytes:
        """Answer one block; b"" is silence. Rule letters and numbers are those of §7.5.4."""
        pcb = data[0]
        if pcb & 0xEE == 0x02:
            return self._information(data)
        if pcb & 0xEE == 0xA2:
            return self._receipt(pcb)
        if pcb == 0xC2:  # S(DESELECT)
            self.halted = True
            return data[:1]
        return b""

    def _information(self, data: bytes) -> bytes:
        self._number ^= 1  # rule D
        self._command += data[1:]
        if data[0] & 0x10:  # more of it to come: R(ACK), rule 2
            self._last = bytes((0xA2 | self._number,))
            return self._last
        command, self._command = self._command, b""
        self._rest = self._run(command)
        return self._next_part()

    def _receipt(self, pcb: int) -> bytes:
        if pcb & 1 == self._number:  # rule 11: say it again
            return self._last
        if pcb & 0x10:  # rule 12: R(NAK) for what we never got; also how a reader asks who is there
            return bytes((0xA2 | self._number,))
        self._number ^= 1  # rule E
        return self._next_part() if self._rest else b""

    def _next_part(self) -> bytes:
        part, self._rest = self._rest[:_INF], self._rest[_INF:]
        self._last = bytes((0x02 | self._number | (0x10 if self._rest else 0),)) + part
        return self._last
