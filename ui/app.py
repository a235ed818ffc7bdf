"""The door to the screen: Kivy is configured here, and only then imported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiosk.views import Intent, View
from ui.settings import UiSettings, configure_kivy

if TYPE_CHECKING:
    from ui.kiosk_app import KioskApp


def make_app(
    send: Callable[[Intent], None], settings: UiSettings, on_shown: Callable[[View], None] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> KioskApp:  # fmt: skip
    """The application, ready to `run()`; views come in by `post()` from any thread.

    `send` must return at once. `on_shown` is called after the first frame that really shows a view.
    `now` is the device's idea of the time, which need not be the machine's.
    """
    configure_kivy(settings)
    from ui.kiosk_app import KioskApp

    return KioskApp(send, settings=settings, on_shown=on_shown, now=now)
