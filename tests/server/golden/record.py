"""`python -m tests.server.golden.record`: one conversation of the present version, when it is released."""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import requests

from kiosk.operations import GENESIS, ClockTrust, Operation
from sync import enrolment
from sync.enrolment import enrol
from sync.http import Declined, ServerConnection
from sync.identity import DeviceAuth, Identity
from sync.protocol import Heartbeat, PushRequest, WireOperation, version_text
from tests.server.golden.stage import CODE, DEVICE_KEY, HOST, NEXT_KEY, NOW, SERVER_KEY, staged
from tests.server.house import rehashed

BASE = f"http://{HOST}"


@dataclass
class Tape(requests.adapters.HTTPAdapter):
    """Carries requests for HOST to the staged server, and writes down both sides."""

    server: str
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    name: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        target = str(request.url).removeprefix(BASE)
        answer = play(
            self.server, request.method or "", target, dict(request.headers), bytes(request.body or b"")
        )  # type: ignore[arg-type]
        self.exchanges.append(
            {"name": self.name, "request": written(request, target), "answer": heard(answer)}
        )
        answer.request = request
        return answer


def play(server: str, method: str, target: str, headers: dict[str, str], body: bytes) -> requests.Response:
    """Send exactly this to the staged server."""
    request = requests.Request(method, server + target, data=body).prepare()
    request.headers.clear()
    request.headers.update(headers | {"Host": HOST, "Content-Length": str(len(body))})
    with requests.Session() as session:
        return session.send(request, timeout=20)


def written(request: requests.PreparedRequest, target: str) -> dict[str, Any]:
    fields = (
        "Sync-Protocol",
        "Content-Type",
        "Content-Encoding",
        "Content-Digest",
        "Signature-Input",
        "Signature",
    )
    body = bytes(request.body or b"")  # type: ignore[arg-type]
    return {
        "method": request.method, "target": target, "body": base64.b64encode(body).decode(),
        "headers": {name: request.headers[name] for name in fields if name in request.headers},
    }  # fmt: skip


def heard(answer: requests.Response) -> dict[str, Any]:
    return {
        "status": answer.status_code, "type": answer.headers["Content-Type"], "body": answer.json(),
    }  # fmt: skip


def operation(n: int, item: str, prev: str, at: datetime) -> Operation:
    bare = Operation(
        op_id=str(UUID(int=n)), device_id="kiosk-1", incarnation=1, seq=n, kind="return", schema_v=1, at=at, mono_ms=n,
        boot_id="b", clock_trust=ClockTrust.SYNCED, body={"item_id": item, "facility_id": "hikarigaoka"},
        prev_hash=prev, hash="",
    )  # fmt: skip
    return rehashed(bare)


def batch(*operations: Operation) -> PushRequest:
    wires = [WireOperation.of(op) for op in operations]
    return PushRequest(protocol=1, batch_id=str(UUID(int=99)), operations=wires)


def converse(tape: Tape, folder: Path) -> None:
    """Everything that the protocol has, once."""
    auth = DeviceAuth(Identity("kiosk-1", DEVICE_KEY, SERVER_KEY.public_key(), NOW), lambda: NOW)
    server = ServerConnection(BASE, "kiosk-1", auth)
    server._session.mount("http://", tape)
    tape.name = "snapshot"
    page = server.feed("", 0, 100)
    tape.name = "heartbeat"
    server.heartbeat(Heartbeat(protocol=1, version="1", queued=2, clock_trust=ClockTrust.SYNCED, at=NOW))
    first = operation(1, "I1", GENESIS, NOW)
    second = operation(2, "I-unknown", first.hash, NOW)
    for tape.name in ("two operations, the second with a case", "the same again"):
        server.push(batch(first, second))
    tape.name = "a gap"
    _declined(lambda: server.push(batch(operation(5, "I1", second.hash, NOW))))
    tape.name = "what is new"
    server.feed(page.epoch, page.next, 100)
    tape.name = "a feed of another life"
    _declined(lambda: server.feed("another", 5, 100))
    tape.name = "a clock that is wrong, and the same by the server's"
    wrong = DeviceAuth(auth.identity, lambda: NOW - timedelta(days=1))
    slow = ServerConnection(BASE, "kiosk-1", wrong)
    slow._session.mount("http://", tape)
    slow.feed("", 0, 1)
    tape.name = "the next key"
    auth.identity = replace(auth.identity, next_key=NEXT_KEY)
    enrolment.rotate(server, auth, folder / "identity", NOW)
    tape.name = "the next key is used"
    server.feed(page.epoch, page.next, 1)
    tape.name = "the key before is over"
    auth.identity = replace(auth.identity, key=DEVICE_KEY)
    _declined(lambda: server.feed(page.epoch, page.next, 1))
    tape.name = "enrolment"
    honest = enrolment.open_session
    enrolment.open_session = lambda ca: _mounted(honest(ca), tape)
    enrol(BASE, "kiosk-2", CODE, folder / "other", NOW)
    enrolment.open_session = honest


def _mounted(session: requests.Session, tape: Tape) -> requests.Session:
    session.mount("http://", tape)
    return session


def _declined(call: Any) -> None:
    try:
        call()
    except Declined:
        return
    raise AssertionError("this was to be declined")


def main() -> None:
    with tempfile.TemporaryDirectory() as name, staged(Path(name)) as base:
        tape = Tape(base)
        converse(tape, Path(name))
    made = {"protocol": version_text(), "exchanges": tape.exchanges}
    path = Path(__file__).with_name(f"protocol-{version_text()}.json")
    path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
