"""How often: sliding windows against guessing and playing, in memory and in monotonic seconds."""

from __future__ import annotations

from collections import deque


class RateLimit:
    """At most `limit` uses of one key within `seconds`. Remembers no key longer than that."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._uses: dict[str, deque[float]] = {}

    def admits(self, key: str, now: float) -> bool:
        """Whether one more use fits now; says nothing of it being one."""
        self._forget(now)
        return len(self._uses.get(key, ())) < self._limit

    def note(self, key: str, now: float) -> None:
        """One use of this key."""
        self._forget(now)
        self._uses.setdefault(key, deque(maxlen=self._limit)).append(now)

    def _forget(self, now: float) -> None:
        for key in list(self._uses):
            uses = self._uses[key]
            while uses and uses[0] <= now - self._seconds:
                uses.popleft()
            if not uses:
                del self._uses[key]
