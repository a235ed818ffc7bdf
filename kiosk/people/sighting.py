"""One card in two places at once: the one thing by which a copy of a bare card gives itself away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from kiosk.codes import Clash
from kiosk.decision import Accepted, Context, Decision, Plain
from kiosk.operations import Nature
from kiosk.people.model import CardSighting
from kiosk.records import Put
from kiosk.state import Query, State

KEPT = timedelta(hours=1)
"""How long a sighting may stand anywhere: it is where somebody was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeCard:
    """A copyable card of ours was shown at this facility."""

    tag: str
    facility_id: str


class SeeCardDecider(Plain[SeeCard]):
    """A fact. Two facilities within a few minutes, in whichever order the news arrives, are a clash."""

    kind = "see_card"
    nature = Nature.FACT
    command = SeeCard
    ephemeral = True
    note = True

    def reads(self, command: SeeCard, state: State) -> Iterator[Query]:
        yield Query.of(CardSighting, tag=command.tag)

    def decide(self, state: State, command: SeeCard, context: Context) -> Decision:
        last = state.get(CardSighting, command.tag)
        seen = CardSighting(tag=command.tag, facility_id=command.facility_id, seen_at=context.now)
        if last is None:
            return Accepted((Put(seen),))
        apart = timedelta(minutes=context.rules.cards.two_places_minutes)
        elsewhere = last.facility_id != command.facility_id and abs(context.now - last.seen_at) < apart
        newer = (Put(seen),) if context.now >= last.seen_at else ()
        return Accepted(newer, clashes=(Clash.CARD_IN_TWO_PLACES,) if elsewhere else ())
