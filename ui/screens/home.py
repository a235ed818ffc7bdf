"""Who you are, and what you most likely came for first."""

from __future__ import annotations

from kivy.properties import BooleanProperty, StringProperty

from kiosk.views import Action, Begin, Home
from ui.screens.page import Page


class HomePage(Page):
    can_finish = True
    greeting = StringProperty("")
    today = StringProperty("")
    today_state = StringProperty("")
    can_check_in = BooleanProperty(False)
    can_link = BooleanProperty(False)
    loans = StringProperty("")

    def show(self, view: Home) -> None:
        words = self.words
        self.greeting = words("home.greeting", name=view.masked_name)
        self.can_check_in = Action.CHECK_IN in view.actions
        self.can_link = Action.LINK in view.actions
        self.today = words.booking(view.today) if view.today else ""
        checked_in = view.today is not None and view.today.checked_in
        self.today_state = words("home.checkedin") if checked_in else ""
        self.loans = words("home.loans", n=view.loans_open) if view.loans_open else ""
        lost = [line.booking for line in view.receipts if line.rejected is not None and line.booking]
        self.note = "\n".join(words("home.rejected", what=words.booking(line)) for line in lost)

    def clear(self) -> None:
        self.greeting = self.today = self.today_state = self.loans = self.note = ""

    def begin(self, action: str) -> None:
        self.send(Begin(Action(action)))
