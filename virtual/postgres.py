"""A real PostgreSQL of our own, for tests and simulations: made in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from virtual.processes import free_port


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed: `make test` installs the package postgresql")
    return found[-1]


def _as_owner(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: there it runs as its own user."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start a server; gives the URL of its maintenance database."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and str(parent) not in ("/", "/tmp"):  # noqa: S108
                parent.chmod(parent.stat().st_mode | 0o011)
    binaries, data, port = _binaries(), folder / "data", free_port()
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    run = subprocess.run
    make = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", user, "-E", "UTF8", "--locale=C"]
    run(_as_owner(make), check=True, capture_output=True, cwd="/")
    options = f"-p {port} -h 127.0.0.1 -k {folder}"
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    run(_as_owner([*control, "-o", options, "start"]), check=True, capture_output=True, cwd="/")
    try:
        yield f"postgresql://{user}@127.0.0.1:{port}/postgres"
    finally:
        run(_as_owner([*control, "-m", "immediate", "stop"]), check=True, capture_output=True, cwd="/")
        shutil.rmtree(data, ignore_errors=True)
