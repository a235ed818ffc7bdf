"""My cards: which they are, how they stand, stopping one that is lost; the library PIN; another card."""

from __future__ import annotations

from functools import partial

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.people.model import LinkState
from kiosk.people.risk import Action
from kiosk.views import Begin, CardLine, Cards, ConfirmStop, PickCard, StopPicked
from ui.i18n import Words
from ui.screens.page import Page
from ui.widgets.paged import Entry

ROW_MM = 16.0
STATES = {
    LinkState.ACTIVE: ("card.active", "done"),
    LinkState.REQUESTED: ("card.requested", "wait"),
    LinkState.LOST: ("card.lost", "alert"),
    LinkState.REVOKED: ("card.revoked", "soft"),
}
"""How a card stands: the words, and the colour role that goes with them."""
OPEN = (LinkState.ACTIVE, LinkState.REQUESTED)
"""Cards that can still be stopped."""


def since(words: Words, card: CardLine) -> str:
    """Since when it stands as it does."""
    return words("card.since", date=words.full_day(card.since))


class CardRow(BoxLayout):
    """One of my cards; the button that stops it is the only thing to touch."""

    kind = StringProperty("")
    since = StringProperty("")
    mark = StringProperty("")
    ink = StringProperty("done")
    stop = StringProperty("")
    stop_id = StringProperty("")

    __events__ = ("on_pick",)

    def on_pick(self) -> None:
        """The button was touched."""


class CardsPage(Page):
    """What I have above, what I can add or change below."""

    can_back = True
    can_home = True
    can_finish = True
    empty = StringProperty("")
    pin = StringProperty("")
    can_link = BooleanProperty(False)

    def __init__(self, **kwargs: object) -> None:
        self._filled = False
        super().__init__(**kwargs)

    def show(self, view: Cards) -> None:
        words = self.words
        rows = [Entry(self.height_of(ROW_MM), partial(self._row, card)) for card in view.lines]
        self.ids.cards.fill(rows, keep_page=self._filled)
        self._filled = True
        self.empty = "" if rows else words("cards.none")
        self.note = words("cards.as_of", when=words.moment(view.as_of)) if view.as_of else ""
        self.pin = words("cards.pin.change" if view.has_pin else "cards.pin.set")
        self.can_link = view.can_link

    def clear(self) -> None:
        self._filled = False
        self.ids.cards.clear()
        self.empty = self.note = self.pin = ""

    def begin(self, action: str) -> None:
        self.send(Begin(Action(action)))

    def _row(self, card: CardLine) -> CardRow:
        words, state = self.words, LinkState(card.state)
        mark, ink = STATES[state]
        can_stop = state in OPEN
        row = CardRow(
            height=self.height_of(ROW_MM),
            kind=words.card(card.kind),
            since=since(words, card),
            mark=words(mark),
            ink=ink,
            stop=words("cards.stop") if can_stop else "",
            stop_id=f"cards.stop.{card.number}" if can_stop else "",
        )
        row.bind(on_pick=partial(self._pick, card.number))
        return row

    def _pick(self, number: int, *_args: object) -> None:
        self.send(PickCard(number))


class ConfirmStopPage(Page):
    """Lost, or not wanted any more: both stop the card at once. Going back keeps it."""

    can_back = True
    can_home = True
    can_finish = True
    card = StringProperty("")
    since = StringProperty("")

    def show(self, view: ConfirmStop) -> None:
        self.card, self.since = self.words.card(view.card.kind), since(self.words, view.card)

    def clear(self) -> None:
        self.card = self.since = ""

    def stop(self, *, lost: bool) -> None:
        self.send(StopPicked(lost))
