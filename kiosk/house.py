"""What a visit works with: the ledger, time, ids, the ward's keys, and where this device stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiosk.decision import Context, Refused, Seat
from kiosk.operations import ClockTrust
from kiosk.people.pins import LibraryPins
from kiosk.people.tags import CardTagger
from kiosk.ports import Clock, Ids, Ledger, Performed


@dataclass(frozen=True, slots=True)
class Place:
    """Where this device stands and who it is."""

    device_id: str
    facility_id: str


@dataclass(frozen=True, slots=True)
class House:
    """Handed to everything that happens at this device."""

    ledger: Ledger
    clock: Clock
    ids: Ids
    place: Place
    tagger: CardTagger
    pins: LibraryPins
    on_act: Callable[[], None] = lambda: None
    """Called after every durable act, so that sync need not wait."""

    def context(self) -> Context:
        """This moment, this device, the rules in force."""
        now = self.clock.now()
        timely = self.clock.trust is not ClockTrust.GUESSED
        return Context(now, Seat(self.place.device_id), self.ledger.rules(now), timely)

    def perform(self, command: object) -> Performed | Refused:
        """Decide and write down one act; raises StoreProblem."""
        done = self.ledger.perform(command, self.clock.now())
        if isinstance(done, Performed):
            self.on_act()
        return done
