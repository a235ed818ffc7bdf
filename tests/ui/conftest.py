"""A real screen, rendered without a display, driven frame by frame, in the sizes of two panels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from kiosk.views import Attract, Intent, Place, Status, View
from ui.settings import UiSettings

SIZES = ((1280, 800), (1024, 600))


@dataclass
class Screen:
    """The application with eyes and a finger."""

    app: Any
    sent: list[Intent] = field(default_factory=list)

    def frames(self, count: int = 2) -> None:
        from kivy.base import EventLoop

        for _ in range(count):
            EventLoop.idle()

    def show(self, view: View | Status, language: str | None = None) -> None:
        self.app.post(view)
        self.frames(1)
        if language is not None:
            self.app.language = language
        self.frames(2)

    def widgets(self) -> list[Any]:
        from kivy.core.window import Window

        return [widget for root in Window.children for widget in root.walk()]

    def visible(self) -> list[Any]:
        def shown(widget: Any) -> bool:
            while widget is not None and hasattr(widget, "opacity"):
                if widget.opacity == 0:
                    return False
                widget = widget.parent if widget.parent is not widget else None
            return True

        return [w for w in self.widgets() if w.width > 1 and w.height > 1 and shown(w)]

    def controls(self) -> dict[str, Any]:
        return {w.test_id: w for w in self.visible() if getattr(w, "test_id", "") and not w.disabled}

    def labels(self) -> list[Any]:
        return [w for w in self.visible() if getattr(w, "text", "")]

    def texts(self) -> list[str]:
        return [w.text.replace("\n", "") for w in self.labels()]

    def tap(self, test_id: str) -> None:
        """A touch that counts, whatever came before."""
        from kivy.tests.common import UnitTestTouch

        widget = self.controls()[test_id]
        self.app.guard.forget()
        touch = UnitTestTouch(*widget.to_window(*widget.center))
        touch.touch_down()
        self.frames(1)
        touch.touch_up()
        self.frames(2)


def _pull_down(app: Any) -> None:
    """Everything of an application away, so that the next in this process begins from nothing."""
    from kivy.app import App
    from kivy.base import EventLoop
    from kivy.core.window import Window

    app.dispatch("on_stop")
    for child in list(Window.children):
        Window.remove_widget(child)
    Window.canvas.clear()
    EventLoop.touches.clear()
    App._running_app = None


@pytest.fixture(scope="session", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def panel(request: pytest.FixtureRequest) -> Iterator[Screen]:
    assert os.environ.get("KIVY_GL_BACKEND") != "mock", "a mock of OpenGL draws nothing and passes everything"
    from ui.app import make_app

    width, height = request.param
    sent: list[Intent] = []
    app = make_app(sent.append, UiSettings(width=width, height=height))
    from kivy.clock import Clock
    from kivy.core.window import Window

    Clock._max_fps = 0  # no waiting for the next sixtieth of a second
    Window.size = (width, height)
    app._run_prepare()
    assert tuple(Window.system_size) == (width, height)
    yield Screen(app, sent)
    _pull_down(app)


@pytest.fixture
def screen(panel: Screen) -> Screen:
    """A screen between two residents: nobody there, Japanese, nothing sent."""
    panel.app.close_overlay()
    panel.show(Attract(Place("光が丘図書館", "ひかりがおか としょかん", "Hikarigaoka Library")))
    panel.sent.clear()
    return panel
