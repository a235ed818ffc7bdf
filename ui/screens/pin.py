"""Four digits, hidden, in telephone order, never shuffled."""

from __future__ import annotations

from kivy.properties import NumericProperty, StringProperty

from kiosk.views import EnterPin, PinEntry
from ui.screens.page import Page

DIGITS = 4


class PinPage(Page):
    """The digits live in `_digits` alone, and only until they are sent, deleted or left."""

    can_finish = True
    title = StringProperty("")
    body = StringProperty("")
    problem = StringProperty("")
    progress = StringProperty("")
    count = NumericProperty(0)

    def __init__(self, **kwargs: object) -> None:
        self._digits = ""
        super().__init__(**kwargs)

    def show(self, view: PinEntry) -> None:
        self._forget()
        self.title = self.words("pin.title")
        self.body = self.words("pin.body.link" if view.linking else "pin.body")
        self.note = self.words("pin.tries", tries=view.tries_left, n=view.tries_left - 1)
        self.problem = self.words("pin.wrong") if view.wrong else ""

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
