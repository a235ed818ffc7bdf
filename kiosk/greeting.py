"""Whose card is this, and how far is it believed? Asked once, when a card or a code is shown."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from kiosk.codes import Clash, Refusal, Trouble
from kiosk.decision import Refused
from kiosk.house import House
from kiosk.people.limits import RateLimit
from kiosk.people.model import CardKey, CardLink, LinkState, Patron
from kiosk.people.risk import Assurance
from kiosk.people.scanned import ScannedCard, scanned_card
from kiosk.people.sighting import SeeCard
from kiosk.ports import CardKind, StoreProblem
from kiosk.state import Query

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A patron who may be greeted. `doubted`: the card was just shown elsewhere, so it proves nothing."""

    patron: Patron
    assurance: Assurance
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Turned:
    """Nobody can be greeted, and why. `as_of`: the date of the list that says so."""

    code: Trouble | Refusal
    as_of: datetime | None = None


_ANY = "any"


class Greeter:
    """Knows cards, counts how often they come, and notices copies."""

    def __init__(self, house: House) -> None:
        self._house = house
        rules = house.context().rules.cards
        seconds = rules.limit_minutes * 60
        self._per_card = RateLimit(rules.openings_per_card, seconds)
        self._unknown = RateLimit(rules.unknown_cards, seconds)

    def greet(self, tag: str, kind: CardKind) -> Known | Turned:
        """Who this card speaks for. Notes where a copyable card was seen."""
        assurance = self._house.context().rules.cards.risk.of(kind.value)
        if assurance is Assurance.NONE:
            return Turned(Trouble.CARD_KIND_NOT_ACCEPTED)
        copyable = not assurance.covers(Assurance.KNOWLEDGE)
        now = self._house.clock.monotonic()
        if copyable and not self._unknown.admits(_ANY, now):
            return Turned(Trouble.CARDS_PAUSED)
        if copyable and not self._per_card.admits(tag, now):
            return Turned(Trouble.CARD_TOO_OFTEN)
        found = self._identify(tag)
        if isinstance(found, Turned):
            if found.code is Trouble.CARD_UNKNOWN:
                self._unknown.note(_ANY, now)
            return found
        if not copyable:
            return Known(found, assurance)
        self._per_card.note(tag, now)
        doubted = self._seen_elsewhere(tag)
        return Known(found, Assurance.NONE if doubted else assurance, doubted)

    def scanned(self, text: str) -> ScannedCard | Trouble | None:
        """The library card that a scanner read; None for what is none."""
        context = self._house.context()
        return scanned_card(text, context.rules.lending.barcodes, self._key, context.now)

    def _key(self, key_id: str) -> CardKey | None:
        return self._house.ledger.state(Query.of(CardKey, key_id=key_id)).get(CardKey, key_id)

    def _identify(self, tag: str) -> Patron | Turned:
        ledger = self._house.ledger
        link = ledger.state(Query.of(CardLink, tag=tag)).get(CardLink, tag)
        if link is None or link.state is LinkState.REVOKED:
            return Turned(Trouble.CARD_UNKNOWN)
        if link.state is LinkState.LOST:
            return Turned(Refusal.CARD_REPORTED_LOST, ledger.as_of)
        if link.state is LinkState.REQUESTED:
            return Turned(Trouble.CARD_LINK_PENDING)
        found = ledger.state(Query.of(Patron, patron_id=link.patron_id)).get(Patron, link.patron_id)
        return found or Turned(Refusal.PATRON_UNKNOWN)

    def _seen_elsewhere(self, tag: str) -> bool:
        try:
            done = self._house.perform(SeeCard(tag=tag, facility_id=self._house.place.facility_id))
        except StoreProblem as problem:  # a full disk is said when something is to be done, not at the door
            log.error("%s", problem)
            return False
        return not isinstance(done, Refused) and Clash.CARD_IN_TWO_PLACES in done.decision.clashes
