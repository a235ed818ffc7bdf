"""The other end of `ui.automation`, without Kivy."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any


class AutomationClient:
    """Asks a running kiosk screen; one request at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rw", encoding="utf-8")
        self._turn = threading.Lock()

    def __enter__(self) -> AutomationClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _ask(self, **request: Any) -> Any:
        with self._turn:
            self._lines.write(json.dumps(request) + "\n")
            self._lines.flush()
            answer = self._lines.readline()
        if not answer:
            raise ConnectionError("the kiosk's screen went away")
        return json.loads(answer)

    def view(self) -> tuple[str, int]:
        """The name of the view on screen, and how many were shown so far."""
        name, shown = self._ask(do="view")
        return name, shown

    def wait(self, screen: str, *, after: int, timeout: float) -> bool:
        """Until this screen is drawn, as a later one than number `after`."""
        return bool(self._ask(do="wait", screen=screen, after=after, timeout=timeout))

    def find(self, test_id: str) -> tuple[float, float, float, float] | None:
        """Left, top, width, height of a control in window pixels; None where it cannot be touched."""
        rect = self._ask(do="find", id=test_id)
        return tuple(rect) if rect else None

    def ids(self) -> list[str]:
        """All controls that can be touched now."""
        return list(self._ask(do="ids"))

    def texts(self) -> list[str]:
        """All words on screen."""
        return list(self._ask(do="texts"))

    def screenshot(self, path: Path) -> None:
        """Write a PNG of what is on screen."""
        self._ask(do="screenshot", path=str(path.resolve()))

    def language(self) -> str:
        """The language on screen."""
        return str(self._ask(do="language"))
