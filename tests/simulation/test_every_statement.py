"""A kiosk that dies, loses power or finds its disk full at each of its statements in turn; and the network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from virtual.simulation.disk import Mishap
from virtual.simulation.events import Event, Plan, Turn
from virtual.simulation.line import Weather
from virtual.simulation.run import Result, Stage

LUCK = 5
"""It chooses the same of two kiosks for every event, and a book that can be lent."""
VISIT = (
    Event(1, "checkout", LUCK),
    Event(2, "book", LUCK),
    Event(3, Turn.SYNC, LUCK),
    Event(4, "return", LUCK),
)
ACT, EXCHANGE = 1, 2
"""Which of these events is to go wrong."""
FEWEST = {Mishap.TORN_COMMIT: 1, Mishap.DISK_FULL: 3}
"""So many statements at least can go wrong in each; where it is any statement, more than ten."""


def troubled(board: Stage, number: int, trouble: Weather | Mishap, at: int) -> Result:
    events = list(VISIT)
    events[number] = replace(events[number], trouble=trouble, at=at)
    return board.play(Plan(1, 2, tuple(events)))


@pytest.mark.parametrize("number", [ACT, EXCHANGE])
@pytest.mark.parametrize("mishap", [m for m in Mishap if m is not Mishap.KILLED_AFTER])
def test_at_every_statement(board: Stage, mishap: Mishap, number: int) -> None:
    at = 0
    while True:
        result = troubled(board, number, mishap, at)
        assert result.held, (at, result.failure)
        if not result.counts[str(mishap)]:
            break  # there are not so many statements
        at += 1
    assert at >= FEWEST.get(mishap, 10)


@pytest.mark.parametrize("weather", Weather)
def test_at_every_request_of_an_exchange(board: Stage, weather: Weather) -> None:
    for at in range(3):
        result = troubled(board, EXCHANGE, weather, at)
        assert result.held, (at, result.failure)
        assert result.counts[str(weather)] == 1
