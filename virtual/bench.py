"""A workbench with the whole system on it: server, network, one kiosk, and a tray of cards to tap."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import requests

from kiosk.settings import ScreenSettings
from server import cli as central
from ui.automation_client import AutomationClient
from virtual.cards.tray import Tray, make_tray
from virtual.enrolment import enrol_device
from virtual.processes import child, free_port, wait_until
from virtual.proxy import Proxy
from virtual.scanner import VirtualScanner
from virtual.ward import DEMO_FACILITY, Ward, make_ward, seed_server

PROGRAM = (sys.executable, "-m", "main")
DEVICE = "kiosk-hikarigaoka-1"
STAFF = "staff"


@dataclass
class Bench:
    """Everything of the demo, started by `with`. `folder` is made anew each time."""

    folder: Path
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    display: str | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    staff_password: str = field(default_factory=lambda: secrets.token_urlsafe(9))

    ward: Ward = field(init=False)
    tray: Tray = field(init=False)
    scanner: VirtualScanner = field(init=False)
    network: Proxy = field(init=False)
    server_url: str = field(init=False)

    def __enter__(self) -> Bench:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._stack = contextlib.ExitStack()
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # ---- paths ------------------------------------------------------------------------------

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'server.db'}"

    @property
    def settings_file(self) -> Path:
        return self.folder / "kiosk.toml"

    @property
    def printer_file(self) -> Path:
        return self.folder / "printer.bin"

    @property
    def socket(self) -> Path:
        return self.folder / "kiosk.sock"

    # ---- starting ---------------------------------------------------------------------------

    def _start(self) -> None:
        enter = self._stack.enter_context
        ward_key = secrets.token_bytes(32)
        self.tray = enter(make_tray(self.folder / "cards", self.now))
        self.ward = make_ward(now=self.now)
        self.ward.equip_demo_resident(ward_key, self.tray.library_idm)
        self._prepare_server()
        self._write_secret(ward_key)
        self._start_server()
        self.network = enter(Proxy(("127.0.0.1", int(self.server_url.rsplit(":", 1)[1]))))
        self.scanner = enter(VirtualScanner(self.folder / "scanner"))
        self._write_settings()
        enrol_device(self.database_url, self.network.url, DEVICE, self.folder / "kiosk" / "identity.json")
        self._start_kiosk()

    def _prepare_server(self) -> None:
        central.migrate(self.database_url)
        seed_server(self.database_url, self.ward)
        central.add_staff(self.database_url, STAFF, self.staff_password)
        central.add_device(self.database_url, DEVICE, DEMO_FACILITY, "光が丘図書館 1F")

    def _start_server(self) -> None:
        port = free_port()
        self.server_url = f"http://127.0.0.1:{port}"
        command = (
            *PROGRAM, "server", "run", "--database", self.database_url, "--port", str(port),
            "--ward-key", self.folder / "ward.key", "--card-key", self.folder / "card.key",
            "--server-key", self.folder / "server.key",
        )  # fmt: skip
        process = self._stack.enter_context(child(command, self.folder / "server.log"))
        wait_until(self._server_answers, 30, "the server", lambda: process.poll() is None)

    def _server_answers(self) -> bool:
        try:
            return requests.get(f"{self.server_url}/health", timeout=1).ok
        except requests.ConnectionError:
            return False

    def _write_secret(self, ward_key: bytes) -> None:
        with os.fdopen(os.open(self.folder / "ward.key", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(ward_key.hex())

    def _write_settings(self) -> None:
        self.printer_file.touch()
        self.settings_file.write_text(
            f"""\
device_id = "{DEVICE}"
facility_id = "{DEMO_FACILITY}"
server_url = "{self.network.url}"
ward_key_file = "ward.key"
data_dir = "kiosk"
trust_dir = "cards/trust"
reader = "Virtual PCD"
scanner = "scanner"
printer = "printer.bin"

[screen]
width = {self.screen.width}
height = {self.screen.height}
fullscreen = {str(self.screen.fullscreen).lower()}
diagonal_mm = {self.screen.diagonal_mm}
""",
            encoding="utf-8",
        )

    def _start_kiosk(self) -> None:
        env = {"DISPLAY": self.display, "SDL_VIDEODRIVER": "x11"} if self.display else {}
        self.kiosk_started = time.perf_counter()
        command = (*PROGRAM, "kiosk", "--settings", self.settings_file, "--automation", self.socket)
        self.kiosk = self._stack.enter_context(child(command, self.folder / "kiosk.log", env))
        wait_until(self.socket.exists, 30, "the kiosk", lambda: self.kiosk.poll() is None)

    def automation(self) -> AutomationClient:
        """A line to the kiosk's screen: what is shown, where is the button, take a picture."""
        return AutomationClient(self.socket)
