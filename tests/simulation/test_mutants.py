"""A simulation that finds nothing proves nothing, unless it finds what was planted."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import CAUGHT_BY, Mutant
from virtual.simulation.run import Stage, play_seed, shrink


@pytest.mark.parametrize("mutant", CAUGHT_BY, ids=lambda mutant: mutant.__name__)
def test_a_planted_bug_is_caught_and_told_in_a_short_story(
    board: Stage, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed, said = CAUGHT_BY[mutant]
    assert play_seed(board, seed).held, "the seed is good without the bug"
    mutant(monkeypatch)
    failed = play_seed(board, seed)
    assert said in failed.failure
    short = shrink(board, failed)
    assert said in short.failure
    assert len(short.plan.events) <= 6, "a story that a person reads to the end"
    again = board.play(short.plan)
    assert (again.failure, again.story) == (short.failure, short.story), "it replays to the letter"
    monkeypatch.undo()
    assert board.play(short.plan).held, "and it is the bug that fails it, not the story"
