"""Scanning one book after the other: to borrow, or to return."""

from __future__ import annotations

from kivy.properties import BooleanProperty, ListProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.views import Borrowing, Finish, Returning
from ui.screens.page import Page

ROWS = 4
"""Books shown at once; the newest are on top, older ones are counted."""


class BookRow(BoxLayout):
    """One book that was scanned."""

    title = StringProperty("")
    detail = StringProperty("")
    mark = StringProperty("")


class ScanPage(Page):
    can_finish = True
    title = StringProperty("")
    body = StringProperty("")
    problem = StringProperty("")
    empty = StringProperty("")
    done = StringProperty("")
    has_rows = BooleanProperty(False)
    rows = ListProperty([])

    def on_rows(self, *_args: object) -> None:
        holder = self.ids.rows
        holder.clear_widgets()
        for title, detail, mark in self.rows[:ROWS]:
            holder.add_widget(BookRow(title=title, detail=detail, mark=mark))
        self.has_rows = bool(self.rows)

    def clear(self) -> None:
        self.rows = []
        self.problem = self.body = self.note = ""

    def finish(self) -> None:
        self.send(Finish())


class BorrowPage(ScanPage):
    can_back = True
    can_home = True

    def show(self, view: Borrowing) -> None:
        words = self.words
        self.title, self.empty, self.done = words("borrow.title"), words("borrow.none"), words("borrow.done")
        self.body = words("borrow.left", n=view.loans_left)
        self.problem = words.reason(view.refusal) if view.refusal else ""
        self.rows = [
            (line.title, words("borrow.due", date=words.day(line.due_on)), words("borrow.lent"))
            for line in reversed(view.lines)
        ]


class ReturnPage(ScanPage):
    can_back = True

    def show(self, view: Returning) -> None:
        words = self.words
        self.title, self.empty, self.done = words("return.title"), words("return.none"), words("return.done")
        self.body = words("return.body")
        self.problem = words.reason(view.refusal) if view.refusal else ""
        self.rows = [(title, "", words("return.line")) for title in reversed(view.titles)]
