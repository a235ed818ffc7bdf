"""The staff pages in a real browser, and the words they use."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from kiosk.codes import Clash, Refusal
from kiosk.decide import DECIDERS
from kiosk.operations import ClockTrust, OutcomeKind
from server import cli
from server.desk import queries
from server.desk.tries import MAX_NAMES, TRIES, Tries
from server.desk.words import CLOCKS, CODES, KINDS, OUTCOMES
from server.store import database
from tests.conftest import Central
from tests.server.house import give_back, lend
from virtual.ward import DEMO_RESIDENT

PASSWORD = "correct horse"


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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_after_signing_out_elsewhere_no_list_shows_the_sign_in_form_inside(
    central: Central, page: Page
) -> None:
    sign_in(central, page)
    page.context.clear_cookies()  # the session is over, and the list asks again by itself
    expect(page.get_by_role("heading", name="職員の確認")).to_be_visible()
    assert page.url == f"{central.url}/desk/login"
    expect(page.locator("#live")).to_have_count(0)


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


def signed_in(central: Central) -> tuple[requests.Session, str]:
    """A session without a browser, and its token for forms."""
    cli.add_staff(central.database_url, "saito", PASSWORD)
    session = requests.Session()
    for _ in range(2):  # signing in starts the session anew
        form = session.get(f"{central.url}/desk/login", timeout=5).text
        csrf = form.split('name="csrf" value="')[1].split('"')[0]
        session.post(
            f"{central.url}/desk/login", data={"name": "saito", "password": PASSWORD, "csrf": csrf}, timeout=5
        )
    form = session.get(f"{central.url}/desk/", timeout=5).text
    return session, form.split('name="csrf" value="')[1].split('"')[0]


def test_a_case_is_not_closed_without_a_word(central: Central, tmp_path: Path) -> None:
    kiosk, other = central.kiosk(tmp_path / "a", "kiosk-1"), central.kiosk(tmp_path / "b", "kiosk-2")
    (book,) = central.ward.free_items(1)
    for one, reader in ((kiosk, DEMO_RESIDENT), (other, "p00001")):
        assert one.sync()
        if one is kiosk:
            assert other.sync()
        lend(one, book, reader)
    assert kiosk.sync()
    assert other.sync()
    session, csrf = signed_in(central)
    page = session.get(f"{central.url}/desk/cases", timeout=5).text
    address = central.url + page.split('action="')[2].split('"')[0]
    assert address.endswith("/close")
    for note in ("", "  \u3000 ", "a\0b"):
        answer = session.post(address, data={"note": note, "csrf": csrf}, timeout=5)
        assert (answer.status_code, answer.json()["type"]) == (422, "malformed")
    answer = session.post(f"{central.url}/desk/cases/%00/close", data={"note": "x", "csrf": csrf}, timeout=5)
    assert answer.status_code == 422
    assert CODES["implicit-return"] in session.get(f"{central.url}/desk/cases", timeout=5).text
    session.post(address, data={"note": "棚にありました", "csrf": csrf}, timeout=5)
    assert CODES["implicit-return"] not in session.get(f"{central.url}/desk/cases", timeout=5).text


def test_older_operations_show_their_date_and_the_count_is_right(central: Central, tmp_path: Path) -> None:
    kiosk = central.kiosk(tmp_path / "a", "kiosk-1")
    assert kiosk.sync()
    for number in central.ward.free_items(2):
        lend(kiosk, number)
    assert kiosk.sync()
    with central.database.write() as conn:
        (_, latest), count = queries.operations(conn, datetime.now(UTC)), database.count(conn, "operations")
        assert count == 2
        assert "月" not in latest.time
        (_, latest) = queries.operations(conn, datetime.now(UTC) + timedelta(days=1))
        assert "月" in latest.time


def test_names_that_failed_do_not_fill_the_memory() -> None:
    tries = Tries()
    for n in range(MAX_NAMES + 50):
        tries.failed(f"{n}-" + "x" * 5000)
    assert len(tries) == MAX_NAMES
    for _ in range(TRIES):
        tries.failed("saito")
    assert tries.must_wait("saito")
    assert not tries.must_wait("somebody else")
    tries.forget("saito")
    assert not tries.must_wait("saito")


def test_every_code_has_its_sentence_for_staff() -> None:
    parked = {"sequence-fork", "chain-broken", "not-understood", "content-withheld", "internal"}
    assert {code.value for code in (*Refusal, *Clash)} | parked == set(CODES)
    assert set(KINDS) == set(DECIDERS)
    assert set(OUTCOMES) == {kind.value for kind in OutcomeKind}
    assert set(CLOCKS) == {trust.value for trust in ClockTrust}
