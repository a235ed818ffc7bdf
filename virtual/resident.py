"""A scripted resident: looks at the screen, taps it with a real pointer, lays down cards, scans books."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ui.automation_client import AutomationClient

PATIENCE = 15.0
"""Seconds a resident waits for a screen before giving up."""


class LostPatience(Exception):
    """What should have appeared did not."""


@dataclass
class Resident:
    """Eyes (`screen`), a finger (`tap`), and a notebook with the time every step took."""

    automation: AutomationClient
    display: str
    pictures: Path
    say: Callable[[str], None] = print
    steps: list[tuple[str, float]] = field(default_factory=list)
    _shots: int = 0

    def tap(self, test_id: str) -> None:
        """Touch the middle of a control with a real pointer event."""
        x, y, width, height = self._where(test_id)
        env = {**os.environ, "DISPLAY": self.display}
        command = ["xdotool", "mousemove", str(int(x + width / 2)), str(int(y + height / 2)), "click", "1"]
        subprocess.run(command, env=env, check=True)

    def sees(self, test_id: str) -> bool:
        """Whether this control is on screen now."""
        return self.automation.find(test_id) is not None

    def _where(self, test_id: str) -> tuple[float, float, float, float]:
        deadline = time.monotonic() + PATIENCE
        while (rect := self.automation.find(test_id)) is None:
            if time.monotonic() > deadline:
                raise LostPatience(f"{test_id} did not appear; on screen: {self.automation.view()[0]}")
            time.sleep(0.02)
        return rect

    def step(self, text: str, act: Callable[[], object], *, until: str, picture: str | None = None) -> None:
        """Do something, wait for the screen that should follow, note the time, take a picture."""
        _, counter = self.automation.view()
        began = time.monotonic()
        act()
        if not self.automation.wait(until, after=counter, timeout=PATIENCE):
            raise LostPatience(f"{text}: expected {until}, on screen: {self.automation.view()[0]}")
        took = time.monotonic() - began
        self.steps.append((text, took))
        self.say(f"  {took * 1000:7.0f} ms  {text}")
        if picture is not None:
            self.photograph(picture)

    def photograph(self, name: str) -> None:
        """A picture of the screen as it is, numbered in order."""
        self._shots += 1
        self.automation.screenshot(self.pictures / f"{self._shots:02d}-{name}.png")

    def type_pin(self, pin: str) -> None:
        for digit in pin:
            self.tap(f"pin.{digit}")
        self.tap("pin.ok")
