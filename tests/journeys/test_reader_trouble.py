"""The card service dies under a running kiosk: the screen says so, and recovers by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.settings import ScreenSettings
from ui.automation_client import AutomationClient
from ui.i18n import Words
from virtual.bench import Bench
from virtual.cards.pcscd import Pcscd
from virtual.journey import wait_until_connected
from virtual.processes import virtual_display, wait_until

pytestmark = pytest.mark.serial


def squeezed(automation: AutomationClient) -> str:
    return "".join("".join(text.split()) for text in automation.texts())


def test_the_screen_says_that_the_reader_is_away_and_that_it_is_back(pcscd: Pcscd, tmp_path: Path) -> None:
    screen = ScreenSettings(fullscreen=False)
    with (
        virtual_display(1280, 800, tmp_path / "display.log") as display,
        Bench(tmp_path / "demo", screen, display=display) as bench,
        bench.automation() as automation,
    ):

        def until(ready: object, what: str) -> None:
            wait_until(ready, 20, what, lambda: bench.kiosk.poll() is None)  # type: ignore[arg-type]

        wait_until_connected(bench, automation)
        away = "".join(Words("ja")("attract.trouble").split())
        assert away not in squeezed(automation)
        pcscd.kill()
        until(lambda: away in squeezed(automation), "the message")
        pcscd.start()
        until(lambda: away not in squeezed(automation), "the recovery")
        _, shown = automation.view()
        bench.tray.lay_down("library")
        assert automation.wait("Home", after=shown, timeout=10), "cards work again without a restart"
        pcscd.kill()
        until(lambda: automation.view()[0] == "Attract", "the end of the visit")
        assert "練馬花" not in squeezed(automation), (
            "whose card cannot be seen any more is not shown any more"
        )
        pcscd.start()
