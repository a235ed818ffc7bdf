"""The vocabulary of the journal: operations, outcomes, cases.

*Facts* have already happened in the room and are never refused; a clash opens a case. *Claims* ask
for something shared and may be confirmed or rejected. The journal is gapless per device and
incarnation (a database that had to be rescued starts a new incarnation) and hash-chained.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

GENESIS = "0" * 64
"""The `prev_hash` of the first operation of an incarnation."""


CONTENT_WITHHELD = "content-withheld"
"""The code of an operation that the server could not take as it was; its contents stay on the device."""


class Nature(StrEnum):
    FACT = "fact"
    CLAIM = "claim"


class ClockTrust(StrEnum):
    """How far the device's wall clock can be believed when the operation was written."""

    SYNCED = "synced"
    MONOTONIC = "monotonic"
    RTC = "rtc"
    GUESSED = "guessed"


class OutcomeKind(StrEnum):
    """What the server made of an operation."""

    APPLIED = "applied"
    APPLIED_WITH_CASE = "applied_with_case"
    REJECTED = "rejected"
    PARKED = "parked"


class Standing(StrEnum):
    """What the resident may rely on: it is so, or it has been asked for."""

    FINAL = "final"
    REQUESTED = "requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One act, as the device wrote it down.

    `at` is the device's wall time (aware), `mono_ms` its monotonic clock since boot `boot_id`; both
    are evidence for people, the server's order decides. `body` is the command as JSON scalars.
    """

    op_id: str
    device_id: str
    incarnation: int
    seq: int
    kind: str
    schema_v: int
    at: datetime
    mono_ms: int
    boot_id: str
    clock_trust: ClockTrust
    body: Mapping[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The server's signed word on one operation; `effects` are changes in their JSON form."""

    op_id: str
    outcome: OutcomeKind
    server_seq: int
    code: str | None = None
    case_id: str | None = None
    effects: tuple[Mapping[str, Any], ...] = ()
    duplicate: bool = False


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: object) -> bytes:
    """One byte string per value: sorted keys, no blanks, UTF-8 (RFC 8785 for the values we use)."""
    return _CANONICAL.encode(value).encode()


def chain_hash(
    prev_hash: str,
    *,
    op_id: str,
    device_id: str,
    incarnation: int,
    seq: int,
    kind: str,
    at: datetime,
    body: Mapping[str, Any],
) -> str:
    """SHA-256 over the previous hash and this operation: tampering and gaps become visible."""
    content = [prev_hash, op_id, device_id, incarnation, seq, kind, at.isoformat(), body]
    return hashlib.sha256(canonical_json(content)).hexdigest()
