"""Telling of a defect in the log without telling of a person."""

from __future__ import annotations

import traceback


def in_short(error: BaseException) -> str:
    """What kind of error and where. Never its text: that may hold values, and values name people."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__} in " + " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames))
