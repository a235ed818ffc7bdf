"""Choosing a day and a room, page by page with large buttons, and saying yes to it."""

from __future__ import annotations

from datetime import date
from functools import partial

from kivy.properties import BooleanProperty, StringProperty

from kiosk.views import ChooseRoom, Confirm, ConfirmRoom, Offer, PickDay, PickOffer
from ui.screens.page import Page
from ui.widgets.controls import KioskButton, Touch
from ui.widgets.paged import Entry

ROW_MM = 15.2
NAMED_DAYS = ("room.today", "room.tomorrow")


class OfferRow(Touch):
    """One free room and period; the whole row is the target."""

    facility = StringProperty("")
    room = StringProperty("")
    when = StringProperty("")
    capacity = StringProperty("")
    mark = StringProperty("")
    final = BooleanProperty(False)


class ChooseRoomPage(Page):
    """Days above, what is free below. A touched day waits for the domain's answer."""

    can_back = True
    can_home = True
    can_finish = True
    empty = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        self._on: date | None = None
        super().__init__(**kwargs)

    def show(self, view: ChooseRoom) -> None:
        words = self.words
        self._show_days(view)
        rows = [Entry(self.height_of(ROW_MM), partial(self._row, offer)) for offer in view.offers]
        self.ids.offers.fill(rows, keep_page=view.on == self._on)
        self._on = view.on
        self.empty = "" if rows else words("room.none")
        self.note = words("room.as_of", time=words.clock(view.as_of)) if view.as_of else ""

    def clear(self) -> None:
        self._on = None
        self.ids.days.clear_widgets()
        self.ids.offers.clear()
        self.empty = self.note = ""

    def _show_days(self, view: ChooseRoom) -> None:
        holder = self.ids.days
        holder.clear_widgets()
        for index, day in enumerate(view.days):
            hint = self.words(NAMED_DAYS[index]) if index < len(NAMED_DAYS) else ""
            button = KioskButton(
                test_id=f"room.day.{day.isoformat()}", say=self.words.short_day(day), hint=hint, step="body",
                kind="primary" if day == view.on else "secondary",
            )  # fmt: skip
            button.bind(on_release=partial(self._pick_day, day))
            holder.add_widget(button)

    def _row(self, offer: Offer) -> OfferRow:
        words = self.words
        row = OfferRow(
            test_id=f"room.offer.{offer.room_id}.{offer.slot_no}",
            height=self.height_of(ROW_MM),
            facility=words.place(offer.facility),
            room=words.place(offer.room),
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
    """Says before the touch whether it books at once or only asks."""

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
        self.where = words.where(offer.facility, offer.room)
        self.when = words.when(offer.period)
        self.fee = (
            words("confirm.yen", n=words.number(view.fee_yen)) if view.fee_yen else words("confirm.free")
        )
        self.final = offer.final
        self.note = words("confirm.final" if offer.final else "confirm.request")
        self.yes = words("confirm.yes.final" if offer.final else "confirm.yes.request")

    def clear(self) -> None:
        self.where = self.when = self.fee = self.note = ""

    def confirm(self) -> None:
        self.send(Confirm())
