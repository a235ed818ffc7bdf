"""What all screens have in common."""

from __future__ import annotations

from typing import Any

from kivy.app import App
from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.views import Intent
from ui.i18n import Words


class Page(BoxLayout):
    """A screen: `show` puts a view on it, `clear` takes everything personal off again."""

    can_back = False
    can_home = False
    can_finish = False
    note = StringProperty("")

    @property
    def words(self) -> Words:
        """The words of the language chosen now."""
        words: Words = App.get_running_app().words
        return words

    def send(self, intent: Intent) -> None:
        """Tell the domain what was touched."""
        App.get_running_app().send(intent)

    def still_here(self) -> None:
        """Something was touched that the domain need not know, except that somebody is here."""
        App.get_running_app().still_here()

    @staticmethod
    def height_of(millimetres: float) -> float:
        """A length on this panel in pixels."""
        return float(App.get_running_app().theme.mm(millimetres))

    def show(self, view: Any) -> None:
        """Put this view on the screen, in the language chosen now. Called again when that changes."""

    def clear(self) -> None:
        """Forget the view: no text of a visit may stay in a widget."""
