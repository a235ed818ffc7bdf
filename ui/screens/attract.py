"""Nobody is here: one thing to do, and where to do it."""

from __future__ import annotations

from kivy.properties import BooleanProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.views import Attract, BeginReturn
from ui.screens.page import Page


class AttractPage(Page):
    reader_down = BooleanProperty(False)

    def show(self, view: Attract) -> None:
        self.reader_down = view.reader_trouble is not None
        self.note = self.words("attract.trouble") if self.reader_down else ""

    def begin_return(self) -> None:
        self.send(BeginReturn())


class CardHint(BoxLayout):
    """A drawing: the card, and the reader it goes on."""

    dim = BooleanProperty(False)
