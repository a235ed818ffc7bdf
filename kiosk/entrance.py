"""From a card or a code to a visit: what is asked of whom, and what they are told when it does not work.

Every method answers with the view to show next, or with the visit that begins.
"""

from __future__ import annotations

import logging

from kiosk.codes import Refusal, Trouble
from kiosk.greeting import Greeter, Turned
from kiosk.house import House
from kiosk.people.scanned import ScannedCard
from kiosk.ports import Card, CardIdentity, CardKind, CardProblem
from kiosk.views import PinEntry, PinProblem, PinPurpose, Problem, View
from kiosk.visit import Visit

log = logging.getLogger(__name__)


class Entrance:
    """Opens visits, and links cards in those that are open (`visit` is the open one, if any)."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._greeter = Greeter(house)

    def placed(self, card: Card) -> View | Visit:
        """A card lies on the reader and nobody is here."""
        if card.tag is not None:
            return self._greet(card.tag, card.kind)
        if card.kind is CardKind.MYNUMBER and self._house.context().rules.cards.mynumber_with_pin:
            return ask_pin(card, PinPurpose.OPEN)
        known = card.kind is not CardKind.UNKNOWN
        other = Trouble.CARD_KIND_NOT_ACCEPTED if known else Trouble.CARD_UNKNOWN
        return Problem(card.unusable or other, back=False)

    def placed_to_link(self, card: Card, visit: Visit) -> View:
        """The card to link lies on the reader."""
        if card.tag is not None:
            return visit.link(card.tag, card.kind)
        if card.kind is CardKind.MYNUMBER:
            return ask_pin(card, PinPurpose.LINK)
        return Problem(card.unusable or Refusal.CARD_KIND_NOT_LINKABLE, back=True)

    def scanned(self, text: str, visit: Visit | None) -> View | Visit | None:
        """A code was shown, to begin a visit or to be linked; None for what is no library card."""
        scanned = self._greeter.scanned(text)
        if isinstance(scanned, Trouble):
            log.info("%s", scanned.value)
            return Problem(scanned, back=visit is not None)
        if not isinstance(scanned, ScannedCard):
            return None
        tag = scanned.tag(self._house.tagger)
        return visit.link(tag, scanned.kind) if visit is not None else self._greet(tag, scanned.kind)

    def pin_for_card(self, card: Card, asked: PinEntry, pin: str, visit: Visit | None) -> View | Visit:
        """The card's own PIN was typed; raises CardProblem for all but a wrong one."""
        try:
            identity = card.authenticate(pin, self._house.clock.now())
        except CardProblem as problem:
            if problem.code not in (Trouble.PIN_WRONG, Trouble.PIN_MALFORMED):
                raise
            return _wrong_pin(asked, problem, visit)
        finally:
            card.release()
        return self._proved(identity, asked, visit)

    def _proved(self, identity: CardIdentity, asked: PinEntry, visit: Visit | None) -> View | Visit:
        known = identity.revocation
        if known is not None and not known.checked:
            log.info("cert-unchecked")
            if not self._house.context().rules.cards.mynumber_unchecked:
                return Problem(Trouble.CERT_UNCHECKED, back=visit is not None, as_of=known.as_of)
        if asked.purpose is PinPurpose.LINK and visit is not None:
            return visit.link(identity.tag, identity.kind)
        return self._greet(identity.tag, identity.kind)

    def _greet(self, tag: str, kind: CardKind) -> View | Visit:
        found = self._greeter.greet(tag, kind)
        if isinstance(found, Turned):
            log.info("%s", found.code.value)
            return Problem(found.code, back=False, as_of=found.as_of)
        visit = Visit.of(self._house, found)
        first = visit.home()
        if isinstance(first, Problem):
            log.info("%s", first.code.value)
            return first
        return visit


def ask_pin(card: Card, purpose: PinPurpose) -> View:
    """Ask for the card's own PIN. Raises CardProblem where one try is left: it stays with its owner."""
    tries = card.pin_tries_left()
    if tries <= 1:  # only the ward office can unlock a card
        raise CardProblem(Trouble.PIN_LAST_TRY if tries else Trouble.PIN_BLOCKED, tries)
    return PinEntry(purpose, tries)


def _wrong_pin(asked: PinEntry, problem: CardProblem, visit: Visit | None) -> View:
    tries = asked.tries_left if problem.tries_left is None else problem.tries_left
    log.info("%s", problem.code.value)
    if tries is not None and tries <= 1:
        code = Trouble.PIN_LAST_TRY if tries else Trouble.PIN_BLOCKED
        return Problem(code, back=visit is not None, tries_left=tries)
    return PinEntry(asked.purpose, tries, PinProblem.WRONG)
