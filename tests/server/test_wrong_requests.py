"""Requests that are wrong, and answers that are none."""

from __future__ import annotations

import gzip
import http.server
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from kiosk.clock import DeviceClock
from server.faults import in_short
from server.store import tables
from sync.http import Declined, Garbage, ServerConnection, Unreachable
from sync.protocol import MAX_BODY, PROBLEM_JSON, Heartbeat
from tests.conftest import Central, RemoteKiosk
from tests.server.house import stranger


def test_wrong_bodies_are_problems_and_never_errors(central: Central, tmp_path: Path) -> None:
    auth = central.enrol(tmp_path, "kiosk-x")
    url = f"{central.url}/v1/devices/kiosk-x/operations"
    headers: dict[str, str] = {}
    packed = headers | {"Content-Encoding": "gzip"}
    bomb = gzip.compress(b"0" * (50 * MAX_BODY))
    for body, head, kind in (
        (b"not json", headers, "malformed"),
        (b"[]", headers, "malformed"),
        (b'{"protocol":1,"batch_id":"x","operations":[]}', headers, "malformed"),
        (b"not gzip", packed, "malformed"),
        (bomb[: len(bomb) // 2], packed, "too-large"),
        (bomb, packed, "too-large"),
        (gzip.compress(b"{}") + b"more", packed, "malformed"),
        (gzip.compress(b"{}") + b"\0" * (2 * MAX_BODY), packed, "too-large"),
        (b"[" * 100_000, headers, "malformed"),
        (b"0" * (MAX_BODY + 1), headers, "too-large"),
    ):
        response = requests.post(url, data=body, headers=head, auth=auth, timeout=10)
        assert response.headers["Content-Type"] == PROBLEM_JSON
        assert response.json()["type"] == kind
    other = json.dumps(
        {"protocol": 99, "version": "1", "queued": 0, "clock_trust": "rtc", "at": "2026-11-21T00:00:00Z"}
    )
    response = requests.post(f"{central.url}/v1/devices/kiosk-x/heartbeat", data=other, auth=auth, timeout=10)
    assert response.json()["type"] == "upgrade-required"
    for query in ("after=-1", "after=5&epoch=other", "limit=0", "after=x", f"after={10**30}"):
        response = requests.get(f"{central.url}/v1/devices/kiosk-x/feed?{query}", auth=auth, timeout=10)
        assert response.json()["type"] in ("malformed", "must-refetch")


def test_every_failure_is_a_problem_document(central: Central) -> None:
    headers = {"Sync-Protocol": "1.0"}
    for method, path, kind, status in (
        ("GET", "/nothing", "not-found", 404),
        ("GET", "/v1/nothing", "not-found", 404),
        ("DELETE", "/v1/devices/kiosk-x/feed", "method-not-allowed", 405),
        ("GET", "/v1/devices/%00", "unauthorized", 401),
        ("GET", "/v1/devices/" + "x" * 9000, "unauthorized", 401),
        ("POST", "/desk/login", "malformed", 422),
    ):
        answer = requests.request(method, central.url + path, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["type"]) == (status, kind), path
        assert answer.headers["Content-Type"] == PROBLEM_JSON
        assert answer.json()["status"] == status


def test_a_sign_in_form_that_is_too_long_is_not_read(central: Central) -> None:
    def endless() -> Iterator[bytes]:
        yield b"name=x&password="
        for _ in range(30):
            yield b"x" * 4096

    for body in ("name=x&password=" + "x" * 100_000, endless()):
        answer = requests.post(
            f"{central.url}/desk/login", data=body, timeout=10,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        assert (answer.status_code, answer.json()["type"]) == (413, "too-large")
    answer = requests.post(f"{central.url}/desk/login", data={"name": "\0", "password": "x"}, timeout=10)
    assert answer.status_code == 401


def test_a_defect_is_a_problem_and_its_text_stays_out_of_the_log(
    central: Central, kiosk: RemoteKiosk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("about reader p00001")

    monkeypatch.setattr("server.api.devices._feed_page", broken)
    with caplog.at_level(logging.DEBUG), pytest.raises(Declined) as declined:
        kiosk.server.feed("", 0, 10)
    assert (declined.value.problem.type, declined.value.problem.status) == ("internal", 500)
    assert "internal: GET: RuntimeError in broken" in caplog.text
    assert "p00001" not in caplog.text


def test_errors_of_the_database_name_no_values(central: Central) -> None:
    with pytest.raises(IntegrityError) as failed, central.database.write() as conn:
        conn.execute(insert(tables.staff).values(name="somebody", password_hash=None))
    assert "somebody" not in str(failed.value).split("DETAIL")[0]
    assert "somebody" not in in_short(failed.value)


def test_a_cursor_beyond_the_newest_change_fetches_everything(central: Central, kiosk: RemoteKiosk) -> None:
    epoch, position = kiosk.ledger.cursor()
    assert kiosk.server.feed(epoch, position, 10).changes == []
    with pytest.raises(Declined) as declined:
        kiosk.server.feed(epoch, position + 1_000_000, 10)
    assert declined.value.problem.type == "must-refetch"
    kiosk.ledger.apply_page(epoch, position + 1_000_000, [], kiosk.schedule._clock.now(), complete=True)
    assert kiosk.sync()
    assert kiosk.ledger.cursor() == (epoch, position)


@pytest.fixture
def liar() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers whatever the test puts into its hand."""
    script: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.wfile.write(script[0])
            self.close_connection = True

        do_GET = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None:
            return None

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", script
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}x", Garbage),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Garbage),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}", Unreachable),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", Garbage),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", Garbage),
        (b"\x00\x01\x02 nonsense", Unreachable),
        (b"", Unreachable),
    ],
)
def test_an_answer_that_is_none_loses_nothing(
    liar: tuple[str, list[bytes]], answer: bytes, error: type[Exception]
) -> None:
    url, script = liar
    script.append(answer)
    clock = DeviceClock()
    beat = Heartbeat(protocol=1, version="t", queued=0, clock_trust=clock.trust, at=clock.now())
    with pytest.raises(error):
        ServerConnection(url, "kiosk-1", stranger("kiosk-1")).heartbeat(beat)
