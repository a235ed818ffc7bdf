"""A list that shows what fits and turns pages with large buttons: nobody has to drag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kivy.app import App
from kivy.clock import Clock
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list. A heading stays with what follows it and is said again on the next page."""

    height: float
    make: Callable[[], Widget]
    heading: bool = False


def paginate(entries: Sequence[Entry], room: float, gap: float) -> list[list[Entry]]:
    """Divide into pages of at most `room` height; a page has at least one line, however low the screen is."""
    pages: list[list[Entry]] = []
    page: list[Entry] = []
    heading: Entry | None = None
    for index, entry in enumerate(entries):
        if entry.heading:
            heading = entry
        needed = [entry, *entries[index + 1 : index + 2]] if entry.heading else [entry]
        if _holds_lines(page) and _height([*page, *needed], gap) > room:
            pages.append(page)
            page = [heading] if heading is not None and not entry.heading else []
        page.append(entry)
    return [*pages, page] if page else pages


def _holds_lines(page: list[Entry]) -> bool:
    return any(not entry.heading for entry in page)


def _height(entries: Sequence[Entry], gap: float) -> float:
    return sum(entry.height for entry in entries) + gap * (len(entries) - 1)


class PagedList(BoxLayout):
    """Shows the page of its entries that was turned to (see `Pager`); `rest` counts what is not on it."""

    gap = NumericProperty(0)
    page_note = StringProperty("")
    more_before = BooleanProperty(False)
    more_after = BooleanProperty(False)
    rest = NumericProperty(0)

    def __init__(self, **kwargs: object) -> None:
        self._entries: list[Entry] = []
        self._first = 0
        self._drawn: list[Entry] | None = None
        self._again = Clock.create_trigger(lambda _dt: self._draw(), -1)
        super().__init__(**kwargs)
        self.fbind("height", self._again)

    def fill(self, entries: Sequence[Entry], *, keep_page: bool = False) -> None:
        """Show these instead; `keep_page` where it is the same list said anew."""
        self._entries = list(entries)
        self._first = self._first if keep_page else 0
        self._drawn = None
        self._draw()

    def clear(self) -> None:
        """Forget everything."""
        self.fill(())
        self.page_note = ""

    def turn(self, pages: int) -> None:
        """Show the next or the previous page."""
        self._first += pages
        self._draw()
        App.get_running_app().still_here()

    def _draw(self) -> None:
        pages = paginate(self._entries, self.height, self.gap)
        self._first = max(0, min(self._first, len(pages) - 1))
        shown = pages[self._first] if pages else []
        if shown != self._drawn:
            self._drawn = shown
            holder = self.ids.holder
            holder.clear_widgets()
            for entry in shown:
                holder.add_widget(entry.make())
        self.more_before, self.more_after = self._first > 0, self._first < len(pages) - 1
        self.rest = len(self._entries) - len(shown)
        words = App.get_running_app().words
        self.page_note = words("list.page", n=self._first + 1, total=len(pages)) if len(pages) > 1 else ""


class Pager(BoxLayout):
    """The buttons that turn the pages of a list, gone where there is one. `prefix` begins their test ids."""

    pages = ObjectProperty(None, rebind=True, allownone=True)
    prefix = StringProperty("list")
