"""Four digits, hidden, in telephone order, never shuffled; first of all it is said which four digits."""

from __future__ import annotations

from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from kiosk.views import EnterPin, OtherWay, PinEntry, PinProblem, PinPurpose
from ui.screens.page import Page

DIGITS = 4
TITLES = {
    PinPurpose.OPEN: "pin.title.open",
    PinPurpose.LINK: "pin.title.open",
    PinPurpose.LIBRARY: "pin.title.library",
    PinPurpose.CHOOSE: "pin.title.choose",
    PinPurpose.REPEAT: "pin.title.repeat",
}
BODIES = {
    PinPurpose.OPEN: "pin.body.open",
    PinPurpose.LINK: "pin.body.link",
    PinPurpose.LIBRARY: "pin.body.library",
    PinPurpose.CHOOSE: "pin.body.choose",
    PinPurpose.REPEAT: "pin.body.repeat",
}
PROBLEMS = {
    PinProblem.WRONG: "pin.wrong",
    PinProblem.TOO_SIMPLE: "pin.too-simple",
    PinProblem.DIFFERENT: "pin.different",
}
NEW = (PinPurpose.CHOOSE, PinPurpose.REPEAT)
"""Digits that are only being thought up: nobody can have forgotten them."""


class PinPage(Page):
    """The digits live in `_digits` alone, and only until they are sent, deleted or left."""

    can_finish = True
    title = StringProperty("")
    body = StringProperty("")
    problem = StringProperty("")
    progress = StringProperty("")
    count = NumericProperty(0)
    other_way = BooleanProperty(False)

    def __init__(self, **kwargs: object) -> None:
        self._digits = ""
        super().__init__(**kwargs)

    def show(self, view: PinEntry) -> None:
        self._forget()
        words = self.words
        self.title, self.body = words(TITLES[view.purpose]), words(BODIES[view.purpose])
        self.problem = words(PROBLEMS[view.problem]) if view.problem is not None else ""
        self.note = self._tries(view)
        self.other_way = view.purpose not in NEW
        self.can_home = view.purpose is not PinPurpose.OPEN

    def _tries(self, view: PinEntry) -> str:
        """How often it may be tried; the last try of a card itself is never used here."""
        if view.tries_left is None:
            return ""
        if view.purpose is PinPurpose.LIBRARY:
            return self.words("pin.tries.library", n=view.tries_left)
        return self.words("pin.tries", tries=view.tries_left, n=view.tries_left - 1)

    def clear(self) -> None:
        self._forget()
        self.problem = self.note = self.title = self.body = ""

    def press(self, digit: str) -> None:
        if len(self._digits) < DIGITS:
            self._digits += digit
        self._typed()

    def delete(self) -> None:
        self._digits = self._digits[:-1]
        self._typed()

    def enter(self) -> None:
        """Send four digits and forget them in the same breath; with fewer, say how many are missing."""
        if len(self._digits) < DIGITS:
            self._typed()
            self.problem = self.words("pin.short", n=DIGITS - len(self._digits))
            return
        pin, self._digits = self._digits, ""
        self._count()
        self.send(EnterPin(pin))

    def no_pin(self) -> None:
        """There is none, or it is forgotten: nothing that was typed is sent."""
        self._forget()
        self.send(OtherWay())

    def _typed(self) -> None:
        self.problem = ""
        self._count()
        self.still_here()

    def _forget(self) -> None:
        self._digits = ""
        self._count()

    def _count(self) -> None:
        self.count = len(self._digits)
        self.progress = self.words("pin.progress", n=self.count) if self.count else ""
