"""Nobody is here: one thing to do, and where to do it."""

from __future__ import annotations

from kiosk.views import Attract, BeginReturn
from ui.screens.page import Page


class AttractPage(Page):
    """Put your card down; while the reader is away the drawing is grey and a sentence says so."""

    def show(self, view: Attract) -> None:
        self.note = self.words("attract.trouble") if view.reader_trouble is not None else ""

    def begin_return(self) -> None:
        self.send(BeginReturn())
