"""`make run` without a display, as a newcomer meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.logscan import findings
from virtual.printer import slips

pytestmark = pytest.mark.serial
_STAMP = len("2026-11-21 04:05:06,789 ")
HEADLESS = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}


def test_the_scripted_resident_does_everything_without_a_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "main", "demo", "--folder", str(tmp_path / "demo")]
    env = HEADLESS | {"MACHIKADO_LOG_LEVEL": "DEBUG"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + (tmp_path / "demo/kiosk.log").read_text()
    assert "The network is cut" in done.stdout
    for kind in ("check_in", "checkout", "book", "link_card"):
        assert f" {kind} " in done.stdout
    assert done.stdout.count("applied") == 6, "the five acts, and where the card was seen"
    pictures = sorted((tmp_path / "demo" / "screens").glob("[0-9]*.png"))
    assert len(pictures) >= 19
    for picture in pictures:
        with Image.open(picture) as image:
            assert image.size == (1280, 800)
            colours = image.getcolors(1 << 20)
            assert colours is not None
            assert len(colours) > 50, picture.name
    assert len(slips((tmp_path / "demo" / "printer.bin").read_bytes())) == 1
    assert_secrets_stay_out_of_logs(tmp_path / "demo")


def assert_secrets_stay_out_of_logs(folder: Path) -> None:
    """The processes' own files, written at their lowest level, under the scan that all tests run under."""
    logs = {path.name: path.read_text(errors="replace") for path in folder.rglob("*.log")}
    assert {"kiosk.log", "server.log"} <= set(logs)
    assert "DEBUG" in logs["kiosk.log"]
    identity = json.loads((folder / "kiosk" / "identity.json").read_text())
    for name, text in logs.items():
        assert identity["key"] not in text
        assert identity["server_key"] not in text
        assert "EnterPin" not in text
        given_away = [(line, what) for line in text.splitlines() if (what := findings(line[_STAMP:]))]
        assert given_away == [], name


def test_ctrl_c_ends_everything_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "main", "demo", "--folder", str(tmp_path / "demo")]
    process = subprocess.Popen(command, env=HEADLESS, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "The network is cut" in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(30) == 0, rest
    deadline = time.monotonic() + 5
    while left := _started_in(tmp_path):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def _started_in(folder: Path) -> list[str]:
    """Command lines of living processes that mention this folder."""
    found = []
    for proc in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # ended while we looked
        if str(folder) in words and "pytest" not in words:
            found.append(words)
    return found
