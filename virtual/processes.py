"""Child processes that end when we do, and a display where there is none."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO


class StartProblem(Exception):
    """Something we need did not start; the text says what its log says."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def wait_until(ready: Callable[[], bool], seconds: float, what: str, alive: Callable[[], bool]) -> None:
    """Poll until `ready`; raises StartProblem at the deadline or when `alive` says it died."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not alive():
            raise StartProblem(f"{what} ended while starting")
        if time.monotonic() > deadline:
            raise StartProblem(f"{what} was not ready after {seconds:.0f} s")
        time.sleep(0.02)


@contextlib.contextmanager
def child(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a session of its own, output into `log`; terminated (then killed) on leaving."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})}, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], patience: float = 5.0) -> None:
    """Ask a process to end; insist after `patience` seconds."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def has_display() -> bool:
    """Whether there is a screen to show windows on."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def virtual_display(width: int, height: int, log: Path) -> Iterator[str]:
    """An X server in memory (Xvfb with Mesa's software renderer); gives its DISPLAY name."""
    read_end, write_end = os.pipe()
    with log.open("ab") as out:
        process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24",
             "+extension", "GLX",
             "-nolisten", "tcp", "-noreset"],
            stdout=out, stderr=subprocess.STDOUT, pass_fds=(write_end,), start_new_session=True,
        )  # fmt: skip
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            number = _first_line(pipe)
        if not number:
            raise StartProblem(f"Xvfb did not start, see {log}")
        yield f":{number}"
    finally:
        end(process)


def _first_line(pipe: IO[str]) -> str:
    return pipe.readline().strip()
