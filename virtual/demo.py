"""`machikado demo`: the whole system on one machine, with a tray to tap cards, or a scripted resident."""

from __future__ import annotations

import signal
from pathlib import Path

from kiosk.settings import ScreenSettings
from virtual.bench import STAFF, Bench
from virtual.processes import has_display, virtual_display
from virtual.ward import DEMO_LIBRARY_PIN

SCREEN = ScreenSettings(width=1280, height=800, fullscreen=False)


def run(folder: Path) -> int:
    """Run the demo until it is finished or interrupted; returns the exit code."""
    folder = folder.resolve()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have started us with SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        return _with_windows(folder) if has_display() else _with_script(folder)
    except KeyboardInterrupt:
        print("\nEverything that was started has been ended.")
        return 0


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _with_windows(folder: Path) -> int:
    from virtual.tray_window import run_tray

    with Bench(folder, SCREEN) as bench:
        _tell(bench)
        print("Tap the cards in the tray window. Ctrl-C (or closing the tray) ends everything.")
        run_tray(bench)
    return 0


def _with_script(folder: Path) -> int:
    from virtual.journey import perform

    folder.mkdir(parents=True, exist_ok=True)
    log = folder.parent / f"{folder.name}-display.log"
    print("No display here: a virtual one is used, and a scripted resident.")
    with (
        virtual_display(SCREEN.width, SCREEN.height, log) as display,
        Bench(folder, SCREEN, display=display) as bench,
    ):
        _tell(bench)
        return perform(bench, display)


def _tell(bench: Bench) -> None:
    print(f"Central server: {bench.server_url}/desk/   name {STAFF}, password {bench.staff_password}")
    print(f"The resident's library PIN is {DEMO_LIBRARY_PIN}, the PIN of the My Number card 1234.")
    print(f"Files of this run: {bench.folder}")
