"""Judging touches before any control sees them."""

from __future__ import annotations

import math

ECHO_SECONDS = 0.08
ECHO_MM = 5.0
"""A second touch so soon and so near is the panel bouncing, not a person."""
REPEAT_SECONDS = 0.4
REPEAT_MM = 20.0
"""A touch so soon after a new screen came, where the touch was that brought it, meant the old screen."""


class TouchGuard:
    """Tells touches that were meant from those that were not."""

    def __init__(self, px_per_mm: float) -> None:
        self._px_per_mm = px_per_mm
        self._last: tuple[float, float, float] | None = None
        self._new_screen_at: float | None = None

    def new_screen(self, now: float) -> None:
        """Another screen has come; `now` in monotonic seconds."""
        self._new_screen_at = now

    def refuses(self, now: float, x: float, y: float) -> bool:
        """Whether a touch here and now would not count."""
        if self._last is None:
            return False
        before, last_x, last_y = self._last
        away = math.hypot(x - last_x, y - last_y) / self._px_per_mm
        if now - before < ECHO_SECONDS and away <= ECHO_MM:
            return True
        came = self._new_screen_at
        return came is not None and before <= came and now - came < REPEAT_SECONDS and away <= REPEAT_MM

    def touched(self, now: float, x: float, y: float) -> bool:
        """A finger came down: whether it counts. One that does not leaves no trace."""
        if self.refuses(now, x, y):
            return False
        self._last = (now, x, y)
        return True

    def forget(self) -> None:
        """The next touch counts, whatever came before."""
        self._last = self._new_screen_at = None


class Patience:
    """Lets one through, then nothing for a while: a stream of touches becomes a rare sign of life."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: float | None = None

    def over(self, now: float) -> bool:
        """Whether it is time again."""
        if self._last is not None and now - self._last < self._seconds:
            return False
        self._last = now
        return True

    def reset(self) -> None:
        """The next one goes through."""
        self._last = None
