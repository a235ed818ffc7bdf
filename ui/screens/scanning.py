"""Scanning one book after the other: to borrow, or to return."""

from __future__ import annotations

from functools import partial

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.widget import Widget

from kiosk.operations import Standing
from kiosk.views import Borrowing, Finish, LoanLine, Returning
from ui.screens.page import Page
from ui.widgets.controls import Panel
from ui.widgets.paged import Entry

ROW_MM = 13.5


class BookRow(Panel):
    """One book that was scanned, and what that means, in a word."""

    title = StringProperty("")
    detail = StringProperty("")
    mark = StringProperty("")
    ink = StringProperty("done")


class BarcodeHint(Widget):
    """A drawing: a book with its label."""


class ScanPage(Page):
    """The newest book is on top; those that do not fit are counted (the receipt has them all)."""

    can_finish = True
    title = StringProperty("")
    body = StringProperty("")
    problem = StringProperty("")
    empty = StringProperty("")
    done = StringProperty("")
    count = StringProperty("")
    more = StringProperty("")
    has_rows = BooleanProperty(False)

    def on_kv_post(self, _base: object) -> None:
        self.ids.books.bind(rest=self._count_rest)

    def fill(self, rows: list[dict[str, str]]) -> None:
        """Show these books, oldest first."""
        height = self.height_of(ROW_MM)
        self.has_rows = bool(rows)
        self.count = self.words("scan.count", n=len(rows)) if rows else ""
        self.ids.books.fill([Entry(height, partial(BookRow, height=height, **row)) for row in reversed(rows)])
        self._count_rest()

    def _count_rest(self, *_args: object) -> None:
        rest = int(self.ids.books.rest)
        self.more = self.words("scan.more", n=rest) if rest else ""

    def clear(self) -> None:
        self.ids.books.clear()
        self.has_rows = False
        self.problem = self.body = self.note = self.count = self.more = ""

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
        self.fill([self._row(line) for line in view.lines])

    def _row(self, line: LoanLine) -> dict[str, str]:
        final = line.standing is Standing.FINAL
        return {
            "title": line.title,
            "detail": self.words("borrow.due", date=self.words.day(line.due_on)),
            "mark": self.words("borrow.lent" if final else "borrow.noted"),
            "ink": "done" if final else "wait",
        }


class ReturnPage(ScanPage):
    can_back = True

    def show(self, view: Returning) -> None:
        words = self.words
        self.title, self.empty, self.done = words("return.title"), words("return.none"), words("return.done")
        self.body = words("return.body")
        self.problem = words.reason(view.refusal) if view.refusal else ""
        self.fill([{"title": title, "mark": words("return.line")} for title in view.titles])
