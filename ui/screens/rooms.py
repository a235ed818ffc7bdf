"""Choosing a day and a room, page by page with large buttons, and saying yes to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from kiosk.views import ChooseRoom, Confirm, ConfirmRoom, Offer, PickDay, PickOffer
from ui.screens.page import Page
from ui.widgets.controls import KioskButton, Touch

if TYPE_CHECKING:
    from datetime import date

PER_PAGE = 4


class OfferRow(Touch):
    """One free room and period; the whole row is the target."""

    place = StringProperty("")
    when = StringProperty("")
    capacity = StringProperty("")
    mark = StringProperty("")
    final = BooleanProperty(False)


class ChooseRoomPage(Page):
    can_back = True
    can_home = True
    can_finish = True
    empty = StringProperty("")
    page_note = StringProperty("")
    first = NumericProperty(0)
    more_before = BooleanProperty(False)
    more_after = BooleanProperty(False)

    def __init__(self, **kwargs: object) -> None:
        self._view: ChooseRoom | None = None
        super().__init__(**kwargs)

    def show(self, view: ChooseRoom) -> None:
        if self._view is None or self._view.on != view.on:
            self.first = 0
        self._view = view
        self._show_days(view)
        self._show_offers(view)
        self.note = self.words("room.as_of", time=self.words.clock(view.as_of)) if view.as_of else ""

    def clear(self) -> None:
        self._view = None
        self.first = 0
        self.ids.days.clear_widgets()
        self.ids.offers.clear_widgets()
        self.empty = self.page_note = self.note = ""

    def turn(self, pages: int) -> None:
        """Show the next or the previous offers."""
        if self._view is not None:
            last = max(0, (len(self._view.offers) - 1) // PER_PAGE * PER_PAGE)
            self.first = min(last, max(0, self.first + pages * PER_PAGE))
            self._show_offers(self._view)

    def _show_days(self, view: ChooseRoom) -> None:
        holder = self.ids.days
        holder.clear_widgets()
        for index, day in enumerate(view.days):
            names = {0: "room.today", 1: "room.tomorrow"}
            hint = self.words(names[index]) if index in names else ""
            button = KioskButton(
                test_id=f"room.day.{day.isoformat()}", say=self.words.short_day(day), hint=hint, step="body",
                kind="chosen" if day == view.on else "secondary",
            )  # fmt: skip
            button.bind(on_release=partial(self._pick_day, day))
            holder.add_widget(button)

    def _show_offers(self, view: ChooseRoom) -> None:
        holder = self.ids.offers
        holder.clear_widgets()
        shown = view.offers[self.first : self.first + PER_PAGE]
        for offer in shown:
            holder.add_widget(self._row(offer))
        pages = -(-len(view.offers) // PER_PAGE)
        self.empty = "" if shown else self.words("room.none")
        self.page_note = (
            self.words("room.page", n=self.first // PER_PAGE + 1, total=pages) if pages > 1 else ""
        )
        self.more_before = self.first > 0
        self.more_after = self.first + PER_PAGE < len(view.offers)

    def _row(self, offer: Offer) -> OfferRow:
        words = self.words
        row = OfferRow(
            test_id=f"room.offer.{offer.room_id}.{offer.slot_no}",
            place=f"{words.place(offer.facility)}　{words.place(offer.room)}",
            when=words.period(offer.period),
            capacity=words("room.capacity", n=offer.capacity),
            mark=words("room.final" if offer.final else "room.request"),
            final=offer.final,
        )
        row.bind(on_release=partial(self._pick, offer))
        return row

    def _pick_day(self, day: date, *_args: object) -> None:
        self.send(PickDay(day))

    def _pick(self, offer: Offer, *_args: object) -> None:
        self.send(PickOffer(offer.room_id, offer.slot_no))


class ConfirmPage(Page):
    can_back = True
    can_home = True
    can_finish = True
    where = StringProperty("")
    when = StringProperty("")
    fee = StringProperty("")
    yes = StringProperty("")
    final = BooleanProperty(False)

    def show(self, view: ConfirmRoom) -> None:
        words, offer = self.words, view.offer
        self.where = f"{words.place(offer.facility)}　{words.place(offer.room)}"
        self.when = f"{words.day(offer.period.on)}　{words.period(offer.period)}"
        self.fee = words("confirm.yen", n=f"{view.fee_yen:,}") if view.fee_yen else words("confirm.free")
        self.final = offer.final
        self.note = words("confirm.final" if offer.final else "confirm.request")
        self.yes = words("confirm.yes.final" if offer.final else "confirm.yes.request")

    def clear(self) -> None:
        self.where = self.when = self.fee = self.note = ""

    def confirm(self) -> None:
        self.send(Confirm())
