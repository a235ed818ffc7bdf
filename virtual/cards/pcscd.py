"""A pcscd of our own with two virtual readers, beside whatever the system runs.

It needs no rights: the socket is handed to it as systemd would (sd_listen_fds(3)), readers and ports come
from a folder of its own (`pcscd -c`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from drivers.cards.readers.connection import ServiceLost, establish, list_readers, release
from virtual.cards.place import READER, place
from virtual.processes import StartProblem

PROGRAM = "/usr/sbin/pcscd"
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
_LISTENING = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&0 0</dev/null'
_END_SECONDS = 10


def virtual_reader_ready() -> bool:
    """Whether our pcscd answers and shows the virtual reader."""
    place()
    try:
        context = establish()
    except ServiceLost:
        return False
    try:
        return any(READER in name for name in list_readers(context))
    except ServiceLost:
        return False
    finally:
        release(context)


class Pcscd:
    """Makes sure that pcscd runs while this is entered; `kill` and `start` are for tests of recovery."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Pcscd:
        if not virtual_reader_ready():
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """Where a card connects to lie on the first reader; the second listens one above."""
        return place().port

    def start(self) -> None:
        """Start one and wait for the virtual reader; raises StartProblem."""
        command = [PROGRAM, "--foreground", "-c", str(place().readers)]
        if os.geteuid() == 0:
            command = [*_NOBODY, *command]
        with self._log.open("ab") as out, place().listen() as listening:
            self._process = subprocess.Popen(
                ["sh", "-c", _LISTENING, "sh", *command],
                stdin=listening, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 15
        while not virtual_reader_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StartProblem(f"pcscd with the virtual reader did not start, see {self._log}")
            time.sleep(0.05)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As if it had crashed."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_END_SECONDS)
