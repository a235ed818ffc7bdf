"""A touch says what it means, once, and only while what it meant is still there."""

from __future__ import annotations

from datetime import date

import pytest

from kiosk.views import (
    Action,
    Attract,
    Begin,
    BeginReturn,
    Cards,
    Confirm,
    EnterPin,
    Finish,
    GoBack,
    GoHome,
    OtherWay,
    PickCard,
    PickDay,
    PickOffer,
    PinEntry,
    PinPurpose,
    PrintSlip,
    StayHere,
    StopPicked,
)
from tests.ui.conftest import Screen
from ui.gallery import LIBRARY, SAMPLES
from ui.touch import Patience, TouchGuard

PIN = PinEntry(PinPurpose.OPEN, 3)


@pytest.mark.parametrize(
    ("name", "test_id", "intent"),
    [
        ("attract", "attract.return", BeginReturn()),
        ("home", "home.check-in", Begin(Action.CHECK_IN)),
        ("home", "home.borrow", Begin(Action.BORROW)),
        ("home", "home.book", Begin(Action.BOOK)),
        ("home", "home.cards", Begin(Action.CARDS)),
        ("cards", "cards.link", Begin(Action.LINK)),
        ("cards", "cards.pin", Begin(Action.SET_PIN)),
        ("cards", "cards.stop.1", PickCard(1)),
        ("cards", "footer.back", GoBack()),
        ("confirm-stop", "stop.lost", StopPicked(lost=True)),
        ("confirm-stop", "stop.unwanted", StopPicked(lost=False)),
        ("confirm-stop", "footer.back", GoBack()),
        ("card-stopped", "message.ok", GoHome()),
        ("pin-set", "message.ok", GoHome()),
        ("pin", "pin.other", OtherWay()),
        ("pin-link-wrong", "pin.other", OtherWay()),
        ("pin-library", "pin.other", OtherWay()),
        ("pin-library", "footer.home", GoHome()),
        ("home", "footer.finish", Finish()),
        ("pin", "footer.finish", Finish()),
        ("borrowing", "scan.done", Finish()),
        ("borrowing", "footer.back", GoBack()),
        ("borrowing", "footer.home", GoHome()),
        ("returning", "scan.done", Finish()),
        ("returning", "footer.back", GoBack()),
        ("choose-room", "room.day.2026-11-24", PickDay(date(2026, 11, 24))),
        ("choose-room", "room.offer.room-0.1", PickOffer("room-0", 1)),
        ("choose-room", "footer.back", GoBack()),
        ("confirm-final", "confirm.yes", Confirm()),
        ("confirm-request", "confirm.yes", Confirm()),
        ("place-card", "footer.back", GoBack()),
        ("booked", "message.ok", GoHome()),
        ("checked-in", "message.ok", GoHome()),
        ("linked", "message.ok", GoHome()),
        ("problem", "problem.ok", GoHome()),
        ("still-there", "still.yes", StayHere()),
        ("receipt", "receipt.finish", Finish()),
        ("receipt", "footer.home", GoHome()),
    ],
)
def test_a_touch_says_what_it_means(screen: Screen, name: str, test_id: str, intent: object) -> None:
    screen.show(SAMPLES[name])
    screen.tap(test_id)
    assert screen.sent == [intent]


# ---- the PIN -------------------------------------------------------------------------------------


def entered(screen: Screen) -> list[EnterPin]:
    return [intent for intent in screen.sent if isinstance(intent, EnterPin)]


def test_the_pin_is_hidden_sent_once_and_forgotten(screen: Screen) -> None:
    screen.show(PIN)
    for key in ("1", "2", "9", "5", "delete", "0"):
        screen.tap(f"pin.{key}")
    assert screen.app.page.count == 4
    assert not [text for text in screen.texts() if "1290" in text]
    screen.tap("pin.ok")
    assert entered(screen) == [EnterPin("1290")]
    assert "1290" not in repr(vars(screen.app.page)) + repr(screen.sent)
    screen.tap("pin.ok")
    assert len(entered(screen)) == 1, "four digits are needed each time"
    assert "あと4けた押してください。" in screen.texts()


def test_a_fifth_digit_changes_nothing(screen: Screen) -> None:
    screen.show(PIN)
    for digit in "12345":
        screen.tap(f"pin.{digit}")
    screen.tap("pin.ok")
    assert entered(screen) == [EnterPin("1234")]


def test_too_few_digits_are_said_not_ignored(screen: Screen) -> None:
    screen.show(PIN)
    screen.tap("pin.1")
    screen.tap("pin.ok")
    assert "あと3けた押してください。" in screen.texts()
    assert entered(screen) == []


@pytest.mark.parametrize("name", ["pin-choose", "pin-repeat", "pin-different"])
def test_nobody_can_have_forgotten_a_pin_that_is_being_thought_up(screen: Screen, name: str) -> None:
    screen.show(SAMPLES[name])
    assert "pin.other" not in screen.controls()


def test_who_gives_up_sends_no_digits(screen: Screen) -> None:
    screen.show(PIN)
    screen.tap("pin.1")
    screen.tap("pin.other")
    assert screen.sent[-1] == OtherWay()
    assert screen.app.page.count == 0
    assert entered(screen) == []


@pytest.mark.parametrize(
    ("name", "whose"), [("pin", "マイナンバーカード"), ("pin-library", "図書館"), ("pin-choose", "図書館")]
)
def test_it_is_said_first_which_four_digits_are_meant(screen: Screen, name: str, whose: str) -> None:
    screen.show(SAMPLES[name])
    assert whose in "".join(screen.app.page.title.split())


def test_a_stopped_card_cannot_be_stopped_again_and_pages_hold_the_rest(screen: Screen) -> None:
    screen.show(SAMPLES["cards-many"])
    stoppable = set()
    for _ in range(6):
        stoppable |= {name for name in screen.controls() if name.startswith("cards.stop.")}
        if "cards.down" not in screen.controls():
            break
        screen.tap("cards.down")
    view = SAMPLES["cards-many"]
    assert isinstance(view, Cards)
    expected = {f"cards.stop.{c.number}" for c in view.lines if c.state in ("active", "requested")}
    assert stoppable == expected


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_keys_are_in_the_order_of_a_telephone(screen: Screen, language: str) -> None:
    screen.show(PIN, language)
    keys = screen.controls()
    rows = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), ("delete", "0", "ok"))
    lines = [[keys[f"pin.{key}"] for key in row] for row in rows]
    for line in lines:
        assert line[0].x < line[1].x < line[2].x
        assert len({key.y for key in line}) == 1
    assert lines[0][0].y > lines[1][0].y > lines[2][0].y > lines[3][0].y


def test_digits_do_not_outlive_the_screen(screen: Screen) -> None:
    screen.show(PIN)
    page = screen.app.page
    screen.tap("pin.1")
    screen.show(SAMPLES["still-there"])
    assert (page._digits, page.count, page.progress) == ("", 0, "")


# ---- pages, languages, help ----------------------------------------------------------------------


def test_every_room_is_on_one_of_the_pages(screen: Screen) -> None:
    screen.show(SAMPLES["choose-room"])
    seen = [offers(screen)]
    while "room.down" in screen.controls():
        screen.tap("room.down")
        seen.append(offers(screen))
    assert len(seen) == 2
    assert not seen[0] & seen[1]
    assert len(seen[0] | seen[1]) == len(SAMPLES["choose-room"].offers)
    screen.tap("room.up")
    assert offers(screen) == seen[0]
    assert "room.up" not in screen.controls()


def offers(screen: Screen) -> set[str]:
    return {name for name in screen.controls() if name.startswith("room.offer")}


def test_another_language_stays_on_the_same_page_of_rooms(screen: Screen) -> None:
    screen.show(SAMPLES["choose-room"])
    screen.tap("room.down")
    second = offers(screen)
    screen.tap("lang.en")
    assert offers(screen) == second


def test_another_day_begins_at_its_first_page(screen: Screen) -> None:
    from dataclasses import replace

    rooms = SAMPLES["choose-room"]
    screen.show(rooms)
    first = offers(screen)
    screen.tap("room.down")
    screen.show(replace(rooms, on=rooms.days[2]))
    assert offers(screen) == first


def test_the_language_changes_with_one_touch_on_any_screen(screen: Screen) -> None:
    for view in SAMPLES.values():
        screen.show(view, "ja")
        screen.tap("lang.en")
        assert "Call staff" in screen.texts()
        screen.tap("lang.ja_simple")
        assert "かかりの人をよぶ" in ["".join(text.split()) for text in screen.texts()]
    assert set(screen.sent) <= {StayHere()}


def test_the_next_resident_begins_in_japanese(screen: Screen) -> None:
    screen.show(SAMPLES["home"], "en")
    screen.show(SAMPLES["goodbye"])
    assert screen.app.language == "en", "the goodbye is still for the one who is going"
    screen.show(Attract(LIBRARY))
    assert screen.app.language == "ja"


def test_the_slip_is_in_the_residents_language_and_names_nobody(screen: Screen) -> None:
    screen.show(SAMPLES["home"])
    screen.show(SAMPLES["receipt"], "en")
    screen.tap("receipt.print")
    (sent,) = screen.sent
    assert isinstance(sent, PrintSlip)
    assert sent.lines[0] == "What you did today"
    assert "■ Requested (not final yet)" in sent.lines
    assert not [line for line in sent.lines if "花" in line]


def test_while_the_slip_prints_it_cannot_be_asked_for_again(screen: Screen) -> None:
    screen.show(SAMPLES["receipt"])
    screen.tap("receipt.print")
    assert "receipt.print" not in screen.controls()
    assert "印刷しています…" in screen.texts()
    screen.show(SAMPLES["receipt-printed"])
    assert "印刷しました。控えをお取りください。" in screen.texts()


def test_help_is_one_touch_away_covers_all_and_goes_away_again(screen: Screen) -> None:
    screen.show(SAMPLES["home"])
    finish = screen.controls()["footer.finish"]
    screen.tap("footer.staff")
    assert "窓口へお声がけください" in "".join(screen.texts())
    from kivy.tests.common import UnitTestTouch

    touch = UnitTestTouch(*finish.to_window(*finish.center))
    touch.touch_down()
    touch.touch_up()
    screen.frames()
    screen.tap("staff.close")
    assert "窓口へお声がけください" not in "".join(screen.texts())
    assert set(screen.sent) <= {StayHere()}, "what lies under the help was not touched"


def test_a_person_typing_is_not_taken_for_gone(screen: Screen) -> None:
    screen.show(PIN)
    for digit in "123":
        screen.tap(f"pin.{digit}")
    assert screen.sent == [StayHere()], "one sign of life is enough for a while"


# ---- touches that were not meant -----------------------------------------------------------------


def test_a_bouncing_panel_counts_once(screen: Screen) -> None:
    from kivy.tests.common import UnitTestTouch

    screen.show(PIN)
    key = screen.controls()["pin.7"]
    screen.app.guard.forget()
    for _ in range(2):
        touch = UnitTestTouch(*key.to_window(*key.center))
        touch.touch_down()
        touch.touch_up()
    screen.frames()
    assert screen.app.page.count == 1


def test_the_second_tap_of_a_double_tap_does_not_hit_the_next_screen(screen: Screen) -> None:
    from kivy.tests.common import UnitTestTouch

    screen.show(SAMPLES["confirm-final"])
    x, y = screen.controls()["confirm.yes"].center
    screen.tap("confirm.yes")
    screen.show(SAMPLES["booked"])
    touch = UnitTestTouch(*screen.controls()["message.ok"].to_window(x, y))
    touch.touch_down()
    touch.touch_up()
    screen.frames()
    assert screen.sent == [Confirm()], "nobody can have read the new screen yet"


def test_a_finger_lifted_after_its_screen_went_away_means_nothing(screen: Screen) -> None:
    from kivy.tests.common import UnitTestTouch

    screen.show(PIN)
    key = screen.controls()["pin.7"]
    screen.app.guard.forget()
    touch = UnitTestTouch(*key.to_window(*key.center))
    touch.touch_down()
    screen.show(Attract(LIBRARY))
    touch.touch_up()
    screen.frames()
    assert screen.app.view == Attract(LIBRARY)
    assert screen.sent == []


def test_what_counts_as_an_echo() -> None:
    guard = TouchGuard(px_per_mm=5.0)
    assert guard.touched(10.0, 100, 100)
    assert not guard.touched(10.05, 110, 100), "50 ms later, 2 mm away"
    assert guard.touched(10.05, 140, 100), "8 mm away: another finger"
    assert guard.touched(10.14, 140, 100), "90 ms later: meant"


def test_after_a_new_screen_the_same_place_waits_a_moment() -> None:
    guard = TouchGuard(px_per_mm=5.0)
    guard.touched(10.0, 100, 100)
    guard.new_screen(10.1)
    assert guard.refuses(10.3, 150, 100)
    assert not guard.refuses(10.3, 300, 100), "elsewhere at once"
    assert not guard.refuses(10.6, 150, 100), "there after a moment"


def test_a_sign_of_life_is_rare() -> None:
    patience = Patience(5.0)
    assert [patience.over(now) for now in (1.0, 2.0, 5.9, 6.0, 7.0)] == [True, False, False, True, False]
