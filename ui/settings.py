"""What the screen is told, and Kivy's own configuration, all of it set here and before Kivy is imported."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class UiSettings:
    """`screen_diagonal_mm` turns millimetres into pixels; `automation`: socket for a scripted resident."""

    width: int = 1280
    height: int = 800
    fullscreen: bool = False
    screen_diagonal_mm: float = 256.5
    languages: tuple[str, ...] = ("ja", "ja_simple", "en")
    automation: Path | None = None
    left: int = 0
    """Where a window that does not fill the screen begins."""


def configure_kivy(settings: UiSettings) -> None:
    """Set everything Kivy would otherwise take from files, arguments or the X server.

    Exactly one input provider: Kivy's default reads raw devices besides the mouse and would count every
    touch twice.
    """
    os.environ.setdefault("KIVY_NO_ARGS", "1")
    os.environ.setdefault("KIVY_LOG_MODE", "PYTHON")  # or it takes sys.stderr, and tracebacks vanish
    os.environ.setdefault("KIVY_NO_FILELOG", "1")
    os.environ.setdefault("KIVY_NO_ENV_CONFIG", "1")
    os.environ.setdefault("KIVY_METRICS_DENSITY", "1")
    os.environ.setdefault("KIVY_METRICS_FONTSCALE", "1")
    os.environ.setdefault("KIVY_DPI", "96")
    os.environ.setdefault("KIVY_HOME", tempfile.mkdtemp(prefix="machikado-kivy-"))
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")
    from kivy.config import Config

    graphics = {
        "width": settings.width, "height": settings.height, "multisamples": 0, "maxfps": 60, "resizable": 0,
        "borderless": int(settings.fullscreen), "fullscreen": "auto" if settings.fullscreen else 0,
        "allow_screensaver": 0, "show_cursor": int(not settings.fullscreen), "position": "custom",
        "left": settings.left, "top": 0,
    }  # fmt: skip
    for name, value in graphics.items():
        Config.set("graphics", name, str(value))
    Config.set("kivy", "exit_on_escape", "0")
    Config.set("kivy", "log_level", "warning")
    for name, _ in Config.items("input"):
        Config.remove_option("input", name)
    Config.set("input", "mouse", "mouse,disable_multitouch")
