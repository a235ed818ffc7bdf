"""Running seeds, and making a short story of one that fails."""

from __future__ import annotations

import logging
import re
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kiosk.clock import DeviceClock
from kiosk.ids import Uuid7Ids
from kiosk.store.ledger import SqliteLedger
from sync.pull import pull
from virtual.simulation import ward
from virtual.simulation.central import Backing, Central, PostgresBacking, SqliteBacking
from virtual.simulation.disk import Image
from virtual.simulation.events import Event, Plan, plan
from virtual.simulation.line import Line, connect
from virtual.simulation.machine import Board, Time
from virtual.simulation.turns import TURNS
from virtual.simulation.world import World

_FAST = Path("/dev/shm")  # noqa: S108  (a file system in memory: the seeds do not wear the disk)

_NAME = re.compile(r"\d|=|'")
"""What a word has in it that differs from one telling of a failure to the next."""


@dataclass(frozen=True)
class Result:
    """What became of a plan. `failure` is empty where every invariant held."""

    plan: Plan
    failure: str
    story: Sequence[str]
    digest: str
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def held(self) -> bool:
        return not self.failure


class Stage:
    """Databases with the ward in them, made once, on which one simulation after the other is played."""

    def __init__(self, folder: Path, backing: Backing) -> None:
        self._folder = folder
        self._central = Central(backing)
        self._server_image = backing.image()
        self._kiosk_image = self._filled_kiosk()

    def _filled_kiosk(self) -> Image:
        """The card of a kiosk that has fetched everything."""
        time = Time(ward.START)
        path = self._folder / "first.db"
        clock = DeviceClock(Board(time, "kiosk-1", has_clock=True, drift_ppm=0))
        ledger = SqliteLedger(path, "kiosk-1", clock, Uuid7Ids())
        pull(connect(Line(self._central, lambda _: None), "kiosk-1"), ledger, clock)
        ledger.close()
        return Image(path.read_bytes(), b"")

    def play(self, wanted: Plan) -> Result:
        """One simulation from its beginning to the last check."""
        world = World(wanted, self._central, self._server_image, self._kiosk_image, self._folder)
        failure, digest = "", ""
        try:
            for event in wanted.events:
                world.live(event, TURNS)
            world.heal()
            digest = world.digest()
        except Exception as error:  # noqa: BLE001  (any error is a finding, and the story tells how it came)
            failure = _said(error)
        finally:
            world.close()
        return Result(wanted, failure, world.story, digest, world.counts)


def _said(error: Exception) -> str:
    """What broke, and for a defect where."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = "" if type(error).__name__ == "Broken" else f" ({Path(last.filename).name}:{last.lineno})"
    return f"{type(error).__name__}: {error}{where}"


@contextmanager
def stage(database: str = "sqlite") -> Iterator[Stage]:
    """A stage on SQLite, or on the empty PostgreSQL database of this URL."""
    with TemporaryDirectory(prefix="machikado-sim-", dir=_FAST if _FAST.is_dir() else None) as name:
        folder = Path(name)
        backing: Any = SqliteBacking(folder) if database == "sqlite" else PostgresBacking(database)
        try:
            yield Stage(folder, backing)
        finally:
            backing.database.dispose()


def shrink(stage: Stage, failed: Result) -> Result:
    """The same failure in as few events as can be found by leaving some out."""
    best = failed
    size = max(1, len(best.plan.events) // 2)
    while True:
        shorter = _without_some(stage, best, size)
        if shorter is not None:
            best = shorter
        elif size > 1:
            size //= 2
        else:
            return _calmed(stage, best)


def _without_some(stage: Stage, best: Result, size: int) -> Result | None:
    events = best.plan.events
    for start in range(0, len(events), size):
        found = _still_fails(stage, best, events[:start] + events[start + size :])
        if found is not None:
            return found
    return None


def _calmed(stage: Stage, best: Result) -> Result:
    """Without the troubles that do not matter."""
    for index, event in enumerate(best.plan.events):
        if event.trouble is not None:
            events = best.plan.events
            found = _still_fails(stage, best, (*events[:index], event.calm(), *events[index + 1 :]))
            best = found or best
    return best


def _still_fails(stage: Stage, best: Result, events: tuple[Event, ...]) -> Result | None:
    again = stage.play(replace(best.plan, events=events))
    return again if again.failure and _kind(again.failure) == _kind(best.failure) else None


def _kind(failure: str) -> str:
    """The failure without its particulars: the first words, but no names."""
    return " ".join([word for word in failure.split() if not _NAME.search(word)][:6])


def play_seed(stage: Stage, seed: int) -> Result:
    return stage.play(plan(seed))


@contextmanager
def quiet() -> Iterator[None]:
    """No log lines while thousands of things break on purpose."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
