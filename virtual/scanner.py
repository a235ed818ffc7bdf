"""A barcode scanner that is a pseudo-terminal: the kiosk opens it as it would open a real one."""

from __future__ import annotations

import os
import pty
import tty
from pathlib import Path
from types import TracebackType


class VirtualScanner:
    """`scan` sends a label; `path` is what the kiosk's settings name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> VirtualScanner:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)

    def scan(self, label: str) -> None:
        """Hold this label under the scanner, which sends NW-7 start and stop characters as many do."""
        os.write(self._master, f"A{label}A\r\n".encode())
