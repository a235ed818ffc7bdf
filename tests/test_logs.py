"""The scan of all logs: that it would find everything, and that the processes' own files are clean.

Every other test runs under the same scan (`tests/conftest.py`): whatever any of them logs, at any level,
fails it when it gives somebody away.
"""

from __future__ import annotations

import logging

import pytest

from tests.logscan import Watch, findings

GIVEN_AWAY = {
    "an IDm": "0114B34D5E6F7081",
    "an IDm in bytes": "01 14 B3 4D 5E 6F 70 81",
    "a UID": "04A1B2C3D4E5F6",
    "a tag": "9f86d081884c7d659a2feaa0c55ad015",
    "a name": "練馬 花子",
    "a masked name": "練馬 花○",
    "a PIN": "PIN 1234 was wrong",
    "a library PIN": "8620",
    "a command with a PIN": "00 20 00 80 04 31 32 33 34",
    "bytes with a PIN": r"b'\x00 \x00\x80\x041234'",
    "a card number": "20000018",
    "照合番号B": "02012020301234",
    "a serial": "serial 114381188 06D18006AA00BB11",
    "a certificate": "MIIDXTCCAkWgAwIBAgIJ",
    "a certificate in PEM": "-----BEGIN CERTIFICATE-----",
}


@pytest.mark.parametrize("secret", GIVEN_AWAY.values(), ids=GIVEN_AWAY)
def test_the_scan_finds_what_must_not_be_there(secret: str) -> None:
    watch = Watch()
    watch.emit(logging.makeLogRecord({"name": "kiosk", "levelno": 10, "msg": "seen: %s", "args": (secret,)}))
    assert watch.found


def test_the_scan_reads_tracebacks_too() -> None:
    watch = Watch()
    try:
        raise ValueError("no such card: 0114B34D5E6F7081")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    watch.emit(logging.makeLogRecord({"name": "kiosk", "msg": "internal", "exc_info": info}))
    assert watch.found


@pytest.mark.parametrize(
    "line",
    [
        "reader-up: Virtual PCD 00 00",
        "store-rescued: quick_check failed",
        "internal: checkout 01a1fc9d-bef8-73b4-b1ad-7f81648b07e3",
        "not-understood: checkout v2",
        "Uvicorn running on http://127.0.0.1:43817 (Press CTRL+C to quit)",
        "no trusted authority in /tmp/x/12345678/trust: no My Number card will be accepted",
        "kiosk.db.damaged-20261121T120000-123456 was put aside",
    ],
)
def test_the_scan_leaves_codes_alone(line: str) -> None:
    assert findings(line) == []
