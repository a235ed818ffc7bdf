"""Two steps in order: take this card off, put the other one down."""

from __future__ import annotations

from ui.screens.page import Page


class PlaceCardPage(Page):
    """Holds nothing of the visit: every word of it is the catalogue's."""

    can_back = True
    can_home = True
    can_finish = True
