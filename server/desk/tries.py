"""Failed sign-ins: a name that failed often has to wait, and nobody fills the memory with names."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

TRIES, TRY_WINDOW = 5, 60.0
"""Failed sign-ins for one name within so many seconds before it has to wait."""
MAX_NAMES = 1000
LONGEST_NAME = 64


class Tries:
    """Remembers when which name failed; of more than MAX_NAMES the one that failed longest ago goes."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._failed: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._failed)

    def must_wait(self, name: str) -> bool:
        with self._lock:
            return len(self._recent(name)) >= TRIES

    def failed(self, name: str) -> None:
        with self._lock:
            self._failed[name[:LONGEST_NAME]] = [*self._recent(name), self._seconds()]
            self._failed.move_to_end(name[:LONGEST_NAME])
            if len(self._failed) > MAX_NAMES:
                self._failed.popitem(last=False)

    def forget(self, name: str) -> None:
        with self._lock:
            self._failed.pop(name[:LONGEST_NAME], None)

    def _recent(self, name: str) -> list[float]:
        return [t for t in self._failed.get(name[:LONGEST_NAME], []) if self._seconds() - t < TRY_WINDOW]
