"""A barcode scanner in serial mode (USB-CDC or RS-232): one label a line."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import serial

from kiosk.ports import BarcodeScanned

log = logging.getLogger(__name__)

READ_SECONDS = 0.5
"""Longest single wait, so that closing takes no longer."""
RETRY_SECONDS = 1.0
LONGEST_LINE = 256
"""Bytes of one label; what is longer is noise and dropped."""


class SerialScanner:
    """Implements `kiosk.ports.Scanner`; comes back by itself when the device was unplugged."""

    def __init__(self, path: Path, baudrate: int = 9600) -> None:
        self._path = path
        self._baudrate = baudrate
        self._stopped = threading.Event()
        self._listener: Callable[[BarcodeScanned], None] = lambda scanned: None
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)

    def start(self, listener: Callable[[BarcodeScanned], None]) -> None:
        self._listener = listener
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        missing = False
        while not self._stopped.is_set():
            try:
                with serial.Serial(str(self._path), self._baudrate, timeout=READ_SECONDS) as port:
                    log.info("scanner-up")
                    missing = False
                    self._read(port)
            except (serial.SerialException, OSError) as error:
                if not missing:
                    log.warning("scanner-missing: %s", type(error).__name__)
                missing = True
                self._stopped.wait(RETRY_SECONDS)

    def _read(self, port: serial.Serial) -> None:
        line = bytearray()
        while not self._stopped.is_set():
            for byte in port.read(max(1, port.in_waiting)):
                if byte in b"\r\n":
                    if line:
                        self._listener(BarcodeScanned(line.decode("ascii", "replace")))
                    line.clear()
                elif len(line) < LONGEST_LINE:
                    line.append(byte)
