"""Being surer of who stands there: the library PIN, asked for when an act needs more than a bare card.

A visit has one of these. It knows how sure we are, what the resident wanted when we asked, and a first
entry of a new PIN (as its verifier: the digits themselves are never kept).
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.codes import Refusal, Trouble
from kiosk.decision import Refused
from kiosk.house import House
from kiosk.people.model import LibraryPin
from kiosk.people.pin_decide import SetLibraryPin, TryLibraryPin, tries_left
from kiosk.people.pins import is_pin, too_simple
from kiosk.people.risk import Action, Assurance
from kiosk.state import Query
from kiosk.views import PinEntry, PinProblem, PinPurpose, PinSet, Problem, View


@dataclass
class StepUp:
    """How sure we are of this patron, and how we become surer."""

    house: House
    patron_id: str
    assurance: Assurance
    wanted: Action | None = None
    _first: str | None = None

    @property
    def has_pin(self) -> bool:
        """Whether this patron has a library PIN at all."""
        return self._pin() is not None

    def demand(self, action: Action) -> View | None:
        """What must be shown before this may begin; None where we are sure enough."""
        if self.house.context().rules.cards.risk.allows(self.assurance, action):
            return None
        self.wanted = action
        return self._ask()

    def doubt(self) -> View:
        """The card was just shown elsewhere: before anything else, its owner's PIN."""
        asked = self._ask()
        if isinstance(asked, Problem) and asked.code is Refusal.LIBRARY_PIN_NONE:
            return Problem(Trouble.CARD_IN_TWO_PLACES, back=False)
        return asked

    def enter(self, pin: str) -> View | Action | None:
        """The library PIN was typed: the act that was wanted (None: the menu), or what to show instead."""
        kept = self._pin()
        if kept is None:
            return self._refused(Refusal.LIBRARY_PIN_NONE)
        if not tries_left(kept, self.house.context()):
            return self._refused(Refusal.LIBRARY_PIN_LOCKED)
        right = is_pin(pin) and self.house.pins.matches(self.patron_id, pin, kept.verifier)
        if not right or kept.wrong:
            done = self.house.perform(TryLibraryPin(patron_id=self.patron_id, right=right))
            if isinstance(done, Refused):
                return self._refused(done.code)
        if not right:
            return self._ask(PinProblem.WRONG)
        self.assurance = max(self.assurance, Assurance.KNOWLEDGE, key=list(Assurance).index)
        wanted, self.wanted = self.wanted, None
        return wanted

    def choose(self) -> View:
        """Ask for a new library PIN."""
        self._first = None
        return PinEntry(PinPurpose.CHOOSE)

    def chosen(self, pin: str) -> View:
        """A new PIN was typed, for the first or the second time."""
        if not is_pin(pin):
            return PinEntry(PinPurpose.CHOOSE)
        if self._first is None:
            if too_simple(pin):
                return PinEntry(PinPurpose.CHOOSE, problem=PinProblem.TOO_SIMPLE)
            self._first = self.house.pins.verifier(self.patron_id, pin)
            return PinEntry(PinPurpose.REPEAT)
        first, self._first = self._first, None
        if not self.house.pins.matches(self.patron_id, pin, first):
            return PinEntry(PinPurpose.CHOOSE, problem=PinProblem.DIFFERENT)
        done = self.house.perform(SetLibraryPin(patron_id=self.patron_id, verifier=first))
        if isinstance(done, Refused):
            return Problem(done.code, back=True)
        return PinSet()

    def _ask(self, problem: PinProblem | None = None) -> View:
        kept = self._pin()
        if kept is None:
            return self._refused(Refusal.LIBRARY_PIN_NONE)
        left = tries_left(kept, self.house.context())
        if not left:
            return self._refused(Refusal.LIBRARY_PIN_LOCKED)
        return PinEntry(PinPurpose.LIBRARY, tries_left=left, problem=problem)

    def _refused(self, code: Refusal) -> Problem:
        """Without a PIN there is the menu of what a bare card opens, unless nothing is open to it."""
        return Problem(code, back=self.assurance is not Assurance.NONE)

    def _pin(self) -> LibraryPin | None:
        found = self.house.ledger.state(Query.of(LibraryPin, patron_id=self.patron_id))
        return found.get(LibraryPin, self.patron_id)
