"""Reading a batch: one operation that is not of the protocol must not keep the others from being heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kiosk.operations import CONTENT_WITHHELD, ClockTrust, Operation
from sync.protocol import LoosePushRequest, PushRequest, WireOperation

NOWHERE = 0
"""The sequence number of an operation whose place in the journal cannot be read."""
UNREADABLE_HASH = ""
NOT_UNDERSTOOD = "not-understood"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(field.rebuild_annotation()) for name, field in WireOperation.model_fields.items()
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An operation as it came; `flaw` is the code to park it with where it cannot be heard."""

    op: Operation
    flaw: str | None = None


def read_batch(device_id: str, request: PushRequest | LoosePushRequest) -> list[Arrival]:
    """All operations of a batch; raises ValidationError for one that cannot even be told by its id."""
    if isinstance(request, PushRequest):
        return [_arrival(device_id, wire) for wire in request.operations]
    return [_read(device_id, raw) for raw in request.operations]


def _arrival(device_id: str, wire: WireOperation) -> Arrival:
    return Arrival(wire.operation(device_id), CONTENT_WITHHELD if wire.withheld else None)


def _read(device_id: str, raw: Mapping[str, Any]) -> Arrival:
    try:
        return _arrival(device_id, WireOperation.model_validate(raw))
    except ValidationError:
        return Arrival(_what_is_readable(device_id, raw), NOT_UNDERSTOOD)


def _what_is_readable(device_id: str, raw: Mapping[str, Any]) -> Operation:
    """The operation with defaults where it is absurd; all that came is kept in its body."""
    incarnation, seq = _field(raw, "incarnation", NOWHERE), _field(raw, "seq", NOWHERE)
    placed = incarnation != NOWHERE and seq != NOWHERE
    return Operation(
        op_id=_FIELDS["op_id"].validate_python(raw.get("op_id")),
        device_id=device_id,
        incarnation=incarnation if placed else NOWHERE,
        seq=seq if placed else NOWHERE,
        kind=_field(raw, "kind", "?"),
        schema_v=_field(raw, "schema_v", 0),
        at=_field(raw, "at", _EPOCH),
        mono_ms=0,
        boot_id="",
        clock_trust=_field(raw, "clock_trust", ClockTrust.GUESSED),
        body=raw,
        prev_hash=_field(raw, "prev_hash", UNREADABLE_HASH),
        hash=_field(raw, "hash", UNREADABLE_HASH),
    )


def _field(raw: Mapping[str, Any], name: str, default: Any) -> Any:
    try:
        return _FIELDS[name].validate_python(raw.get(name))
    except ValidationError:
        return default
