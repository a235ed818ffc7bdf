"""A real screen, rendered without a display, driven frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from kiosk.views import Intent, Status, View
from ui.settings import UiSettings

SETTINGS = UiSettings(width=1280, height=800)


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

    def texts(self) -> list[str]:
        return [w.text.replace("\n", "") for w in self.visible() if getattr(w, "text", "")]

    def tap(self, test_id: str) -> None:
        from kivy.tests.common import UnitTestTouch

        widget = self.controls()[test_id]
        self.app._last_touch = (0.0, 0.0, 0.0)
        touch = UnitTestTouch(*widget.to_window(*widget.center))
        touch.touch_down()
        self.frames(1)
        touch.touch_up()
        self.frames(2)


@pytest.fixture(scope="session")
def running() -> Iterator[Screen]:
    from ui.app import make_app

    sent: list[Intent] = []
    app = make_app(sent.append, SETTINGS)
    app._run_prepare()
    yield Screen(app, sent)
    app.stop()


@pytest.fixture
def screen(running: Screen) -> Screen:
    running.sent.clear()
    running.app.language = "ja"
    return running
