"""Every screen in every language as PNG files: `python -m ui.gallery FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kiosk.codes import Refusal, Trouble
from kiosk.operations import Standing
from kiosk.views import (
    Action,
    Attract,
    Booked,
    BookingLine,
    Borrowing,
    CheckedIn,
    ChooseRoom,
    ConfirmRoom,
    Goodbye,
    Home,
    Linked,
    LoanLine,
    Offer,
    Period,
    PinEntry,
    Place,
    PlaceCardToLink,
    Problem,
    Receipt,
    ReceiptKind,
    ReceiptLine,
    Returning,
    Status,
    StillThere,
    View,
    Working,
)  # fmt: skip
from ui.i18n import LANGUAGES
from ui.settings import UiSettings

NOW = datetime(2026, 11, 21, 4, 5, tzinfo=UTC)
TODAY = date(2026, 11, 21)
LIBRARY = Place("光が丘図書館", "ひかりがおか としょかん", "Hikarigaoka Library")
CENTRE = Place("関町北地区区民館", "せきまちきた ちく くみんかん", "Sekimachi-Kita Community House")
ROOM = Place("会議室", "かいぎしつ", "Meeting Room")
HALL = Place("集会室（全面）", "しゅうかいしつ ぜんめん", "Assembly Hall")


def _line(standing: Standing = Standing.FINAL, *, here: bool = True, checked_in: bool = False) -> BookingLine:
    period = Period(TODAY + timedelta(days=0 if checked_in else 1), "afternoon", 780, 1020)
    return BookingLine("b", LIBRARY if here else CENTRE, ROOM if here else HALL, period, standing, checked_in)


def _offers() -> tuple[Offer, ...]:
    tomorrow = TODAY + timedelta(days=1)
    slots = (("morning", 540, 720), ("afternoon", 780, 1020), ("evening", 1050, 1290))
    rooms = ((LIBRARY, ROOM, 18, True), (CENTRE, HALL, 80, False))
    return tuple(
        Offer(f"room-{n}", k, facility, room, capacity, Period(tomorrow, label, start, end), final)
        for n, (facility, room, capacity, final) in enumerate(rooms)
        for k, (label, start, end) in enumerate(slots)
    )


def _receipt(printed: bool | None = None) -> Receipt:
    op = "01a1fc9d-bef8-73b4-b1ad-7f81648b07e3"
    return Receipt(
        (
            ReceiptLine(ReceiptKind.CHECK_IN, Standing.FINAL, op, booking=_line(checked_in=True)),
            ReceiptLine(
                ReceiptKind.LOAN, Standing.FINAL, op, title="吾輩は猫である", due_on=date(2026, 12, 5)
            ),
            ReceiptLine(ReceiptKind.LOAN, Standing.FINAL, op, title="坊っちゃん", due_on=date(2026, 12, 5)),
            ReceiptLine(ReceiptKind.BOOKING, Standing.FINAL, op, booking=_line()),
            ReceiptLine(ReceiptKind.LINK, Standing.REQUESTED, op),
        ),
        printed,
    )


def samples() -> Iterator[tuple[str, View]]:
    """A believable view for every screen."""
    offers = _offers()
    loans = (
        LoanLine("1", "吾輩は猫である", date(2026, 12, 5), Standing.FINAL),
        LoanLine("2", "やさしい日本語で話そう", date(2026, 12, 5), Standing.FINAL),
    )
    days = tuple(TODAY + timedelta(days=n) for n in range(7))
    actions = (Action.CHECK_IN, Action.BORROW, Action.BOOK, Action.LINK)
    lost = ReceiptLine(
        ReceiptKind.BOOKING,
        Standing.REQUESTED,
        "x",
        booking=_line(Standing.REQUESTED, here=False),
        rejected="slot-taken",
    )
    yield "attract", Attract(LIBRARY)
    yield "attract-trouble", Attract(LIBRARY, Trouble.READER_SERVICE_DOWN)
    yield "working", Working()
    yield "pin", PinEntry(3, wrong=False, linking=False)
    yield "pin-wrong", PinEntry(2, wrong=True, linking=True)
    yield "home", Home("練馬 花○", _line(), actions, 2, ())
    yield "home-plain", Home("練馬 花○", None, actions[1:3], 0, (lost,))
    yield "checked-in", CheckedIn(_line(checked_in=True))
    yield "borrowing-none", Borrowing((), 10)
    yield "borrowing", Borrowing(loans, 8)
    yield "borrowing-refused", Borrowing(loans, 8, Refusal.BARCODE_NOT_AN_ITEM)
    yield "returning", Returning(("吾輩は猫である",))
    yield "choose-room", ChooseRoom(days[1], days, offers, NOW)
    yield "choose-room-none", ChooseRoom(days[1], days, (), NOW)
    yield "confirm-final", ConfirmRoom(offers[1], 400)
    yield "confirm-request", ConfirmRoom(offers[4], 1200)
    yield "booked", Booked(_line())
    yield "booked-request", Booked(_line(Standing.REQUESTED, here=False))
    yield "place-card", PlaceCardToLink()
    yield "linked", Linked(Standing.FINAL)
    yield "linked-request", Linked(Standing.REQUESTED)
    yield "receipt", _receipt()
    yield "receipt-printed", _receipt(printed=True)
    yield "goodbye-take", Goodbye(card_on_reader=True)
    yield "goodbye", Goodbye(card_on_reader=False)
    yield "problem", Problem(Trouble.CARD_UNKNOWN, back=False)
    yield "problem-pin", Problem(Trouble.PIN_LAST_TRY, back=False, tries_left=1)
    yield "still-there", StillThere(20)


def render(folder: Path, settings: UiSettings) -> list[Path]:
    """Draw all samples in all languages; returns the files."""
    from ui.app import make_app

    app = make_app(lambda intent: None, settings)
    app._run_prepare()
    from kivy.base import EventLoop

    from ui.automation import save_screenshot

    app.post(Status(online=False, offline_since=NOW - timedelta(hours=3), queued=4))
    files = []
    for language in LANGUAGES:
        for name, view in samples():
            app.post(view)
            EventLoop.idle()
            app.language = language
            for _ in range(2):
                EventLoop.idle()
            path = folder / f"{name}-{language}.png"
            save_screenshot(path)
            files.append(path)
    app.stop()
    return files


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "gallery")
    print(f"{len(render(out, UiSettings()))} pictures in {out}")
