"""The frame around every screen: where am I, what time is it, is there a network; back, finish, help."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.views import Place, Status
from ui.i18n import Words
from ui.widgets.controls import KioskButton

if TYPE_CHECKING:
    from ui.screens.page import Page


def state_words(words: Words, status: Status) -> str:
    """Is anything in the way, is there a network, and what still waits to be sent, in one plain line."""
    if status.standstill:
        return words(f"standstill.{status.standstill}", n=status.queued)
    if status.clock_unsure:
        return words("status.clock")
    if not status.online:
        since = words.clock(status.offline_since) if status.offline_since else "—"
        return words("status.offline", time=since, n=status.queued)
    if status.rescued:
        return words("status.rescued")
    return words("status.sending", n=status.queued) if status.queued else words("status.online")


class Header(BoxLayout):
    """Place and clock, and in plain words the state of the network."""

    place = StringProperty("")
    clock = StringProperty("")
    state = StringProperty("")

    def show(self, words: Words, place: Place, status: Status | None, now: datetime) -> None:
        """Say it in this language."""
        self.clock = words.clock(now)
        self.place = words.place(place)
        self.state = state_words(words, status) if status is not None else ""


class Footer(BoxLayout):
    """Always the same places: back and menu left, languages in the middle, help and end right."""

    can_back = BooleanProperty(False)
    can_home = BooleanProperty(False)
    can_finish = BooleanProperty(False)

    def show(self, page: Page) -> None:
        """Offer what makes sense on this page; the places of the others stay empty."""
        self.can_back, self.can_home, self.can_finish = page.can_back, page.can_home, page.can_finish


class LanguageButton(KioskButton):
    """Changes to a language with one touch; gone where the kiosk does not speak it."""

    code = StringProperty("ja")


class StaffOverlay(BoxLayout):
    """Says where help is; covers the screen until closed."""

    def on_touch_down(self, touch: object) -> bool:
        super().on_touch_down(touch)
        return True  # what lies below cannot be touched

    def on_touch_up(self, touch: object) -> bool:
        super().on_touch_up(touch)
        return True
