"""What happens in one simulation, drawn from its seed before it begins: so that events can be left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from virtual.simulation.acts import ACTS
from virtual.simulation.disk import Mishap
from virtual.simulation.line import Weather


class Turn(StrEnum):
    """What can happen besides the acts of residents."""

    SYNC = "a kiosk syncs"
    PUSH = "a kiosk sends its queue in small batches"
    HOURS = "hours pass"
    LATE = "a delayed request arrives"
    CLOCK = "a clock jumps"
    CLOCK_SET = "a clock is set right"
    SAVE = "somebody copies a kiosk's card"
    OLD_IMAGE = "a kiosk starts from an old copy of its card"
    CLONE = "a copied card runs in a second kiosk"
    POWER = "a kiosk loses power"
    BACKUP = "the server is backed up"
    RESTORE = "the server is restored from its backup"
    NEWER_KIOSK = "a newer program wrote to the queue"
    STAFF = "staff do something at the desk"
    CASES = "staff close cases"
    BLOCK = "staff block or unblock somebody"
    REVOKE = "staff give a lease to another kiosk"


COMMON = (Turn.SYNC,) * 9 + (Turn.PUSH,) * 3 + (Turn.HOURS, Turn.CASES, Turn.STAFF, Turn.LATE)
REMOTE = (Turn.SYNC,) * 2 + (Turn.PUSH,) + (Turn.HOURS,) * 3 + (Turn.LATE,)
"""What comes up again and again: with a good network, and where days pass without one."""
RARE = tuple(turn for turn in Turn if turn not in COMMON)
Trouble = Weather | Mishap


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens; all its details are drawn from `luck`, so it means the same without others.

    `at`: the statement or request at which the trouble comes, where it is not drawn too.
    """

    number: int
    what: str
    luck: int
    trouble: Trouble | None = None
    at: int | None = None

    def calm(self) -> Event:
        """The same with nothing going wrong in it."""
        return replace(self, trouble=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole simulation."""

    seed: int
    kiosks: int
    events: tuple[Event, ...]


def plan(seed: int) -> Plan:
    """The simulation of this seed. Each has faults of some kinds only, so that every mixture comes up."""
    chance = Random(seed)
    kiosks = chance.choice((2, 2, 3, 3, 4))
    rare = chance.sample(RARE, chance.randrange(0, 5))
    storms = chance.sample([*Weather, *Mishap], chance.randrange(0, 7))
    stormy = chance.choice((0.2, 0.4, 0.7))
    common = chance.choice((COMMON, COMMON, REMOTE))
    return Plan(seed, kiosks, tuple(_events(chance, chance.randint(10, 36), common, rare, storms, stormy)))


def _events(
    chance: Random,
    length: int,
    common: tuple[Turn, ...],
    rare: list[Turn],
    storms: list[Trouble],
    stormy: float,
) -> Iterator[Event]:
    acts = [*ACTS, *("book",) * 5] if common is REMOTE else [*ACTS, "book"]
    for number in range(1, length + 1):
        draw = chance.random()
        what: str
        if rare and draw < 0.12:
            what = chance.choice(rare)
        elif draw < 0.65:
            what = chance.choice(acts)
        else:
            what = chance.choice(common)
        luck, unlucky = chance.getrandbits(48), chance.random() < stormy
        trouble = chance.choice(storms) if storms and unlucky else None
        yield Event(number, what, luck, trouble if _can_meet(what, trouble) else None)


def _can_meet(what: str, trouble: Trouble | None) -> bool:
    if isinstance(trouble, Weather):
        return what in (Turn.SYNC, Turn.PUSH)
    return what in (Turn.SYNC, Turn.PUSH) or what in ACTS
