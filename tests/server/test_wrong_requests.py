"""Requests that are wrong, and answers that are none."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator

import pytest
import requests

from kiosk.clock import SystemClock
from sync.http import BearerToken, Declined, Garbage, ServerConnection, Unreachable
from sync.protocol import MAX_BODY, PROBLEM_JSON, Heartbeat
from tests.conftest import Central, RemoteKiosk


def test_a_stranger_gets_nothing(central: Central, kiosk: RemoteKiosk) -> None:
    for device, token in (("kiosk-1", "wrong"), ("kiosk-9", "wrong")):
        stranger = ServerConnection(central.url, device, BearerToken(token))
        with pytest.raises(Declined) as declined:
            stranger.feed("", 0, 10)
        assert declined.value.problem.type == "unauthorized"


def test_wrong_bodies_are_problems_and_never_errors(central: Central) -> None:
    token = central.enrol("kiosk-x")
    url = f"{central.url}/v1/devices/kiosk-x/operations"
    headers = {"Authorization": f"Bearer {token}"}
    packed = headers | {"Content-Encoding": "gzip"}
    bomb = gzip.compress(b"0" * (50 * MAX_BODY))
    for body, head, kind in (
        (b"not json", headers, "malformed"),
        (b"[]", headers, "malformed"),
        (b'{"protocol":1,"batch_id":"x","operations":[]}', headers, "malformed"),
        (b"not gzip", packed, "malformed"),
        (bomb[: len(bomb) // 2], packed, "too-large"),
        (bomb, packed, "too-large"),
        (b"0" * (MAX_BODY + 1), headers, "too-large"),
    ):
        response = requests.post(url, data=body, headers=head, timeout=10)
        assert response.headers["Content-Type"] == PROBLEM_JSON
        assert response.json()["type"] == kind
    other = json.dumps(
        {"protocol": 99, "version": "1", "queued": 0, "clock_trust": "rtc", "at": "2026-11-21T00:00:00Z"}
    )
    response = requests.post(
        f"{central.url}/v1/devices/kiosk-x/heartbeat", data=other, headers=headers, timeout=10
    )
    assert response.json()["type"] == "unsupported-protocol"
    for query in ("after=-1", "after=5&epoch=other", "limit=0", "after=x"):
        response = requests.get(f"{central.url}/v1/devices/kiosk-x/feed?{query}", headers=headers, timeout=10)
        assert response.json()["type"] in ("malformed", "must-refetch")


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
    clock = SystemClock()
    beat = Heartbeat(protocol=1, version="t", queued=0, clock_trust=clock.trust, at=clock.now())
    with pytest.raises(error):
        ServerConnection(url, "kiosk-1", BearerToken("t")).heartbeat(beat)
