"""When a facility is open: weekly hours, n-th weekdays, holiday shift, yearly closing days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

import jpholiday

from kiosk.booking.model import OpeningRule


@lru_cache(maxsize=4096)
def is_holiday(day: date) -> bool:
    """Whether this is a public holiday in Japan (国民の祝日に関する法律)."""
    return bool(jpholiday.is_holiday(day))


def opening_hours(rules: Sequence[OpeningRule], day: date) -> tuple[int, int] | None:
    """The cells `[open, close)` of a facility on a day, or None where it is closed."""
    if any(_closed(rule, day) for rule in rules if rule.kind != "hours"):
        return None
    return _hours(rules, day)


def _hours(rules: Iterable[OpeningRule], day: date) -> tuple[int, int] | None:
    best: OpeningRule | None = None
    for rule in rules:
        # a line for this weekday is more particular than one for every day
        fits = rule.kind == "hours" and rule.weekday in (None, day.weekday())
        if fits and (best is None or best.weekday is None):
            best = rule
    if best is None or best.open_cell is None or best.close_cell is None:
        return None
    return best.open_cell, best.close_cell


def _closed(rule: OpeningRule, day: date) -> bool:
    if rule.kind == "closed_yearly":
        return _in_year_range(rule.from_md or "", rule.to_md or "", day)
    return _closed_weekday(rule, day) or (rule.holiday_shift and _shifted_onto(rule, day))


def _in_year_range(start: str, end: str, day: date) -> bool:
    md = day.strftime("%m-%d")
    return start <= md <= end if start <= end else md >= start or md <= end


def _regular(rule: OpeningRule, day: date) -> bool:
    nth = (day.day - 1) // 7 + 1
    return day.weekday() == rule.weekday and nth != rule.except_nth


def _closed_weekday(rule: OpeningRule, day: date) -> bool:
    return _regular(rule, day) and not (rule.holiday_shift and is_holiday(day))


def _shifted_onto(rule: OpeningRule, day: date) -> bool:
    """A closing day that was a holiday moves to the next day that is no holiday: is that today?"""
    if is_holiday(day):
        return False
    before = day - timedelta(days=1)
    while is_holiday(before):
        if _regular(rule, before):
            return True
        before -= timedelta(days=1)
    return False
