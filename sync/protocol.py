"""Wire models, version 1. JSON over HTTP; the server and the kiosk both import these and nothing else.

- `POST /v1/devices/{id}/operations` takes a `PushRequest` (gzip allowed), answers a `PushResponse`.
  200 means: every operation in it was processed and has an outcome. Sending it again is harmless.
- `GET /v1/devices/{id}/feed?epoch=&after=&limit=` answers a `FeedPage` of changes in server order.
- `POST /v1/devices/{id}/heartbeat` takes a `Heartbeat`, answers `DeviceInfo`; the server renews leases.

Everything else is an RFC 9457 problem (`application/problem+json`) whose `type` is one of `ProblemType`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kiosk.operations import ClockTrust, Operation, Outcome, OutcomeKind

PROTOCOL = 1
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
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class ProblemType(StrEnum):
    """Why a request was not processed at all."""

    UNAUTHORIZED = "unauthorized"
    UNKNOWN_DEVICE = "unknown-device"
    UNSUPPORTED_PROTOCOL = "unsupported-protocol"
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
    """RFC 9457. `expected_seq` goes with `gap`: the next sequence number the server wants."""

    type: str
    title: str
    status: int
    detail: str | None = None
    expected_seq: int | None = None


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
