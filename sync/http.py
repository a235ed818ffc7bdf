"""Talking to the central server: one kept-alive connection, bounded answers, typed errors."""

from __future__ import annotations

import gzip
import logging
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, ValidationError

from sync.protocol import PROBLEM_JSON, DeviceInfo, FeedPage, Heartbeat, Problem, PushRequest, PushResponse

log = logging.getLogger(__name__)
M = TypeVar("M", bound=BaseModel)

CONNECT_SECONDS = 3.05
READ_SECONDS = 20.0
MAX_ANSWER = 8 << 20
"""Bytes of one answer: a feed page of 2,000 changes is well below; more is no server of ours."""


class SyncProblem(Exception):
    """Base: this exchange did not work; everything is still queued. `code` goes to the log."""

    code = "sync-failed"


class Unreachable(SyncProblem):
    """No connection, no answer in time, or half an answer."""

    code = "server-unreachable"


class Garbage(SyncProblem):
    """An answer came that is none of the protocol (a captive portal, a proxy's error page, a fault)."""

    code = "server-answer-unreadable"


class Declined(SyncProblem):
    """The server understood and said no; `problem` is its RFC 9457 document."""

    code = "server-declined"

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.type}: {problem.title}")
        self.problem = problem


class BearerToken(requests.auth.AuthBase):
    """Names the device by a secret token. Message signatures (RFC 9421) take this place later."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class ServerConnection:
    """The three calls of the protocol. Not shared between threads."""

    def __init__(self, base_url: str, device_id: str, auth: requests.auth.AuthBase) -> None:
        self._base = f"{base_url.rstrip('/')}/v1/devices/{device_id}"
        self._session = requests.Session()
        self._session.trust_env = False  # a stray .netrc or proxy variable must not take part
        self._session.auth = auth

    def close(self) -> None:
        self._session.close()

    def push(self, request: PushRequest) -> PushResponse:
        """Send a batch. Raises SyncProblem; sending the same batch again is harmless."""
        packed = gzip.compress(request.model_dump_json().encode(), 6)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        answer = self._call("POST", "/operations", PushResponse, data=packed, headers=headers)
        if [result.op_id for result in answer.results] != [op.op_id for op in request.operations]:
            raise Garbage("the outcomes do not match the batch")
        return answer

    def feed(self, epoch: str, after: int, limit: int) -> FeedPage:
        """One page of changes after the cursor."""
        params: dict[str, str | int] = {"after": after, "limit": limit}
        if epoch:
            params["epoch"] = epoch
        return self._call("GET", "/feed", FeedPage, params=params)

    def heartbeat(self, beat: Heartbeat) -> DeviceInfo:
        """Say how we are; the server renews our leases."""
        headers = {"Content-Type": "application/json"}
        return self._call("POST", "/heartbeat", DeviceInfo, data=beat.model_dump_json(), headers=headers)

    def _call(self, method: str, path: str, model: type[M], **kwargs: Any) -> M:
        try:
            with self._session.request(
                method, self._base + path, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True,
                allow_redirects=False, **kwargs,
            ) as response:  # fmt: skip
                body = _read(response)
        except requests.RequestException as error:
            raise Unreachable(type(error).__name__) from error
        if response.status_code == requests.codes.ok:
            return _parse(model, body)
        if response.headers.get("Content-Type", "").startswith(PROBLEM_JSON):
            raise Declined(_parse(Problem, body))
        raise Garbage(f"status {response.status_code}")


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(1 << 16):
        body += chunk
        if len(body) > MAX_ANSWER:
            raise Garbage("the answer is too long")
    announced = response.headers.get("Content-Length")
    if announced is not None and "Content-Encoding" not in response.headers and len(body) < int(announced):
        raise Unreachable("half an answer")
    return bytes(body)


def _parse(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Garbage(type(error).__name__) from error
