"""Every screen in every language, really drawn: nothing clipped, nothing too small, nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest
from fontTools.ttLib import TTCollection

from kiosk.codes import Refusal, Trouble
from kiosk.operations import Standing
from kiosk.views import (
    Action,
    Attract,
    Begin,
    BeginReturn,
    Booked,
    Confirm,
    EnterPin,
    Finish,
    GoBack,
    GoHome,
    Goodbye,
    Home,
    Linked,
    PickDay,
    PickOffer,
    PinEntry,
    PrintSlip,
    Problem,
    Status,
    StayHere,
    View,
)  # fmt: skip
from tests.ui.conftest import Screen
from ui.fonts import face
from ui.gallery import LIBRARY, NOW, samples
from ui.i18n import LANGUAGES
from ui.theme import COLOURS, CONTROL_PAIRS, SMALL_TARGET_MM, TARGET_MM, TEXT_PAIRS, contrast

SAMPLES = dict(samples())
PRIMARY = {
    "attract.return", "home.check-in", "home.borrow", "home.book", "home.link", "scan.done", "confirm.yes",
    "message.ok", "problem.ok", "still.yes", "receipt.print", "receipt.finish", "pin.ok", "room.up", "room.down",
}  # fmt: skip
SLACK = 2
"""Pixels of rounding."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_screen_is_whole(screen: Screen, name: str, language: str) -> None:
    screen.show(SAMPLES[name], language)
    seen = screen.visible()
    from ui.automation import pixels

    colours = pixels().getcolors(1 << 20)
    assert colours is not None
    assert len(colours) > 50, "nothing was drawn"
    for widget in seen:
        if getattr(widget, "text", ""):
            check_text(widget, name, language)
        if getattr(widget, "test_id", "") and not widget.disabled:
            check_target(screen, widget)
    check_no_overlap(screen)
    assert not [text for text in screen.texts() if "{" in text], "a blank was not filled in"


def check_text(label: Any, name: str, language: str) -> None:
    width, height = label.texture_size
    assert width <= label.width + SLACK, f"{name} {language}: too wide: {label.text!r}"
    assert height <= label.height + SLACK, f"{name} {language}: clipped: {label.text!r}"
    x, y = label.to_window(label.x, label.y)
    root = label.get_root_window()
    inside = (
        y >= -SLACK
        and y + label.height <= root.height + SLACK
        and x >= -SLACK
        and x + label.width <= root.width + SLACK
    )
    assert inside, f"{name} {language}: off the screen: {label.text!r}"


def check_target(screen: Screen, control: Any) -> None:
    least = TARGET_MM if control.test_id in PRIMARY else SMALL_TARGET_MM
    shorter = min(control.width, control.height) / screen.app.theme.px_per_mm
    assert shorter >= least - 0.5, f"{control.test_id} is only {shorter:.1f} mm"


def check_no_overlap(screen: Screen) -> None:
    found = list(screen.controls().values())
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            (x1, y1), (x2, y2) = one.to_window(*one.pos), other.to_window(*other.pos)
            apart = x1 + one.width <= x2 + SLACK or x2 + other.width <= x1 + SLACK
            apart = apart or y1 + one.height <= y2 + SLACK or y2 + other.height <= y1 + SLACK
            assert apart, f"{one.test_id} lies over {other.test_id}"


@pytest.mark.parametrize("code", [*Refusal, *Trouble])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_fits_its_screen(screen: Screen, code: Refusal | Trouble, language: str) -> None:
    screen.show(Problem(code, back=True, tries_left=2), language)
    for widget in screen.visible():
        if getattr(widget, "text", ""):
            check_text(widget, code, language)
    squeezed = "".join("".join(screen.texts()).split())
    assert "".join(screen.app.words.reason(code).split()) in squeezed


@pytest.mark.parametrize("one, other", TEXT_PAIRS)  # noqa: PT006
def test_text_can_be_read_by_weak_eyes(one: str, other: str) -> None:
    assert contrast(COLOURS[one], COLOURS[other]) >= 7


@pytest.mark.parametrize("one, other", CONTROL_PAIRS)  # noqa: PT006
def test_edges_of_controls_can_be_seen(one: str, other: str) -> None:
    assert contrast(COLOURS[one], COLOURS[other]) >= 3


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast((0, 0, 0, 1), (1, 1, 1, 1)) == pytest.approx(21)


def test_every_letter_we_write_has_a_shape() -> None:
    from ui.i18n import catalogue

    cmap = TTCollection(face()).fonts[0].getBestCmap()
    for language in LANGUAGES:
        for message in catalogue(language):
            missing = {char for char in str(message.string) if ord(char) not in cmap and char != "\n"}
            if message.id:
                assert not missing, f"{language} {message.id}"


# ---- touches -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "test_id", "intent"),
    [
        ("attract", "attract.return", BeginReturn()),
        ("home", "home.check-in", Begin(Action.CHECK_IN)),
        ("home", "home.borrow", Begin(Action.BORROW)),
        ("home", "home.book", Begin(Action.BOOK)),
        ("home", "home.link", Begin(Action.LINK)),
        ("home", "footer.finish", Finish()),
        ("borrowing", "scan.done", Finish()),
        ("borrowing", "footer.back", GoBack()),
        ("borrowing", "footer.home", GoHome()),
        ("choose-room", "room.day.2026-11-24", PickDay(__import__("datetime").date(2026, 11, 24))),
        ("choose-room", "room.offer.room-0.1", PickOffer("room-0", 1)),
        ("confirm-final", "confirm.yes", Confirm()),
        ("booked", "message.ok", GoHome()),
        ("problem", "problem.ok", GoHome()),
        ("still-there", "still.yes", StayHere()),
        ("receipt", "receipt.finish", Finish()),
    ],
)
def test_a_touch_says_what_it_means(screen: Screen, name: str, test_id: str, intent: object) -> None:
    screen.show(SAMPLES[name])
    screen.tap(test_id)
    assert screen.sent == [intent]


def test_the_pin_is_hidden_sent_once_and_forgotten(screen: Screen) -> None:
    screen.show(PinEntry(3, wrong=False, linking=False))
    for digit in "1290":
        screen.tap(f"pin.{digit}")
    screen.tap("pin.5")
    screen.tap("pin.delete")
    screen.tap("pin.0")
    assert not [text for text in screen.texts() if "1290" in text]
    screen.tap("pin.ok")
    assert screen.sent == [EnterPin("1290")]
    screen.tap("pin.ok")
    assert len(screen.sent) == 1, "four digits are needed each time"
    assert "1290" not in repr(vars(screen.app.page))


def test_more_rooms_are_a_page_away(screen: Screen) -> None:
    screen.show(SAMPLES["choose-room"])
    first = {name for name in screen.controls() if name.startswith("room.offer")}
    assert len(first) == 4
    screen.tap("room.down")
    second = {name for name in screen.controls() if name.startswith("room.offer")}
    assert len(second) == 2
    assert not first & second
    screen.tap("room.up")
    assert {name for name in screen.controls() if name.startswith("room.offer")} == first


def test_the_language_changes_with_one_touch_on_any_screen(screen: Screen) -> None:
    for view in SAMPLES.values():
        screen.show(view, "ja")
        screen.tap("lang.en")
        assert "Call staff" in screen.texts()
        screen.tap("lang.ja_simple")
        assert "かかりの人をよぶ" in ["".join(text.split()) for text in screen.texts()]
    assert screen.sent == []


def test_the_next_resident_begins_in_japanese(screen: Screen) -> None:
    screen.show(SAMPLES["home"], "en")
    screen.show(Attract(LIBRARY))
    assert screen.app.language == "ja"


def test_the_slip_is_in_the_residents_language_and_names_nobody(screen: Screen) -> None:
    screen.show(SAMPLES["receipt"], "en")
    screen.tap("receipt.print")
    (sent,) = screen.sent
    assert isinstance(sent, PrintSlip)
    assert sent.lines[0] == "What you did today"
    assert "■ Requested (not final yet)" in sent.lines
    assert not [line for line in sent.lines if "花" in line]


def test_help_is_one_touch_away_and_goes_away_again(screen: Screen) -> None:
    screen.show(SAMPLES["home"])
    screen.tap("footer.staff")
    assert "窓口へお声がけください" in "".join(screen.texts())
    screen.tap("staff.close")
    assert "窓口へお声がけください" not in "".join(screen.texts())
    assert screen.sent == []


def test_a_bouncing_panel_counts_once(screen: Screen) -> None:
    from kivy.tests.common import UnitTestTouch

    screen.show(PinEntry(3, wrong=False, linking=False))
    key = screen.controls()["pin.7"]
    screen.app._last_touch = (0.0, 0.0, 0.0)
    for _ in range(2):
        touch = UnitTestTouch(*key.to_window(*key.center))
        touch.touch_down()
        touch.touch_up()
    screen.frames()
    assert screen.app.page.count == 1


# ---- what stays behind ---------------------------------------------------------------------------


PERSONAL = ("練馬 花", "吾輩は猫である", "坊っちゃん", "やさしい日本語で話そう", "13:00", "12月5日")


@pytest.mark.parametrize("last", [Attract(LIBRARY), Goodbye(card_on_reader=True)])
def test_nothing_of_a_visit_is_left_in_any_widget(screen: Screen, last: View) -> None:
    for view in SAMPLES.values():
        screen.show(view)
    screen.show(last)
    pages = screen.app._pages.values()
    everything = [*screen.widgets(), *(w for page in pages for w in page.walk())]
    for widget in everything:
        for name, value in ((n, getattr(widget, n)) for n in widget.properties()):
            if isinstance(value, (str, list)):
                left = [word for word in PERSONAL if word in str(value)]
                assert not left, f"{type(widget).__name__}.{name} still holds {left}"


# ---- the state of things -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(True, None, 0), "つながっています"),
        (Status(True, None, 3), "つながっています（送信中 3件）"),
        (Status(False, NOW, 2), "ネットワークなし（13:05から）手続きはできます。あとで送ります 2件"),
        (Status(True, None, 0, rescued=5), "記録を修復しました"),
    ],
)
def test_the_state_of_the_network_is_said_in_words(screen: Screen, status: Status, words: str) -> None:
    screen.show(Attract(LIBRARY))
    screen.show(status)
    assert words in screen.texts()


def test_final_and_requested_are_told_apart_in_words(screen: Screen) -> None:
    line = SAMPLES["booked"].booking  # type: ignore[union-attr]
    screen.show(Booked(line))
    assert "予約が確定しました" in screen.texts()
    screen.show(SAMPLES["booked-request"])
    assert "申し込みを受け付けました" in screen.texts()
    screen.show(Linked(Standing.REQUESTED))
    assert "カードの登録を申し込みました" in screen.texts()


def test_a_defect_in_the_screen_ends_on_a_calm_sentence(screen: Screen) -> None:
    from kivy.base import ExceptionManager

    ExceptionManager.handle_exception(RuntimeError("boom"))
    screen.frames(3)
    assert screen.app.view == Problem(Trouble.INTERNAL, back=False)
    assert not [text for text in screen.texts() if "boom" in text]


def test_a_view_is_reported_once_it_is_really_on_screen(screen: Screen) -> None:
    shown: list[View] = []
    screen.app._on_shown = shown.append
    view = Home("練馬 花○", None, (Action.BORROW,), 0, ())
    screen.show(view)
    screen.app._on_shown = None
    assert shown == [view]
