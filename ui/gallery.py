"""Every screen in every language as PNG files: `python -m ui.gallery FOLDER [WIDTHxHEIGHT]`."""

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
    CardLine,
    Cards,
    CardStopped,
    CheckedIn,
    ChooseRoom,
    ConfirmRoom,
    ConfirmStop,
    Goodbye,
    Home,
    Linked,
    LoanLine,
    Offer,
    Period,
    PinEntry,
    PinProblem,
    PinPurpose,
    PinSet,
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


def _line(
    standing: Standing = Standing.FINAL, *, here: bool = True, in_days: int = 1, checked_in: bool = False
) -> BookingLine:
    period = Period(TODAY + timedelta(days=in_days), "afternoon", 780, 1020)
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


BOOKS = (
    "吾輩は猫である",
    "やさしい日本語で話そう",
    "「やさしい日本語」で伝わる！ 公務員のための外国人対応 ―災害・窓口・広報のことばを、市民といっしょに考える―",
    "เจ้าชายน้อย（星の王子さま タイ語）",
    "The Cat Who Came to the Library",
    "坊っちゃん",
    "図書館の魔女 第一巻",
)
OP = "01a1fc9d-bef8-73b4-b1ad-7f81648b07e3"
DUE = date(2026, 12, 5)


def _loans(count: int) -> tuple[LoanLine, ...]:
    return tuple(LoanLine(str(n), title, DUE, Standing.FINAL) for n, title in enumerate(BOOKS[:count]))


def card(number: int, kind: str, state: str) -> CardLine:
    """One of my cards; the higher its number the longer ago."""
    return CardLine(number, kind, state, NOW - timedelta(days=1 + 211 * number))


CARDS = (
    card(0, "mynumber", "requested"), card(1, "felica", "active"), card(2, "barcode", "active"),
    card(3, "transit", "lost"), card(4, "qr", "revoked"), card(5, "of-next-year", "active"),
)  # fmt: skip


def lost(reason: str) -> ReceiptLine:
    """A request of which the server has said no."""
    booking = _line(Standing.REQUESTED, here=False)
    return ReceiptLine(ReceiptKind.BOOKING, Standing.REQUESTED, OP, booking=booking, rejected=reason)


def receipt(books: int, *more: ReceiptLine, printed: bool | None = None) -> Receipt:
    """What was done in a visit with so many books."""
    loans = (
        ReceiptLine(ReceiptKind.LOAN, Standing.FINAL, OP, title=title, due_on=DUE) for title in BOOKS[:books]
    )
    check_in = _line(in_days=0, checked_in=True)
    return Receipt(
        (
            ReceiptLine(ReceiptKind.CHECK_IN, Standing.FINAL, OP, booking=check_in),
            *loans,
            ReceiptLine(ReceiptKind.BOOKING, Standing.FINAL, OP, booking=_line()),
            ReceiptLine(ReceiptKind.LINK, Standing.REQUESTED, OP),
            *more,
        ),
        printed,
    )


def _samples() -> Iterator[tuple[str, View]]:
    """A believable view for every screen."""
    offers = _offers()
    days = tuple(TODAY + timedelta(days=n) for n in range(7))
    actions = (Action.CHECK_IN, Action.BORROW, Action.BOOK, Action.CARDS)
    request = _line(Standing.REQUESTED, here=False)
    yield "attract", Attract(LIBRARY)
    yield "attract-trouble", Attract(LIBRARY, Trouble.READER_SERVICE_DOWN)
    yield "working", Working()
    yield "pin", PinEntry(PinPurpose.OPEN, 3)
    yield "pin-link-wrong", PinEntry(PinPurpose.LINK, 2, PinProblem.WRONG)
    yield "pin-uncounted", PinEntry(PinPurpose.OPEN, None, PinProblem.WRONG)
    yield "pin-library", PinEntry(PinPurpose.LIBRARY, 5)
    yield "pin-library-wrong", PinEntry(PinPurpose.LIBRARY, 1, PinProblem.WRONG)
    yield "pin-choose", PinEntry(PinPurpose.CHOOSE)
    yield "pin-too-simple", PinEntry(PinPurpose.CHOOSE, None, PinProblem.TOO_SIMPLE)
    yield "pin-different", PinEntry(PinPurpose.CHOOSE, None, PinProblem.DIFFERENT)
    yield "pin-repeat", PinEntry(PinPurpose.REPEAT)
    yield "home", Home("練馬 花○", _line(in_days=0), actions, 2, ())
    yield "home-checked-in", Home("練馬 花○", _line(in_days=0, checked_in=True), actions[1:], 2, ())
    yield "home-plain", Home("練馬 花○", None, actions[1:], 0, ())
    yield "home-lost", Home("練馬 花○", _line(in_days=0), actions, 2, (lost(Refusal.SLOT_TAKEN),))
    yield "checked-in", CheckedIn(_line(in_days=0, checked_in=True))
    yield "borrowing-none", Borrowing((), 10)
    yield "borrowing", Borrowing(_loans(3), 7)
    yield "borrowing-many", Borrowing(_loans(7), 3)
    yield "borrowing-refused", Borrowing(_loans(4), 6, Refusal.BARCODE_NOT_AN_ITEM)
    yield "returning-none", Returning(())
    yield "returning", Returning(BOOKS[:3])
    yield "choose-room", ChooseRoom(days[1], days, offers, NOW)
    yield "choose-room-none", ChooseRoom(days[1], days, (), NOW)
    yield "confirm-final", ConfirmRoom(offers[1], 400)
    yield "confirm-request", ConfirmRoom(offers[4], 1200)
    yield "booked", Booked(_line())
    yield "booked-request", Booked(request)
    yield "place-card", PlaceCardToLink()
    yield "linked", Linked(Standing.FINAL)
    yield "linked-request", Linked(Standing.REQUESTED)
    yield "cards", Cards(CARDS[:3], can_link=True, has_pin=True, as_of=NOW)
    yield "cards-many", Cards(CARDS, can_link=True, has_pin=True, as_of=NOW)
    yield "cards-plain", Cards(CARDS[1:2], can_link=False, has_pin=False, as_of=None)
    yield "cards-none", Cards((), can_link=True, has_pin=False, as_of=NOW)
    yield "confirm-stop", ConfirmStop(CARDS[1])
    yield "card-stopped-lost", CardStopped(card(0, "felica", "lost"))
    yield "card-stopped", CardStopped(card(0, "barcode", "revoked"))
    yield "pin-set", PinSet()
    yield "receipt", receipt(1)
    yield "receipt-printed", receipt(1, printed=True)
    yield "receipt-long", receipt(7, ReceiptLine(ReceiptKind.CARD_STOPPED, Standing.FINAL, OP))
    yield "receipt-lost", receipt(0, lost(Refusal.SLOT_TAKEN), printed=False)
    yield "goodbye-take", Goodbye(card_on_reader=True)
    yield "goodbye", Goodbye(card_on_reader=False)
    yield "problem", Problem(Trouble.CARD_UNKNOWN, back=False)
    yield "problem-pin", Problem(Trouble.PIN_LAST_TRY, back=False, tries_left=1)
    yield "problem-lost-card", Problem(Refusal.CARD_REPORTED_LOST, back=False, as_of=NOW)
    yield "problem-other-way", Problem(Trouble.OTHER_WAY, back=False)
    yield "problem-paused", Problem(Trouble.CARDS_PAUSED, back=False)
    yield "problem-locked", Problem(Refusal.LIBRARY_PIN_LOCKED, back=True)
    yield "problem-two", Problem(Refusal.FACILITY_CLOSED, back=True, others=(Refusal.BOOKING_QUOTA,))
    yield "problem-internal", Problem(Trouble.INTERNAL, back=False)
    yield "still-there", StillThere(20)


SAMPLES = dict(_samples())


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
        for name, view in SAMPLES.items():
            app.post(view)
            EventLoop.idle()
            app.language = language
            for _ in range(3):
                EventLoop.idle()
            path = folder / f"{name}-{language}.png"
            save_screenshot(path)
            files.append(path)
    app.stop()
    return files


def _main(arguments: list[str]) -> None:
    folder = Path(arguments[0] if arguments else "gallery")
    width, height = (arguments[1] if len(arguments) > 1 else "1280x800").split("x")
    files = render(folder, UiSettings(width=int(width), height=int(height)))
    print(f"{len(files)} pictures in {folder}")


if __name__ == "__main__":
    _main(sys.argv[1:])
