"""Numbers used once: the same signed request is taken once, however often it comes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime

from sync.signatures import SKEW_SECONDS

KEPT_SECONDS = 2 * SKEW_SECONDS
"""A signature from the end of the future window is good for this long."""
MOST_PER_KEY = 2000
"""More than three requests a second over ten minutes: no kiosk of ours."""


class Nonces:
    """What has been seen, key by key, in bounded memory. For all threads of one process.

    What is not remembered any more (dropped for want of room, or of the process before this one) lies below a
    floor of `created`: signatures from there are sent back to be made anew. Each worker of a server remembers
    for itself: a request replayed to another worker within the window is processed twice, which is harmless,
    for every request is idempotent.
    """

    def __init__(self, now: datetime) -> None:
        self._born = int(now.timestamp())
        self._seen: dict[str, OrderedDict[str, tuple[float, int]]] = {}
        self._floors: dict[str, int] = {}
        self._lock = threading.Lock()

    def floor(self, key_id: str) -> int:
        """The earliest `created` (seconds since 1970) whose replay would be noticed."""
        return max(self._born, self._floors.get(key_id, 0))

    def take(self, key_id: str, nonce: str, created: int, now: datetime) -> bool:
        """Use the number up; False if it has been used."""
        with self._lock:
            seen = self._seen.setdefault(key_id, OrderedDict())
            while seen and next(iter(seen.values()))[0] < now.timestamp():
                seen.popitem(last=False)
            if nonce in seen:
                return False
            seen[nonce] = (now.timestamp() + KEPT_SECONDS, created)
            if len(seen) > MOST_PER_KEY:
                _, (_, dropped) = seen.popitem(last=False)
                self._floors[key_id] = max(self.floor(key_id), dropped + 1)
            return True
