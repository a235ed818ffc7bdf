"""What was done today: final apart from requested, in words."""

from __future__ import annotations

from functools import partial

from kivy.app import App
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.views import Finish, PrintSlip, Receipt
from ui import receipt as slips
from ui.screens.page import Page
from ui.widgets.paged import Entry

ROW_MM = 11.2
HEADING_MM = 8.0
REASON_MM = 19.0
"""A row that also says why not."""


class ActHeading(BoxLayout):
    """Says how the acts below it stand."""

    say = StringProperty("")
    ink = StringProperty("done")


class ActRow(BoxLayout):
    """One act."""

    kind = StringProperty("")
    what = StringProperty("")
    detail = StringProperty("")
    ink = StringProperty("done")
    share = NumericProperty(0.8)
    """Width of the detail beside that of what it is about; a reason needs more."""


class ReceiptPage(Page):
    """The acts of this visit, and a slip of them. While it prints, the button is away."""

    can_home = True
    can_finish = True
    print_label = StringProperty("")
    printed = StringProperty("")
    ink = StringProperty("done")

    def __init__(self, **kwargs: object) -> None:
        self._view: Receipt | None = None
        super().__init__(**kwargs)

    def show(self, view: Receipt) -> None:
        self.ids.acts.fill(self._entries(view), keep_page=self._view is not None)
        self._view = view
        words = self.words
        self.ink = "alert" if view.printed is False else "done"
        if view.printed is None:
            self.printed = ""
        else:
            self.printed = words("receipt.printed" if view.printed else "receipt.unprinted")
        self.print_label = "" if view.printed else words("receipt.print")

    def _entries(self, view: Receipt) -> list[Entry]:
        entries = []
        for group in slips.groups(self.words, view):
            high = self.height_of(HEADING_MM)
            heading = partial(ActHeading, height=high, say=group.heading, ink=group.ink)
            entries.append(Entry(high, heading, heading=True))
            high = self.height_of(REASON_MM if group.ink == "alert" else ROW_MM)
            entries += [Entry(high, partial(self._row, act, group.ink, high)) for act in group.acts]
        return entries

    @staticmethod
    def _row(act: slips.Act, ink: str, height: float) -> ActRow:
        kind, what = (act.kind, act.what) if act.what else ("", act.kind)
        share = 1.2 if ink == "alert" else 0.8
        return ActRow(height=height, kind=kind, what=what, detail=act.detail, ink=ink, share=share)

    def clear(self) -> None:
        self._view = None
        self.ids.acts.clear()
        self.printed = self.print_label = ""

    def print_slip(self) -> None:
        if self._view is not None:
            app = App.get_running_app()
            place = self.words.place(app.place)
            self.ink, self.printed, self.print_label = "done", self.words("receipt.printing"), ""
            self.send(PrintSlip(slips.slip(self.words, self._view, place, app.now())))

    def finish(self) -> None:
        self.send(Finish())
