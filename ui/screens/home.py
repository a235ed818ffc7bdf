"""Who you are, and what you most likely came for first."""

from __future__ import annotations

from kivy.properties import BooleanProperty, StringProperty

from kiosk.operations import Standing
from kiosk.views import Action, Begin, BookingLine, Home
from ui.screens.page import Page


class HomePage(Page):
    """Today's booking with its check-in on top, everything else as tiles below."""

    can_finish = True
    greeting = StringProperty("")
    today_place = StringProperty("")
    today_when = StringProperty("")
    today_state = StringProperty("")
    can_check_in = BooleanProperty(False)
    loans = StringProperty("")

    def show(self, view: Home) -> None:
        words = self.words
        self.greeting = words("home.greeting", name=view.masked_name)
        self.can_check_in = Action.CHECK_IN in view.actions
        self.loans = words("home.loans", n=view.loans_open) if view.loans_open else ""
        lost = [line.booking for line in view.receipts if line.rejected is not None and line.booking]
        self.note = "\n".join(
            words("home.rejected", what=words.booking(line).replace("\n", "　")) for line in lost
        )
        self._show_today(view.today)

    def _show_today(self, booking: BookingLine | None) -> None:
        words = self.words
        self.today_place = words.where(booking.facility, booking.room) if booking else ""
        self.today_when = words.when(booking.period) if booking else ""
        if booking is None:
            self.today_state = ""
        elif booking.checked_in:
            self.today_state = words("home.checkedin")
        else:
            self.today_state = words("home.requested") if booking.standing is Standing.REQUESTED else ""

    def clear(self) -> None:
        self.greeting = self.loans = self.note = ""
        self.today_place = self.today_when = self.today_state = ""

    def begin(self, action: str) -> None:
        self.send(Begin(Action(action)))
