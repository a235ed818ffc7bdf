"""Printing a measurement and its ratio to a baseline of the same run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def median_ms(seconds: Sequence[float]) -> float:
    """The median of some durations, in milliseconds."""
    return statistics.median(seconds) * 1000


def p95_ms(seconds: Sequence[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000


def line(name: str, value: str, ratio: str = "") -> None:
    """One aligned line of the report."""
    print(f"  {name:<58} {value:>18}  {ratio}", flush=True)


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)
