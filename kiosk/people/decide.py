"""Who may act, and linking a card to a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kiosk.codes import Refusal
from kiosk.decision import Accepted, Context, Decision, Plain, Refused, Seat
from kiosk.operations import Nature, Standing
from kiosk.people.model import CardLink, LinkState, Patron
from kiosk.records import Change, Put, Remove
from kiosk.state import Query, State


def objections_to(patron: Patron | None, context: Context) -> Iterator[Refusal]:
    """Why this person may not begin anything today."""
    if patron is None:
        yield Refusal.PATRON_UNKNOWN
        return
    if patron.expires_on < context.today:
        yield Refusal.PATRON_EXPIRED
    if patron.blocked:
        yield Refusal.PATRON_BLOCKED


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCard:
    """Let this card speak for this patron from now on."""

    patron_id: str
    tag: str
    card_kind: str


class LinkCardDecider(Plain[LinkCard]):
    """A claim: only the server, which sees all links, can confirm it."""

    kind = "link_card"
    nature = Nature.CLAIM
    command = LinkCard

    def reads(self, command: LinkCard, state: State) -> Iterator[Query]:
        yield Query.of(Patron, patron_id=command.patron_id)
        yield Query.of(CardLink, tag=command.tag)

    def decide(self, state: State, command: LinkCard, context: Context) -> Decision:
        codes = list(objections_to(state.get(Patron, command.patron_id), context))
        if command.card_kind not in context.rules.cards.linkable and not context.seat.staff:
            codes.append(Refusal.CARD_KIND_NOT_LINKABLE)
        link = state.get(CardLink, command.tag)
        if link is not None and link.state is not LinkState.REVOKED:
            codes.extend(self._taken(link, command, context.seat))
        if codes:
            return Refused(tuple(codes))
        server = context.seat.server
        made = CardLink(
            tag=command.tag,
            card_kind=command.card_kind,
            patron_id=command.patron_id,
            state=LinkState.ACTIVE if server else LinkState.REQUESTED,
            since=context.now,
        )
        return Accepted((Put(made),), Standing.FINAL if server else Standing.REQUESTED)

    def refused(self, state: State, command: LinkCard, context: Context) -> tuple[Change, ...]:
        """After a no: whatever link stood before stands."""
        link = state.get(CardLink, command.tag)
        return (Put(link),) if link is not None else (Remove(CardLink, (command.tag,)),)

    @staticmethod
    def _taken(link: CardLink, command: LinkCard, seat: Seat) -> Iterator[Refusal]:
        if link.state is LinkState.LOST and not seat.staff:
            yield Refusal.CARD_REPORTED_LOST
        elif link.patron_id != command.patron_id:
            yield Refusal.CARD_LINKED_ELSEWHERE
        elif link.state is LinkState.ACTIVE:
            yield Refusal.CARD_ALREADY_LINKED


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCard:
    """This card shall not speak for this patron any more; `lost` where its owner does not have it."""

    patron_id: str
    tag: str
    lost: bool


class StopCardDecider(Plain[StopCard]):
    """A fact: it holds at once where it was said, and everywhere else when the news arrives."""

    kind = "stop_card"
    nature = Nature.FACT
    command = StopCard

    def reads(self, command: StopCard, state: State) -> Iterator[Query]:
        yield Query.of(CardLink, tag=command.tag)

    def decide(self, state: State, command: StopCard, context: Context) -> Decision:
        link = state.get(CardLink, command.tag)
        if link is None or link.patron_id != command.patron_id:
            codes = (Refusal.CARD_NOT_YOURS,)
            return Accepted((), clashes=codes) if context.seat.server else Refused(codes)
        ended = LinkState.LOST if command.lost else LinkState.REVOKED
        return Accepted((Put(replace(link, state=ended, since=context.now)),))
