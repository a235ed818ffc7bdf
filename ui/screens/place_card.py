"""Two steps in order: take this card off, put the other one down."""

from __future__ import annotations

from kiosk.views import PlaceCardToLink
from ui.screens.page import Page


class PlaceCardPage(Page):
    can_back = True
    can_home = True
    can_finish = True

    def show(self, view: PlaceCardToLink) -> None:
        self.note = self.words("place.body")
