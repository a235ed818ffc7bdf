"""UUIDv7 identifiers (RFC 9562 §5.7) with clock and randomness passed in, so that a simulation replays."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable


class Uuid7Ids:
    """Time-ordered ids for index locality; their order is never trusted."""

    def __init__(
        self,
        unix_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._unix_ms = unix_ms
        self._random_bits = random_bits

    def new(self) -> str:
        value = (self._unix_ms() & (1 << 48) - 1) << 80 | self._random_bits(80)
        value = value & ~(0xF << 76) | 0x7 << 76  # version 7
        value = value & ~(0x3 << 62) | 0x2 << 62  # variant 10
        return str(uuid.UUID(int=value))
