"""The application itself: what is always on screen, what is reported, what happens when it fails."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from kiosk.codes import Standstill, Trouble
from kiosk.views import Action, Attract, Finish, Goodbye, Home, Problem, Status, View
from tests.ui.conftest import Screen
from ui.gallery import LIBRARY, NOW, SAMPLES
from ui.i18n import LANGUAGES, Words
from ui.widgets.frame import state_words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(True, None, 0), "つながっています"),
        (Status(True, None, 3), "つながっています（送信中 3件）"),
        (Status(False, NOW, 2), "ネットワークなし（13:05から）手続きはできます。あとで送ります 2件"),
        (Status(True, None, 0, rescued=5), "記録を修復しました"),
        (
            Status(False, NOW, 2, standstill=Standstill.DEVICE_REVOKED),
            "端末は停止中です。手続きはできます。あとで送ります 2件",
        ),
    ],
)
def test_the_state_of_the_network_is_said_in_words(screen: Screen, status: Status, words: str) -> None:
    screen.show(Attract(LIBRARY))
    screen.show(status)
    assert words in screen.texts()


def test_the_state_is_said_on_every_screen_and_in_every_language(screen: Screen) -> None:
    screen.show(Status(False, NOW - timedelta(hours=3), 4))
    for view in SAMPLES.values():
        screen.show(view, "en")
        assert "No network since 10:05. You can go on; 4 will be sent later" in screen.texts()


def test_a_view_is_reported_once_it_is_really_on_screen(screen: Screen) -> None:
    shown: list[View] = []
    screen.app._on_shown = shown.append
    view = Home("練馬 花○", None, (Action.BORROW,), 0, ())
    screen.app.post(view)
    assert shown == []
    screen.frames(2)
    screen.app._on_shown = None
    assert shown == [view]


def test_views_come_in_from_any_thread_in_order(screen: Screen) -> None:
    def talk() -> None:
        for view in SAMPLES.values():
            screen.app.post(view)
        screen.app.post(Attract(LIBRARY))

    before = screen.app.shown
    thread = threading.Thread(target=talk)
    thread.start()
    thread.join()
    screen.frames(2)
    assert screen.app.shown == before + len(SAMPLES) + 1
    assert screen.app.view == Attract(LIBRARY)


def test_another_screen_is_there_within_a_blink(screen: Screen) -> None:
    views = [view for view in SAMPLES.values() if not isinstance(view, (Attract, Goodbye))]
    for view in views:
        screen.show(view)
    took = []
    for view in views:
        began = time.perf_counter()
        screen.app.post(view)
        while not screen.app.settled or screen.app.view != view:
            screen.frames(1)
        took.append(time.perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.25, "typical"


# ---- faults of our own ---------------------------------------------------------------------------


def fail(screen: Screen) -> None:
    from kivy.base import ExceptionManager

    ExceptionManager.handle_exception(RuntimeError("boom"))
    screen.frames(3)


def test_a_defect_in_the_screen_ends_on_a_calm_sentence(screen: Screen) -> None:
    screen.show(SAMPLES["home"])
    fail(screen)
    assert screen.app.view == Problem(Trouble.INTERNAL, back=False)
    assert not [text for text in screen.texts() if "boom" in text]
    screen.tap("problem.ok")
    assert screen.sent == [Finish()], "the visit is ended, not gone back to"


def test_after_a_defect_the_next_view_is_trusted_again(screen: Screen) -> None:
    fail(screen)
    screen.show(SAMPLES["home"])
    screen.tap("home.borrow")
    assert screen.sent != [Finish()]


def test_where_even_the_calm_sentence_fails_the_process_ends(screen: Screen) -> None:
    from kivy.base import ExceptionManager

    assert ExceptionManager.handle_exception(RuntimeError("one")) == ExceptionManager.PASS
    assert ExceptionManager.handle_exception(RuntimeError("two")) == ExceptionManager.RAISE
    screen.frames(2)
    screen.show(Attract(LIBRARY))


def test_only_configured_languages_are_offered(screen: Screen) -> None:
    screen.app.languages = ["ja", "en"]
    screen.show(Attract(LIBRARY))
    there = set(screen.controls())
    screen.app.languages = ["ja", "ja_simple", "en"]
    assert {"lang.ja", "lang.en"} <= there
    assert "lang.ja_simple" not in there


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_standstill_is_said_whole_and_with_what_waits(screen: Screen, language: str) -> None:
    screen.show(Attract(LIBRARY), language)
    for why in Standstill:
        status = Status(False, NOW, 4, standstill=why)
        screen.show(status)
        words = state_words(Words(language), status)
        assert "4" in words
        assert words in screen.texts()
