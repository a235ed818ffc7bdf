"""Hundreds of small wards, each in trouble of its own: nothing is lost, nothing is silent, all agree in the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kiosk.decide import DECIDERS
from virtual.simulation.acts import ACTS
from virtual.simulation.disk import Mishap
from virtual.simulation.events import Turn, plan
from virtual.simulation.line import Weather
from virtual.simulation.run import Stage, play_seed, stage

SEEDS = range(200)
MUST_HAPPEN = (
    *Turn,
    *(str(weather) for weather in Weather),
    *(str(mishap) for mishap in Mishap),
    *(f"{kind} performed" for kind in DECIDERS),
    "late request",
    "lease revoked",
    "case closed",
    "confirmed under a lease",
)
"""Every act by every decider, and everything that can break, has to come up in these seeds."""


def test_there_are_residents_for_every_decider() -> None:
    assert ACTS.keys() == DECIDERS.keys(), "a new kind of act needs somebody in virtual/simulation/acts.py"


def test_every_invariant_holds_and_everything_happens(board: Stage) -> None:
    counts: Counter[str] = Counter()
    failed = []
    for seed in SEEDS:
        result = play_seed(board, seed)
        counts += result.counts
        if not result.held:
            failed.append(f"seed {seed}: {result.failure}")
    assert not failed, "`machikado simulate --seed N` tells the story"
    assert [what for what in MUST_HAPPEN if not counts[what]] == []


def test_one_seed_is_one_history(board: Stage) -> None:
    with stage() as other:
        for seed in range(1000, 1010):
            first, again, elsewhere = (
                play_seed(board, seed), play_seed(board, seed), play_seed(other, seed)
            )  # fmt: skip
            assert first.digest
            assert first.digest == again.digest == elsewhere.digest
            assert first.story == again.story == elsewhere.story


def test_events_can_be_left_out(board: Stage) -> None:
    """What an event does is drawn from its own luck: the others do not change by its absence."""
    whole = plan(7)
    half = replace(whole, events=whole.events[::2])
    numbers = [
        line.split(".")[0].strip() for line in board.play(half).story if line[:4].strip(" .").isdigit()
    ]
    assert numbers == [str(event.number) for event in half.events]


def test_both_engines_tell_the_same_history(board: Stage, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        database_url = "sqlite"
    with stage(database_url) as other:
        for seed in range(2000, 2012):
            there = play_seed(other, seed)
            assert there.held, there.failure
            assert there.digest == play_seed(board, seed).digest


@pytest.mark.parametrize("seed", [3, 5])
def test_the_command_tells_a_story_and_its_hash(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    from main import main

    told = []
    for _ in range(2):
        assert main(["simulate", "--seed", str(seed)]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert "everything works again" in told[0]
    assert f"seed {seed}: every invariant held. history " in told[0]
