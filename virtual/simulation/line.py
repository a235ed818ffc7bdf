"""The network between one kiosk and the server: the product's HTTP client over a wire that can do anything.

A wire is not told apart from a slow or dying server by who hangs on it, so both are here.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any, cast

import requests
from requests.adapters import BaseAdapter

from sync.http import ServerConnection
from virtual.simulation.central import Answer, Central
from virtual.simulation.disk import SimulatedCrash

if TYPE_CHECKING:
    from sync.identity import DeviceAuth


class Weather(StrEnum):
    """What can happen to one request."""

    DROPPED = "request dropped"
    LOST_ANSWER = "answer lost"
    DUPLICATED = "request delivered twice"
    DELAYED = "request delayed beyond the client's patience"
    TRUNCATED = "answer cut short"
    GARBLED = "answer ends in the middle, at full length by its header"
    PORTAL = "page of a captive portal instead of an answer"
    SERVER_STATEMENT = "server dies at a statement"
    SERVER_BEFORE_COMMIT = "server dies before COMMIT"
    SERVER_AFTER_COMMIT = "server dies after COMMIT"
    NEWER_SERVER = "answer of a newer server"


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent, unpacked."""

    method: str
    url: str
    body: bytes

    @property
    def what(self) -> str:
        return self.url.split("?")[0].rsplit("/", 1)[1]


class Line(BaseAdapter):
    """Carries requests into the server by a call. `weather` is met by the n-th request from `expect` on."""

    def __init__(self, central: Central, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._central = central
        self._tell = tell
        self.held: list[Request] = []
        """Requests that are still on their way, to arrive when nobody waits for them any more."""
        self.met: Weather | None = None
        self._weather: Weather | None = None
        self._countdown = 0
        self._chance = Random(0)

    def expect(self, weather: Weather, request: int, chance: Random) -> None:
        """This happens to the n-th request from now."""
        self._weather, self._countdown, self._chance, self.met = weather, request, chance, None

    def clear(self) -> None:
        self._weather = self.met = None

    def close(self) -> None:
        return None

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None,
        verify: Any = True, cert: Any = None, proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:  # fmt: skip
        sent = request.body or b""
        packed = sent if isinstance(sent, bytes) else sent.encode()
        body = gzip.decompress(packed) if request.headers.get("Content-Encoding") == "gzip" else packed
        weather = self._weather_now()
        answer = self._carried(Request(request.method or "", request.url or "", body), weather)
        return _response(request, *answer, cut=self._chance if weather is Weather.TRUNCATED else None)

    def _weather_now(self) -> Weather | None:
        if self._weather is None or self._countdown:
            self._countdown -= 1
            return None
        self.met, self._weather = self._weather, None
        return self.met

    def _carried(self, request: Request, weather: Weather | None) -> Answer:
        if weather is not None:
            self._tell(f"{request.what}: {weather.value}")
        if weather is Weather.DROPPED:
            raise requests.ConnectionError
        if weather is Weather.DELAYED:
            self.held.append(request)
            raise requests.ReadTimeout
        if weather is Weather.PORTAL:
            return 200, "text/html", b"<html>Welcome to the free network</html>"
        if weather is Weather.DUPLICATED:
            self.deliver(request)
        if weather is Weather.SERVER_STATEMENT:
            self._central.crash_at(self._chance.randrange(14))
        if weather is Weather.SERVER_BEFORE_COMMIT:
            self._central.crash_before_commit()
        answer = self.deliver(request)
        if weather is Weather.SERVER_AFTER_COMMIT:
            self._central.restart()
        if weather in (Weather.LOST_ANSWER, Weather.SERVER_AFTER_COMMIT):
            raise requests.ReadTimeout
        if weather is Weather.GARBLED:
            return answer[0], answer[1], answer[2][: self._chance.randrange(len(answer[2]))]
        return _newer(answer) if weather is Weather.NEWER_SERVER else answer

    def deliver(self, request: Request) -> Answer:
        """Let a request arrive. Raises requests' ConnectionError where the server dies over it."""
        try:
            return self._central.answer(request.method, request.url, request.body)
        except SimulatedCrash:
            raise requests.ConnectionError from None
        finally:
            self._central.restart_if_crashed()


class Unsigned(requests.auth.AuthBase):
    """Stands where `sync.identity.DeviceAuth` stands: who says something is no question of the simulation."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request

    def check(self, *_answer: object) -> None:
        """Every answer is believed to be the server's."""


def connect(line: Line, device_id: str) -> ServerConnection:
    """The product's client on this wire."""
    connection = ServerConnection("http://server", device_id, cast("DeviceAuth", Unsigned()))
    connection._session.mount("http://", line)
    return connection


def _response(
    request: requests.PreparedRequest, status: int, content_type: str, body: bytes, *, cut: Random | None
) -> requests.Response:
    made = requests.Response()
    made.status_code, made.request, made.url = status, request, request.url or ""
    made.headers.update({"Content-Type": content_type, "Content-Length": str(len(body))})
    made.raw = io.BytesIO(body if cut is None else body[: cut.randrange(len(body))])
    return made


def _newer(answer: Answer) -> Answer:
    """The answer as a later version may give it: with fields and a table that this one does not know."""
    status, content_type, body = answer
    said: dict[str, Any] = json.loads(body)
    said["of_a_later_version"] = {"any": ["thing"]}
    stranger = {"table": "of_a_later_version", "key": ["k"], "row": {"k": "k"}}
    for result in said.get("results", ()):
        result["later"] = 1
        result["effects"].append(stranger)
        for effect in result["effects"]:
            if effect["row"] is not None:
                effect["row"]["later"] = 1
    if said.get("changes"):
        said["changes"].append({**stranger, "seq": said["changes"][-1]["seq"]})
        for change in said["changes"]:
            if change["row"] is not None:
                change["row"]["later"] = 1
    return status, content_type, json.dumps(said).encode()
