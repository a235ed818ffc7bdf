"""What was done today: final apart from requested, in words."""

from __future__ import annotations

from datetime import UTC, datetime

from kivy.app import App
from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.views import Finish, PrintSlip, Receipt
from ui import receipt as slips
from ui.screens.page import Page
from ui.widgets.controls import Panel

MANY = 5
"""More acts than this are set in the small size, so that all are seen at once."""


class ReceiptGroup(Panel):
    """One group of acts of the same standing."""

    heading = StringProperty("")
    body = StringProperty("")
    ink = StringProperty("done")
    step = StringProperty("body")


class ReceiptPage(Page):
    can_home = True
    can_finish = True
    print_label = StringProperty("")
    printed = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        self._view: Receipt | None = None
        super().__init__(**kwargs)

    def show(self, view: Receipt) -> None:
        self._view = view
        holder: BoxLayout = self.ids.groups
        holder.clear_widgets()
        for role, heading, lines in slips.groups(self.words, view):
            body = "\n".join(lines)
            step = "body" if len(lines) <= MANY else "small"
            holder.add_widget(
                ReceiptGroup(heading=heading, body=body, ink=role, role=f"{role}_ground", step=step)
            )
        self.printed = self.words("receipt.printed") if view.printed else ""
        self.print_label = "" if view.printed else self.words("receipt.print")

    def clear(self) -> None:
        self._view = None
        self.ids.groups.clear_widgets()
        self.printed = self.print_label = ""

    def print_slip(self) -> None:
        if self._view is not None:
            place = self.words.place(App.get_running_app().place)
            self.send(PrintSlip(slips.slip(self.words, self._view, place, datetime.now(UTC))))

    def finish(self) -> None:
        self.send(Finish())
