"""What kiosks of released versions said is answered as it was, by the server of today."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from sync.protocol import MINOR, OLDER_MINORS, PROTOCOL
from sync.signatures import SentAnswer, SentRequest, check_answer
from tests.server.golden.record import play
from tests.server.golden.stage import HOST, SERVER_KEY, staged

FOLDER = Path(__file__).parent / "golden"
VERSIONS = sorted(path.stem.removeprefix("protocol-") for path in FOLDER.glob("protocol-*.json"))
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def exchanges(version: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads((FOLDER / f"protocol-{version}.json").read_text("utf-8"))[
        "exchanges"
    ]
    return made


def test_every_version_that_is_taken_has_its_conversation() -> None:
    taken = {f"{PROTOCOL}.{minor}" for minor in range(max(0, MINOR - OLDER_MINORS), MINOR + 1)}
    assert taken <= set(VERSIONS)


@pytest.mark.parametrize("newer_by", range(OLDER_MINORS + 1))
@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_conversation_goes_as_it_went(
    version: str, newer_by: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at a server that has gone on by up to two minor versions."""
    monkeypatch.setattr("sync.protocol.MINOR", int(version.split(".")[1]) + newer_by)
    with staged(tmp_path) as base:
        for recorded in exchanges(version):
            said, name = recorded["request"], recorded["name"]
            body = base64.b64decode(said["body"])
            answer = play(base, said["method"], said["target"], said["headers"], body)
            assert answer.status_code == recorded["answer"]["status"], name
            assert answer.headers["Content-Type"] == recorded["answer"]["type"], name
            assert same(answer.json(), recorded["answer"]["body"]), name
            check_signature(said, answer)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_one_is_asked_to_upgrade_and_told_to_what(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = int(version.split(".")[1]) + OLDER_MINORS + 1
    monkeypatch.setattr("sync.protocol.MINOR", newer)
    with staged(tmp_path) as base:
        for recorded in exchanges(version):
            said, body = recorded["request"], base64.b64decode(recorded["request"]["body"])
            answer = play(base, said["method"], said["target"], said["headers"], body)
            assert (answer.status_code, answer.json()["type"]) == (426, "upgrade-required")
            assert answer.headers["Upgrade"] == f"machikado-sync/{PROTOCOL}.{newer}"
            assert answer.headers["Sync-Protocol"] == f"{PROTOCOL}.{newer}"


def same(now: Any, then: Any) -> bool:
    """Nothing that was there is gone or different; fields may have come. Cases have ids of their own."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(
            key in now and (_is_id(key, now[key]) if _is_id(key, value) else same(now[key], value))
            for key, value in then.items()
            if key != "title"  # for people, RFC 9457 §3.1.3
        )
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(same, now, then))
    return bool(now == then)


def _is_id(key: str, value: Any) -> bool:
    return key == "case_id" and isinstance(value, str) and _UUID.fullmatch(value) is not None


def check_signature(said: dict[str, Any], answer: requests.Response) -> None:
    request = SentRequest(said["method"], f"http://{HOST}{said['target']}", said["headers"])
    sent = SentAnswer(answer.status_code, answer.headers, request)
    check_answer(sent, answer.content, SERVER_KEY.public_key())


def test_the_comparison_would_notice() -> None:
    assert same({"a": [1, {"b": None}], "new": 1}, {"a": [1, {"b": None}]})
    for other in ({}, {"a": [1]}, {"a": [1, {"b": 0}]}, {"a": [1, {}]}, {"a": {"0": 1}}):
        assert not same(other, {"a": [1, {"b": None}]})
    a_case = {"case_id": "00000000-0000-0000-0000-000000000001"}
    assert same({"case_id": "00000000-0000-0000-0000-000000000002"}, a_case)
    assert not same({"case_id": None}, a_case)
