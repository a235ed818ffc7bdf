"""From the card on the reader to the name on the screen, and how much of it is talking to the card."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.report import heading, line, median_ms, p95_ms
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.pcsc import PcscReader
from kiosk.people.tags import CardTagger
from kiosk.ports import CardEvent, CardPlaced
from kiosk.records import Put, change_to_json
from kiosk.settings import load_settings
from kiosk.views import Attract, Home, View
from main import build_kiosk
from sync.identity import Identity, save_identity
from ui.app import make_app
from ui.settings import UiSettings
from virtual.cards.tray import LIBRARY_IDM, make_tray
from virtual.ward import DEMO_FACILITY, make_ward

TAPS = 10


class _Watched:
    """A reader whose card events are noted on their way."""

    def __init__(self, reader: PcscReader) -> None:
        self._reader = reader
        self.last: CardPlaced | None = None

    def start(self, listener: Callable[[CardEvent], None]) -> None:
        def note(event: CardEvent) -> None:
            if isinstance(event, CardPlaced):
                self.last = event
            listener(event)

        self._reader.start(note)

    def close(self) -> None:
        self._reader.close()


def run() -> None:
    heading(f"Card on the reader to the name on the screen ({TAPS} taps of a library card)")
    with tempfile.TemporaryDirectory() as name, make_tray(Path(name) / "cards", datetime.now(UTC)) as tray:
        _measure(Path(name), tray)


def _measure(folder: Path, tray: Any) -> None:
    key = secrets.token_bytes(32)
    reader = _Watched(
        PcscReader(
            CardTagger(key), TrustStore(folder / "cards" / "trust"), "bench", reader_filter="Virtual PCD"
        )
    )
    shown: dict[str, float] = {}

    def note(view: View) -> None:
        shown[type(view).__name__] = time.monotonic()

    app = make_app(lambda intent: kiosk.attendant.post(intent), UiSettings(), note)
    app._run_prepare()
    kiosk = build_kiosk(
        load_settings(_settings(folder, key)), app.post, reader=reader, scanner=None, printer=None
    )
    _stock(kiosk.ledger, key)
    kiosk.start()
    totals, shares, detections = [], [], []
    for _ in range(TAPS):
        _until(lambda: isinstance(app.view, Attract) and app.view.reader_trouble is None)
        shown.clear()
        laid = time.monotonic()
        tray.lay_down("library")
        _until(lambda: isinstance(app.view, Home) and "Home" in shown)
        event = reader.last
        if event is None:
            raise RuntimeError("no card was seen")
        totals.append(shown["Home"] - event.detected_at)
        shares.append(event.io_seconds / totals[-1])
        detections.append(event.detected_at - laid)
        tray.take_up()
    kiosk.stop()
    app.stop()
    line("virtual reader notices the card (pcscd asks every 0.4 s)", f"{median_ms(detections):.0f} ms")
    line("noticed to name drawn, median / p95", f"{median_ms(totals):.0f} / {p95_ms(totals):.0f} ms",
         f"{sorted(shares)[len(shares) // 2]:.0%} of it is card I/O")  # fmt: skip


def _settings(folder: Path, key: bytes) -> Path:
    (folder / "key").write_text(key.hex())
    device = Ed25519PrivateKey.generate()
    alone = Identity("bench", device, device.public_key(), datetime.now(UTC))  # no server ever answers here
    save_identity(folder / "data" / "identity.json", alone)
    path = folder / "kiosk.toml"
    path.write_text(
        f'device_id = "bench"\nfacility_id = "{DEMO_FACILITY}"\nserver_url = "http://127.0.0.1:9"\n'
        'ward_key_file = "key"\ndata_dir = "data"\ntrust_dir = "cards/trust"\n'
    )
    return path


def _stock(ledger: Any, key: bytes) -> None:
    now = datetime.now(UTC)
    ward = make_ward(now=now)
    ward.equip_demo_resident(key, LIBRARY_IDM)
    ledger.replace_all("bench", 1, [change_to_json(Put(record)) for record in ward.records], now)


def _until(ready: Callable[[], bool]) -> None:
    from kivy.base import EventLoop

    deadline = time.monotonic() + 20
    while not ready():
        EventLoop.idle()
        time.sleep(0.001)
        if time.monotonic() > deadline:
            raise RuntimeError("the screen did not follow")
