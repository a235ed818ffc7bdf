"""The staff pages in a real browser, and the words they use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from kiosk.codes import Clash, Refusal
from kiosk.decide import DECIDERS
from kiosk.operations import ClockTrust, OutcomeKind
from server import cli
from server.desk.words import CLOCKS, CODES, KINDS, OUTCOMES
from tests.conftest import Central
from tests.server.house import give_back, lend
from virtual.ward import DEMO_RESIDENT

PASSWORD = "correct horse"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", headless=True, args=ARGUMENTS,
            viewport={"width": 1280, "height": 800}, locale="ja-JP",
        )  # fmt: skip
        opened = context.new_page()
        opened.set_default_timeout(15_000)
        yield opened
        context.close()


def sign_in(central: Central, page: Page) -> None:
    cli.add_staff(central.database_url, "saito", PASSWORD)
    page.goto(f"{central.url}/desk/")
    page.get_by_label("名前").fill("saito")
    page.get_by_label("パスワード").fill(PASSWORD)
    page.get_by_role("button", name="はじめる").click()
    expect(page.get_by_role("heading", name="届いた操作")).to_be_visible()


def picture(page: Page, name: str) -> None:
    """Kept where MACHIKADO_PICTURES says, for people to look at."""
    folder = os.environ.get("MACHIKADO_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"desk-{name}.png"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_librarian_sees_it_happen(central: Central, page: Page, tmp_path: Path) -> None:
    kiosk, other = central.kiosk(tmp_path / "a", "kiosk-1"), central.kiosk(tmp_path / "b", "kiosk-2")
    assert kiosk.sync()
    assert other.sync()
    sign_in(central, page)
    expect(page.get_by_text("まだ何も届いていません")).to_be_visible()
    first, second = central.ward.free_items(2)
    lend(kiosk, first, DEMO_RESIDENT)
    give_back(kiosk, second)
    assert kiosk.sync()
    expect(page.get_by_role("cell", name="貸出", exact=True)).to_be_visible()  # without a reload
    expect(page.get_by_role("cell", name=first)).to_be_visible()
    lend(other, first, "p00001")
    assert other.sync()
    expect(page.get_by_role("cell", name="記録しました（確認が必要）")).to_be_visible()
    picture(page, "operations")
    text = page.inner_text("body")
    assert "練馬" not in text
    assert DEMO_RESIDENT not in text
    close_the_case(page)
    page.get_by_role("link", name="キオスク").click()
    expect(page.get_by_text("kiosk-2").first).to_be_visible()
    picture(page, "kiosks")
    page.get_by_role("button", name="終わる").click()
    expect(page.get_by_role("heading", name="職員の確認")).to_be_visible()
    page.goto(f"{central.url}/desk/cases")
    expect(page.get_by_role("heading", name="職員の確認")).to_be_visible()


def close_the_case(page: Page) -> None:
    page.get_by_role("link", name="確認が必要なこと").click()
    expect(page.get_by_text(CODES["implicit-return"])).to_be_visible()
    picture(page, "cases")
    note = page.get_by_label("したこと")
    note.fill("資料を確かめました")
    page.wait_for_timeout(5500)  # a poll comes by while somebody is typing …
    assert note.input_value() == "資料を確かめました", "… and must not take their words away"
    page.get_by_role("button", name="確認ずみにする").click()
    expect(page.get_by_text("確認が必要なことはありません")).to_be_visible()
    page.get_by_role("link", name="すんだもの").click()
    expect(page.get_by_text("saito さん: 資料を確かめました")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_strangers_and_forgers_stay_outside(central: Central) -> None:
    cli.add_staff(central.database_url, "saito", PASSWORD)
    session = requests.Session()
    form = session.get(f"{central.url}/desk/login", timeout=5).text
    csrf = form.split('name="csrf" value="')[1].split('"')[0]
    for path in ("/desk/", "/desk/cases", "/desk/kiosks"):
        answer = requests.get(central.url + path, timeout=5, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/login")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    good = {"name": "saito", "password": PASSWORD, "csrf": csrf}
    assert session.post(f"{central.url}/desk/login", data=good | {"csrf": "x"}, timeout=5).status_code == 401
    for _ in range(4):
        wrong = session.post(f"{central.url}/desk/login", data=good | {"password": "no"}, timeout=5)
        assert wrong.status_code == 401
    assert session.post(f"{central.url}/desk/login", data=good, timeout=5).status_code == 429, (
        "five tries a minute"
    )


def test_every_code_has_its_sentence_for_staff() -> None:
    parked = {"sequence-fork", "chain-broken", "not-understood", "content-withheld", "internal"}
    assert {code.value for code in (*Refusal, *Clash)} | parked == set(CODES)
    assert set(KINDS) == set(DECIDERS)
    assert set(OUTCOMES) == {kind.value for kind in OutcomeKind}
    assert set(CLOCKS) == {trust.value for trust in ClockTrust}
