"""Wire models, version 1. JSON over HTTP; the server and the kiosk both import these, and how they are signed
(`sync.signatures`), and nothing else. docs/protocol.md tells it to people, docs/protocol/ to programs.

- `POST /v1/devices/{id}/operations` takes a `PushRequest` (gzip allowed), answers a `PushResponse`.
  200 means: every operation in it was processed and has an outcome. Sending it again is harmless.
- `GET /v1/devices/{id}/feed?epoch=&after=&limit=` answers a `FeedPage` of changes in server order.
- `POST /v1/devices/{id}/heartbeat` takes a `Heartbeat`, answers `DeviceInfo`; the server renews leases.
- `POST /v1/devices/{id}/enrolment` takes an `Enrolment`, answers an `Enrolled`; then staff approve.
- `POST /v1/devices/{id}/keys` takes a `KeyOffer`, answers a `KeyAccepted`: the key after this one.

Everything else is an RFC 9457 problem (`application/problem+json`) whose `type` is one of `ProblemType`.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kiosk.operations import ClockTrust, Operation, Outcome, OutcomeKind

PROTOCOL = 1
MINOR = 0
"""Grows with every addition. A server takes this minor version and the two before it."""
OLDER_MINORS = 2
VERSION_FIELD = "Sync-Protocol"
MAX_BATCH = 500
"""Operations in one request; more answers `too-large`."""
MAX_BODY = 1 << 20
"""Bytes of one request body after decompression."""
MAX_PAGE = 2000
"""Changes on one feed page."""

MAX_NUMBER = (1 << 31) - 1
"""The largest incarnation, sequence number and schema version."""

PROBLEM_JSON = "application/problem+json"

Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
KeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""The 32 bytes of an Ed25519 public key."""
SignatureHex = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class ProblemType(StrEnum):
    """Why a request was not processed at all."""

    UNAUTHORIZED = "unauthorized"
    DIGEST_MISMATCH = "digest-mismatch"
    CLOCK_SKEW = "clock-skew"
    REPLAYED = "replayed"
    ENROLMENT_REFUSED = "enrolment-refused"
    AWAITING_APPROVAL = "awaiting-approval"
    DEVICE_REVOKED = "device-revoked"
    UPGRADE_REQUIRED = "upgrade-required"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    GAP = "gap"
    MUST_REFETCH = "must-refetch"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    INTERNAL = "internal"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # unknown fields of newer versions are kept out


class Problem(_Wire):
    """RFC 9457. `expected_seq` goes with `gap`: the next sequence number the server wants; `server_time` with
    `clock-skew`: sign again by that time.
    """

    type: str
    title: str
    status: int
    detail: str | None = None
    expected_seq: int | None = None
    server_time: AwareDatetime | None = None


class WireOperation(_Wire):
    """`kiosk.operations.Operation` on the wire."""

    op_id: Uuid
    incarnation: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    seq: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    kind: Annotated[str, Field(min_length=1, max_length=40)]
    schema_v: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    at: AwareDatetime
    mono_ms: Annotated[int, Field(ge=0)]
    boot_id: Annotated[str, Field(max_length=64)]
    clock_trust: ClockTrust
    body: dict[str, Any]
    prev_hash: Sha256Hex
    hash: Sha256Hex
    withheld: bool = False
    """The server refused this operation as it was: it comes without its contents, so as to be parked."""

    @staticmethod
    def of(op: Operation) -> WireOperation:
        return WireOperation.model_construct(
            op_id=op.op_id,
            incarnation=op.incarnation,
            seq=op.seq,
            kind=op.kind,
            schema_v=op.schema_v,
            at=op.at,
            mono_ms=op.mono_ms,
            boot_id=op.boot_id,
            clock_trust=op.clock_trust,
            body=dict(op.body),
            prev_hash=op.prev_hash,
            hash=op.hash,
        )

    def emptied(self) -> WireOperation:
        """The same place in the journal, without contents."""
        return self.model_copy(update={"body": {}, "withheld": True})

    def operation(self, device_id: str) -> Operation:
        names = Operation.__dataclass_fields__.keys() - {"device_id"}
        return Operation(device_id=device_id, **{name: getattr(self, name) for name in names})


class PushRequest(_Wire):
    """Operations of one device and one incarnation in ascending, gapless `seq` order.

    A server that cannot read one of them parks that one, if only it can tell its `op_id`.
    """

    protocol: int
    batch_id: Uuid
    operations: Annotated[list[WireOperation], Field(min_length=1, max_length=MAX_BATCH)]


class LoosePushRequest(_Wire):
    """The same, of operations that are not all readable."""

    protocol: int
    batch_id: Uuid
    operations: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_BATCH)]


class WireChange(_Wire):
    """`kiosk.records.change_to_json`: row null means removed."""

    table: str
    key: list[Any]
    row: dict[str, Any] | None


class WireOutcome(_Wire):
    """`kiosk.operations.Outcome`: `effects` are what is true at the server after this operation."""

    op_id: Uuid
    outcome: OutcomeKind
    server_seq: int
    code: str | None = None
    case_id: str | None = None
    effects: list[WireChange] = []
    duplicate: bool = False

    def result(self) -> Outcome:
        return Outcome(
            op_id=self.op_id,
            outcome=self.outcome,
            server_seq=self.server_seq,
            code=self.code,
            case_id=self.case_id,
            effects=tuple(change.model_dump() for change in self.effects),
            duplicate=self.duplicate,
        )


class PushResponse(_Wire):
    """One outcome per operation, in the order sent."""

    epoch: str
    server_time: AwareDatetime
    results: list[WireOutcome]


class FeedChange(WireChange):
    seq: int


class FeedPage(_Wire):
    """Changes after the cursor. `next` is the new cursor; `more` says another page is waiting."""

    epoch: str
    server_time: AwareDatetime
    changes: list[FeedChange]
    next: int
    more: bool


class Heartbeat(_Wire):
    """What a device says of itself: queue length, oldest waiting operation, software version."""

    protocol: int
    version: Annotated[str, Field(max_length=40)]
    queued: Annotated[int, Field(ge=0)]
    oldest_queued_at: AwareDatetime | None = None
    clock_trust: ClockTrust
    at: AwareDatetime


class DeviceInfo(_Wire):
    """What the server knows of a device: `last_seq` is the highest it has in `incarnation` (0: none)."""

    device_id: str
    facility_id: str
    epoch: str
    incarnation: int
    last_seq: int
    server_time: datetime


class Enrolment(_Wire):
    """A new key and the code that staff read out. Signed by that key: who sends this holds it."""

    protocol: int
    code: Annotated[str, Field(min_length=1, max_length=40)]
    public_key: KeyHex


class Enrolled(_Wire):
    """The server has taken the key down; nothing is accepted from it until staff approve."""

    device_id: str
    server_key: KeyHex


class KeyOffer(_Wire):
    """The next key, offered in a request that the present key signs; `proof` is the next key's own word."""

    protocol: int
    public_key: KeyHex
    proof: SignatureHex


class KeyAccepted(_Wire):
    """Both keys are good until the new one is used."""

    key_id: str


def key_proof(device_id: str, present_key_id: str, public_key: str) -> bytes:
    """What the next key signs to show that its owner holds it."""
    return f"machikado next key 1\n{device_id}\n{present_key_id}\n{public_key}".encode()


def version_text() -> str:
    """What goes into VERSION_FIELD."""
    return f"{PROTOCOL}.{MINOR}"


def is_spoken(version: str, major: int = PROTOCOL, minor: int | None = None) -> bool:
    """Whether a server of this version takes requests of that one."""
    newest = MINOR if minor is None else minor
    found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", version, re.ASCII)
    return found is not None and int(found[1]) == major and newest - OLDER_MINORS <= int(found[2]) <= newest
