"""Staff let kiosks in and stop them, on the staff pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from server import cli
from sync.enrolment import enrol
from sync.http import Declined, ServerConnection
from sync.identity import DeviceAuth, load_identity
from tests.conftest import Central
from tests.server.enrolling import only_sqlite
from tests.server.test_desk import signed_in
from virtual.ward import DEMO_FACILITY

# ---- the desk ------------------------------------------------------------------------------------


@pytest.fixture
def desk(central: Central) -> Callable[..., requests.Response]:
    session, csrf = signed_in(central)

    def call(path: str, *, forged: bool = False, **form: str) -> requests.Response:
        url = f"{central.url}/desk/kiosks{path}"
        if not form and not path.endswith(("/code", "/approve", "/refuse", "/revoke")):
            return session.get(url, timeout=10)
        data = form | {"csrf": "forged" if forged else csrf}
        return session.post(url, data=data, timeout=10, allow_redirects=not forged)

    return call


@only_sqlite
def test_staff_let_a_kiosk_in_and_stop_it(
    central: Central, desk: Callable[..., requests.Response], tmp_path: Path
) -> None:
    assert "光が丘" in desk("/add").text
    page = desk("/add", device_id="kiosk-7", facility_id=DEMO_FACILITY, name="玄関")
    assert "まだ登録されていません" in page.text
    assert desk("/add", device_id="kiosk-7", facility_id=DEMO_FACILITY).status_code == 422, "there already"
    for wrong in ("Kiosk 7", "../x", "a" * 41):
        assert desk("/add", device_id=wrong, facility_id=DEMO_FACILITY).status_code == 422
    code = re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{5}", desk("/kiosk-7/code").text)[0]
    assert code not in desk("/kiosk-7").text, "shown once"
    words = enrol(central.url, "kiosk-7", code, tmp_path / "id", datetime.now(UTC))
    assert words in desk("/kiosk-7").text
    assert "登録を待っています" in desk("").text
    assert desk("/kiosk-7/approve", words="あ い う え お か").status_code == 409
    assert desk("/kiosk-7/approve", words=words, forged=True).headers["Location"] == "/desk/login"
    connection = ServerConnection(
        central.url, "kiosk-7", DeviceAuth(load_identity(tmp_path / "id", "kiosk-7"))
    )
    with pytest.raises(Declined):
        connection.feed("", 0, 1)
    assert "登録されています" in desk("/kiosk-7/approve", words=words).text
    assert connection.feed("", 0, 1).changes
    assert "saito さんが止めました" in desk("/kiosk-7/revoke").text
    assert "止めました" in desk("").text
    with pytest.raises(Declined) as declined:
        connection.feed("", 0, 1)
    assert declined.value.problem.type == "device-revoked"


@only_sqlite
def test_staff_refuse_a_kiosk_whose_words_differ(
    central: Central, desk: Callable[..., requests.Response], tmp_path: Path
) -> None:
    cli.add_device(central.database_url, "kiosk-7", DEMO_FACILITY, "玄関")
    code = cli.enrolment_code(central.database_url, "kiosk-7")
    words = enrol(central.url, "kiosk-7", code, tmp_path / "id", datetime.now(UTC))
    assert words not in desk("/kiosk-7/refuse").text
    assert not cli.approve_device(central.database_url, "kiosk-7", words)
    connection = ServerConnection(
        central.url, "kiosk-7", DeviceAuth(load_identity(tmp_path / "id", "kiosk-7"))
    )
    with pytest.raises(Declined) as declined:
        connection.feed("", 0, 1)
    assert declined.value.problem.type == "enrolment-refused"


@only_sqlite
def test_the_pages_of_one_kiosk_are_for_staff(
    central: Central, desk: Callable[..., requests.Response]
) -> None:
    for path in ("/add", "/kiosk-1"):
        answer = requests.get(f"{central.url}/desk/kiosks{path}", timeout=10, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/login")
    for path in ("/add", "/kiosk-1/code", "/kiosk-1/approve", "/kiosk-1/refuse", "/kiosk-1/revoke"):
        form = {"device_id": "x", "facility_id": "x", "words": "x"}
        answer = requests.post(
            f"{central.url}/desk/kiosks{path}", data=form, timeout=10, allow_redirects=False
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/login")
    assert desk("/nobody").status_code == 404
    assert desk("/nobody/code").status_code == 404
