"""A simulation that finds nothing proves nothing, unless it finds what was planted."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import CAUGHT_BY, Mutant
from virtual.simulation.run import Stage, play_seed, shrink

SEARCHED = 60
"""Seeds in which a planted bug must show itself, from the one that caught it when this was written."""


@pytest.mark.parametrize("mutant", CAUGHT_BY, ids=lambda mutant: mutant.__name__)
def test_a_planted_bug_is_caught_and_told_in_a_short_story(
    board: Stage, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, said = CAUGHT_BY[mutant]
    mutant(monkeypatch)
    # a rule that changes moves every history: the bug is then found by a later seed
    played = (play_seed(board, seed) for seed in range(first, first + SEARCHED))
    failed = next((one for one in played if said in one.failure), None)
    assert failed is not None, f"nothing found it in {SEARCHED} seeds"
    short = shrink(board, failed)
    assert said in short.failure
    assert len(short.plan.events) <= 6, "a story that a person reads to the end"
    again = board.play(short.plan)
    assert (again.failure, again.story) == (short.failure, short.story), "it replays to the letter"
    monkeypatch.undo()
    assert board.play(short.plan).held, "and it is the bug that fails it, not the story"
