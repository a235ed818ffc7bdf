"""From the command to the first frame, against a bare Kivy window with one label."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import heading, line
from kiosk.settings import ScreenSettings
from virtual.bench import Bench
from virtual.processes import virtual_display

ROUNDS = 3
_BARE = """
import os
os.environ.update(KIVY_NO_ARGS="1", KIVY_NO_FILELOG="1", KIVY_LOG_MODE="PYTHON")
from kivy.config import Config
Config.set("graphics", "width", "1280"); Config.set("graphics", "height", "800")
from kivy.app import App
from kivy.core.window import Window
from kivy.uix.label import Label
class Bare(App):
    def build(self):
        Window.bind(on_flip=lambda *a: (print("frame", flush=True), self.stop()))
        return Label(text="one label")
Bare().run()
"""


def run() -> None:
    heading(f"Start to first frame (installed, file cache warm), median of {ROUNDS}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with virtual_display(1280, 800, folder / "display.log") as display:
            program = folder / "bare.py"
            program.write_text(_BARE)
            bare = statistics.median(_bare(program, display) for _ in range(ROUNDS))
            whole, kiosk = zip(*(_whole(folder, display) for _ in range(ROUNDS)), strict=True)
    line("bare Kivy window with one label", f"{bare:.2f} s", "baseline")
    line(
        "kiosk process alone", f"{statistics.median(kiosk):.2f} s", f"{statistics.median(kiosk) / bare:.1f} x"
    )
    line("whole system (ward, server, pcscd, kiosk)", f"{statistics.median(whole):.2f} s",
         f"{statistics.median(whole) / bare:.1f} x")  # fmt: skip


def _bare(program: Path, display: str) -> float:
    env = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, str(program)], env=env, stdout=subprocess.PIPE) as process:
        if process.stdout is None or b"frame" not in process.stdout.readline():
            raise RuntimeError("the bare window did not appear")
        return time.perf_counter() - began


def _whole(folder: Path, display: str) -> tuple[float, float]:
    """Seconds to the first frame of everything, and of the kiosk process in it."""
    began = time.perf_counter()
    with Bench(folder / "demo", ScreenSettings(fullscreen=False), display=display) as bench:
        with bench.automation() as automation:
            automation.wait("Attract", after=0, timeout=30)
        ended = time.perf_counter()
        return ended - began, ended - bench.kiosk_started
