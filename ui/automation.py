"""A line for scripted residents: what is on screen, where is a control, take a picture.

One JSON object a line over a Unix socket, answered in order. It reads the screen and never touches it: a
script taps with a real pointer. Off unless a socket path is given.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels
from PIL import Image

_ANSWER_SECONDS = 10.0


class Automation:
    """Serves one client at a time; every request is carried out on the Kivy thread."""

    def __init__(self, app: Any, path: Path) -> None:
        self._app = app
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        unready = path.with_suffix(".starting")
        self._listener.bind(str(unready))
        self._listener.listen(2)
        unready.rename(path)  # whoever sees the path can connect
        threading.Thread(target=self._accept, name="automation", daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: that is how this thread ends
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                answer = self._answer(json.loads(line))
                lines.write(json.dumps(answer) + "\n")
                lines.flush()

    def _answer(self, request: dict[str, Any]) -> Any:
        what = request["do"]
        if what == "wait":
            return self._wait(request["screen"], request["after"], request["timeout"])
        work: dict[str, Callable[[], Any]] = {
            "view": lambda: [type(self._app.view).__name__, self._app.shown],
            "find": lambda: self._find(request["id"]),
            "language": lambda: self._app.language,
            "ids": lambda: sorted(w.test_id for w in self._controls()),
            "texts": lambda: [w.text for w in Window.children[-1].walk() if getattr(w, "text", "")],
            "screenshot": lambda: save_screenshot(Path(request["path"])),
        }
        return self._on_kivy(work[what])

    def _on_kivy(self, work: Callable[[], Any]) -> Any:
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        Clock.schedule_once(lambda _dt: answers.put(work()), -1)
        return answers.get(timeout=_ANSWER_SECONDS)

    def _wait(self, screen: str, after: int, timeout: float) -> bool:
        """Until this screen is shown (anew, if it is the one that was there before)."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            name, shown = self._on_kivy(lambda: (type(self._app.view).__name__, self._app.shown))
            if name == screen and shown > after and self._on_kivy(lambda: self._app.settled):
                return True
            time.sleep(0.01)
        return False

    def _controls(self) -> list[Any]:
        roots = Window.children[:1] if len(Window.children) > 1 else Window.children
        found = (widget for root in roots for widget in root.walk())
        return [w for w in found if getattr(w, "test_id", "") and not w.disabled and w.width > 1]

    def _find(self, test_id: str) -> list[float] | None:
        """Where a control is; None where it is not, or where a touch would not count yet."""
        for widget in self._controls():
            if widget.test_id == test_id:
                x, y = widget.to_window(widget.x, widget.y)
                middle = (x + widget.width / 2, y + widget.height / 2)
                if self._app.guard.refuses(time.monotonic(), *middle):
                    return None
                return [x, Window.height - y - widget.height, widget.width, widget.height]
        return None


def pixels() -> Image.Image:
    """What is on screen now."""
    width, height = Window.system_size
    raw = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
    return Image.frombytes("RGB", (width, height), raw).transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def save_screenshot(path: Path) -> bool:
    """Write what is on screen as PNG."""
    Window.dispatch("on_draw")
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels().save(path)
    Window.dispatch("on_flip")
    return True
