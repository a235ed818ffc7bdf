"""Every request that is not signed as it must be, through HTTP: a problem document, and nothing taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from kiosk.operations import ClockTrust
from server import cli
from server.identity.nonces import MOST_PER_KEY, Nonces
from server.settings import ServerSettings
from server.store import tables
from server.store.database import Database
from sync.enrolment import enrol
from sync.http import ServerConnection
from sync.identity import DeviceAuth, Identity, load_identity
from sync.protocol import PROBLEM_JSON, Heartbeat
from sync.signatures import SentAnswer, check_answer
from tests.conftest import serving
from virtual.enrolment import enrol_device

DEVICES = ("kiosk-a", "kiosk-b", "waiting", "revoked", "stopped-early")
HOUR = timedelta(hours=1)


@dataclass
class House:
    """A server with one device in each state of its life."""

    url: str
    database_url: str
    folder: Path
    server_key: Ed25519PrivateKey

    def auth(self, device_id: str, off: timedelta = timedelta()) -> DeviceAuth:
        """The signatures of a device whose clock is off by that much."""
        identity = load_identity(self.folder / device_id, device_id)
        return DeviceAuth(identity, lambda: datetime.now(UTC) + off)

    def request(
        self, auth: DeviceAuth, device_id: str = "kiosk-a", path: str = "/heartbeat"
    ) -> requests.PreparedRequest:
        """A signed heartbeat, not sent yet."""
        beat = Heartbeat(
            protocol=1, version="forged", queued=7, clock_trust=ClockTrust.SYNCED, at=datetime.now(UTC)
        )
        return requests.Request(
            "POST", f"{self.url}/v1/devices/{device_id}{path}", auth=auth,
            headers={"Content-Type": "application/json"}, data=beat.model_dump_json().encode(),
        ).prepare()  # fmt: skip

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        with requests.Session() as session:
            return session.send(request, timeout=10)

    def taken(self) -> set[str]:
        """Who has been heard by the server."""
        with Database(self.database_url).read() as conn:
            seen = select(tables.device.c.device_id).where(tables.device.c.version.is_not(None))
            return set(conn.execute(seen).scalars())

    def forget(self) -> None:
        with Database(self.database_url).write() as conn:
            conn.execute(tables.device.update().values(version=None))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("gate")
    url = f"sqlite:///{folder / 'server.db'}"
    cli.migrate(url)
    key = Ed25519PrivateKey.generate()
    server, thread, base = serving(ServerSettings(url, server_key=key))
    for device_id in DEVICES:
        cli.add_device(url, device_id, "hikarigaoka", device_id)
        if device_id in ("waiting", "stopped-early"):
            code = cli.enrolment_code(url, device_id)
            enrol(base, device_id, code, folder / device_id, datetime.now(UTC))
        else:
            enrol_device(url, base, device_id, folder / device_id)
    cli.revoke_device(url, "revoked")
    cli.revoke_device(url, "stopped-early")
    yield House(base, url, folder, key)
    server.should_exit = True
    thread.join()


@pytest.fixture(autouse=True)
def nobody_heard(house: House) -> None:
    house.forget()


def test_a_good_request_is_taken_and_the_answer_is_signed(house: House) -> None:
    request = house.request(house.auth("kiosk-a"))
    answer = house.send(request)
    assert answer.status_code == 200, answer.text
    assert house.taken() == {"kiosk-a"}
    assert answer.headers["Sync-Protocol"] == "1.0"
    said = SentAnswer(answer.status_code, answer.headers, request)
    check_answer(said, answer.content, house.server_key.public_key())


def with_field(name: str, value: str | None) -> Callable[[requests.PreparedRequest], None]:
    def change(request: requests.PreparedRequest) -> None:
        if value is None:
            del request.headers[name]
        else:
            request.headers[name] = value

    return change


def with_address(old: str, new: str) -> Callable[[requests.PreparedRequest], None]:
    def change(request: requests.PreparedRequest) -> None:
        request.url = str(request.url).replace(old, new)

    return change


def with_body(request: requests.PreparedRequest) -> None:
    request.body = bytes(request.body or b"").replace(b'"queued":7', b'"queued":8')  # type: ignore[arg-type]


def with_own_digest(request: requests.PreparedRequest) -> None:
    """The digest fits the changed body, but is not the one that was signed."""
    with_body(request)
    other = requests.Request("POST", "http://x/", data=request.body, headers={"Sync-Protocol": "1.0"})
    request.headers["Content-Digest"] = house_stranger()(other.prepare()).headers["Content-Digest"]


def house_stranger(device_id: str = "kiosk-a") -> DeviceAuth:
    key = Ed25519PrivateKey.generate()
    return DeviceAuth(Identity(device_id, key, key.public_key(), datetime.now(UTC)))


TAMPERED: dict[str, tuple[Callable[[requests.PreparedRequest], None], str]] = {
    "another body": (with_body, "digest-mismatch"),
    "another body with its own digest": (with_own_digest, "unauthorized"),
    "no body": (lambda request: setattr(request, "body", b""), "digest-mismatch"),
    "no signature": (with_field("Signature", None), "unauthorized"),
    "no signature input": (with_field("Signature-Input", None), "unauthorized"),
    "no digest": (with_field("Content-Digest", None), "unauthorized"),
    "another path": (with_address("/heartbeat", "/operations"), "unauthorized"),
    "a query": (with_address("/heartbeat", "/heartbeat?a=1"), "unauthorized"),
    "another device's address": (with_address("kiosk-a", "kiosk-b"), "unauthorized"),
    "another host": (with_field("Host", "other.example"), "unauthorized"),
    "another method": (lambda request: setattr(request, "method", "PUT"), "method-not-allowed"),
    "an encoding added": (with_field("Content-Encoding", "gzip"), "unauthorized"),
    "a token as of old": (with_field("Signature", "Bearer x"), "unauthorized"),
    "no version": (with_field("Sync-Protocol", None), "upgrade-required"),
    "another version": (with_field("Sync-Protocol", "2.0"), "upgrade-required"),
    "nonsense": (with_field("Signature-Input", 'kiosk=("@method";req);tag="kiosk-sync"'), "unauthorized"),
}


@pytest.mark.parametrize(("change", "kind"), TAMPERED.values(), ids=TAMPERED)
def test_a_request_that_was_touched_on_its_way_is_not_taken(
    house: House, change: Callable[[requests.PreparedRequest], None], kind: str
) -> None:
    request = house.request(house.auth("kiosk-a"))
    change(request)
    if "Content-Length" in request.headers:
        request.headers["Content-Length"] = str(len(request.body or b""))
    refused(house, request, kind)


def refused(house: House, request: requests.PreparedRequest, kind: str) -> dict[str, Any]:
    answer = house.send(request)
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == kind
    assert answer.headers["Content-Type"] == PROBLEM_JSON
    assert (answer.status_code, bool(problem["title"])) == (problem["status"], True)
    assert "Signature" in answer.headers, "a no is signed as well"
    assert house.taken() == set()
    return problem


def test_a_get_is_not_a_post(house: House) -> None:
    """The same address, signed for reading, is not good for writing."""
    auth, url = house.auth("kiosk-a"), f"{house.url}/v1/devices/kiosk-a/feed"
    request = requests.Request("GET", url, auth=auth).prepare()
    assert house.send(request).status_code == 200
    request = requests.Request("GET", url.replace("/feed", "/heartbeat"), auth=auth).prepare()
    request.method = "POST"
    refused(house, request, "unauthorized")


def test_the_same_request_again_is_a_replay(house: House) -> None:
    request = house.request(house.auth("kiosk-a"))
    assert house.send(request).status_code == 200
    house.forget()
    refused(house, request, "replayed")
    assert house.send(house.request(house.auth("kiosk-a"))).status_code == 200, "a new one is not"


@pytest.mark.parametrize("off", [-HOUR, HOUR, -timedelta(seconds=310), timedelta(seconds=310)])
def test_a_signature_of_another_time_is_told_the_time(house: House, off: timedelta) -> None:
    problem = refused(house, house.request(house.auth("kiosk-a", off)), "clock-skew")
    assert abs(datetime.fromisoformat(problem["server_time"]) - datetime.now(UTC)) < timedelta(seconds=60)


@pytest.mark.parametrize("off", [-HOUR, timedelta(days=-20_000), HOUR])
def test_a_kiosk_with_a_wrong_clock_signs_again_by_the_servers_and_gets_through(
    house: House, off: timedelta
) -> None:
    connection = ServerConnection(house.url, "kiosk-a", house.auth("kiosk-a", off))
    for _ in range(2):
        connection.feed("", 0, 10)
    connection.close()


@pytest.mark.parametrize(
    ("device_id", "kind"),
    [("waiting", "awaiting-approval"), ("revoked", "device-revoked"), ("stopped-early", "device-revoked")],
)
def test_a_key_that_is_not_good_is_told_so(house: House, device_id: str, kind: str) -> None:
    refused(house, house.request(house.auth(device_id), device_id), kind)


def test_a_key_that_nobody_knows_and_the_key_of_another_are_the_same_to_us(house: House) -> None:
    refused(house, house.request(house_stranger()), "unauthorized")
    refused(house, house.request(house.auth("kiosk-b"), "kiosk-a"), "unauthorized")
    refused(house, house.request(house.auth("kiosk-a"), "nobody"), "unauthorized")


def test_every_address_of_a_device_wants_a_signature(house: House) -> None:
    spec = requests.get(f"{house.url}/openapi.json", timeout=10).json()
    calls = [
        (method, path) for path, item in spec["paths"].items() for method in item if path.startswith("/v1/")
    ]
    assert len(calls) >= 6
    for method, path in calls:
        url = house.url + path.replace("{device_id}", "kiosk-a")
        unsigned = requests.Request(
            method.upper(), url, headers={"Sync-Protocol": "1.0"}, data=b"{}"
        ).prepare()
        answer = house.send(unsigned)
        assert answer.json()["type"] in ("unauthorized", "malformed"), path
    assert house.taken() == set()


# ---- numbers used once ---------------------------------------------------------------------------

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AT = int(NOW.timestamp())


def test_numbers_are_forgotten_only_when_no_replay_could_pass() -> None:
    nonces = Nonces(NOW)
    assert nonces.take("k", "n", AT + 299, NOW)
    for later in (timedelta(), timedelta(seconds=598)):
        assert not nonces.take("k", "n", AT + 299, NOW + later)
    assert nonces.take("other", "n", AT, NOW), "each key has its own"
    assert nonces.take("k", "n", AT + 900, NOW + timedelta(seconds=601)), "its signature would be too old now"


def test_a_busy_key_has_bounded_room_and_what_falls_out_is_below_the_floor() -> None:
    nonces = Nonces(NOW)
    for n in range(MOST_PER_KEY + 3):
        assert nonces.take("k", f"n{n}", AT + n // 100, NOW)
    assert len(nonces._seen["k"]) == MOST_PER_KEY
    assert nonces.floor("k") == AT + 1
    assert nonces.floor("other") == AT


def test_what_was_signed_before_this_server_started_is_signed_anew() -> None:
    assert Nonces(NOW).floor("k") == AT
