"""A technician and a member of staff in one: enrols a kiosk through the door that people use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from server import cli as central
from sync.enrolment import enrol


class NotEnrolled(Exception):
    """The two sides did not show the same words."""


def enrol_device(database_url: str, server_url: str, device_id: str, identity: Path) -> None:
    """Code, key, words, approval; the device has been added before. Raises SyncProblem, NotEnrolled."""
    code = central.enrolment_code(database_url, device_id)
    words = enrol(server_url, device_id, code, identity, datetime.now(UTC))
    if not central.approve_device(database_url, device_id, words):
        raise NotEnrolled(device_id)
