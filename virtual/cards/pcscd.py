"""A running pcscd with the virtual reader: the one that is there, or one of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from drivers.cards.readers.connection import ServiceLost, establish, list_readers, release
from virtual.processes import StartProblem

PROGRAM = "/usr/sbin/pcscd"
READER = "Virtual PCD"
_PID_FILE = Path("/run/pcscd/pcscd.pid")
_END_SECONDS = 10


def virtual_reader_ready() -> bool:
    """Whether some pcscd answers and shows the virtual reader."""
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
    """Makes sure that pcscd runs while this is entered; `kill` and `restart` are for tests of recovery."""

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
    def ours(self) -> bool:
        """Whether we started it (one of the system's is never stopped by us)."""
        return self._process is not None

    def start(self) -> None:
        """Start one and wait for the virtual reader; raises StartProblem."""
        command = [PROGRAM, "--foreground"]
        if os.geteuid() != 0:
            command = ["sudo", "-n", *command]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
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
        if process is None:
            return
        if os.geteuid() == 0:
            process.send_signal(number)
        else:  # our child is sudo, which cannot pass on a SIGKILL: pcscd itself is meant
            daemon = _PID_FILE.read_text().strip()
            subprocess.run(["sudo", "-n", "kill", f"-{number.value}", daemon], check=True)
        process.wait(_END_SECONDS)
