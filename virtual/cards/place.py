"""Where the pcscd of this process is to be found: its socket, its readers, the ports where cards connect.

Programs find the socket by PCSCLITE_CSOCK_NAME. A PC/SC library keeps the name that it found first, so there
is one such place for each process, shared with the programs it starts.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import socket
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

READER = "Virtual PCD"
_DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"


class Place:
    """Where the pcscd of this process is: a folder with its socket and its readers, two ports for cards."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machikado-pcscd-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        self.socket = self.folder / "pcscd.comm"
        self.readers = self.folder / "readers"
        self.readers.mkdir()
        self.port = _two_ports()
        (self.readers / "vpcd").write_text(
            f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:0x{self.port:X}\n'
            f"LIBPATH {_DRIVER}\nCHANNELID 0x{self.port:X}\n"
        )
        os.environ["PCSCLITE_CSOCK_NAME"] = str(self.socket)

    def listen(self) -> socket.socket:
        """The socket for a pcscd to come; whoever connects before that waits."""
        self.socket.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.socket))
        listening.listen(16)
        return listening


@cache
def place() -> Place:
    """The one of this process; made, and told to its PC/SC library, when it is first asked for."""
    return Place()


def _two_ports() -> int:
    """Two neighbouring ports of 127.0.0.1 that nobody listens on, below those given out at random."""
    while True:
        port = random.randrange(20000, 30000)
        try:
            with ExitStack() as stack:
                for number in (port, port + 1):
                    stack.enter_context(socket.create_server(("127.0.0.1", number)))
        except OSError:
            continue
        return port
