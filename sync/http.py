"""Talking to the central server: one connection, signed both ways, bounded answers, typed errors."""

from __future__ import annotations

import gzip
import logging
import ssl
from pathlib import Path
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, ValidationError

from sync.identity import DeviceAuth
from sync.protocol import (
    PROBLEM_JSON,
    DeviceInfo,
    FeedPage,
    Heartbeat,
    KeyAccepted,
    KeyOffer,
    Problem,
    ProblemType,
    PushRequest,
    PushResponse,
)  # fmt: skip
from sync.signatures import SignatureProblem

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


class Unproven(Garbage):
    """An answer came that is signed, but not by our server for this request: nothing of it is believed."""

    code = "server-answer-unproven"


class Untrusted(SyncProblem):
    """The other side could not show a certificate of our server; not a byte was sent. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__("nothing was sent")
        self.code = code


class Declined(SyncProblem):
    """The server understood and said no; `problem` is its RFC 9457 document."""

    code = "server-declined"

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.type}: {problem.title}")
        self.problem = problem


class ServerConnection:
    """The calls of the protocol. Not shared between threads."""

    def __init__(self, base_url: str, device_id: str, auth: DeviceAuth, ca: Path | None = None) -> None:
        """`ca` is the one authority (PEM) whose certificates count; without it the system's do."""
        self._base = device_url(base_url, device_id)
        self._auth = auth
        self._session = open_session(ca)
        self._session.auth = auth

    def close(self) -> None:
        self._session.close()

    def push(self, request: PushRequest) -> PushResponse:
        """Send a batch. Raises SyncProblem; sending the same batch again is harmless."""
        packed = gzip.compress(request.model_dump_json().encode(), 6)
        headers = JSON | {"Content-Encoding": "gzip"}
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
        return self._call("POST", "/heartbeat", DeviceInfo, data=_json(beat), headers=JSON)

    def offer_key(self, offer: KeyOffer) -> KeyAccepted:
        """Tell the server of our next key; offering it again is harmless."""
        return self._call("POST", "/keys", KeyAccepted, data=_json(offer), headers=JSON)

    def _call(self, method: str, path: str, model: type[M], **kwargs: Any) -> M:
        try:
            return self._once(method, path, model, **kwargs)
        except Declined as declined:
            problem = declined.problem
            if problem.type != ProblemType.CLOCK_SKEW or problem.server_time is None:
                raise
            log.warning("clock-skew: signing by the server's time")
            self._auth.set_clock(problem.server_time)
        return self._once(method, path, model, **kwargs)

    def _once(self, method: str, path: str, model: type[M], **kwargs: Any) -> M:
        response, body = exchange(self._session, method, self._base + path, **kwargs)
        try:
            self._auth.check(response.request, response.status_code, response.headers, body)
        except SignatureProblem as error:
            if "Signature" not in response.headers:  # a proxy's page, a portal's: no server of ours at all
                raise Garbage(f"status {response.status_code}, not signed") from error
            raise Unproven(f"status {response.status_code}, {error}") from error
        return read_answer(model, response, body)


JSON = {"Content-Type": "application/json"}


def device_url(base_url: str, device_id: str) -> str:
    """The address of everything that is about one device."""
    return f"{base_url.rstrip('/')}/v1/devices/{device_id}"


def open_session(ca: Path | None) -> requests.Session:
    """A session that believes in that authority only, and takes nothing from its surroundings."""
    session = requests.Session()
    session.trust_env = False  # a stray .netrc or proxy variable must not take part
    session.headers["Accept-Encoding"] = "identity"  # the digest is of the body as it travels
    if ca is not None:
        session.verify = str(ca)
    return session


def exchange(
    session: requests.Session, method: str, url: str, **kwargs: Any
) -> tuple[requests.Response, bytes]:
    """Send and read, within limits of time and length. Raises Unreachable, Untrusted, Garbage."""
    try:
        with session.request(
            method, url, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True, allow_redirects=False, **kwargs
        ) as response:
            return response, _read(response)
    except requests.exceptions.SSLError as error:
        raise Untrusted(_why_untrusted(error)) from None
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__) from error


def read_answer(model: type[M], response: requests.Response, body: bytes) -> M:
    """The answer as its model. Raises Declined, Garbage."""
    if response.status_code == requests.codes.ok:
        return _parse(model, body)
    if response.headers.get("Content-Type", "").startswith(PROBLEM_JSON):
        raise Declined(_parse(Problem, body))
    raise Garbage(f"status {response.status_code}")


_FLAWS = {
    9: "server-certificate-not-yet-valid",
    10: "server-certificate-expired",
    62: "server-certificate-other-host",
    64: "server-certificate-other-host",
}
"""X509_V_ERR_* of OpenSSL (x509_vfy.h), 64 for an address. All others: no chain to our authority."""


def _why_untrusted(error: BaseException) -> str:
    """What was wrong with the certificate, from the cause that requests and urllib3 wrap up."""
    cause: object = error
    while isinstance(cause, BaseException):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _FLAWS.get(cause.verify_code, "server-certificate-unknown")
        cause = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
    return "server-tls-failed"


def _json(model: BaseModel) -> bytes:
    return model.model_dump_json().encode()


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
