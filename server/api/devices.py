"""`/v1/devices/{id}/…`: push, feed, heartbeat."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the inner functions.

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy import func, select, update

from kiosk.ids import Uuid7Ids
from server.api.bodies import Body, parsed
from server.api.problems import ProblemError
from server.apply.arrival import Arrival, read_batch
from server.apply.batch import Gap, apply_batch
from server.apply.leases import renew_leases
from server.apply.sightings import forget_sightings
from server.store import tables
from server.store.database import Database
from sync.protocol import (
    MAX_PAGE,
    DeviceInfo,
    FeedChange,
    FeedPage,
    Heartbeat,
    LoosePushRequest,
    ProblemType,
    PushRequest,
    PushResponse,
)  # fmt: skip


def _arrivals(device_id: str, body: bytes) -> list[Arrival]:
    try:
        return read_batch(device_id, parsed(PushRequest, body))
    except ProblemError as problem:
        if problem.problem.type != ProblemType.MALFORMED:
            raise
    try:
        return read_batch(device_id, parsed(LoosePushRequest, body))
    except ValidationError as error:
        raise ProblemError(ProblemType.MALFORMED, "an operation without an id") from error


def make_router(
    database: Database, proven_device: Callable[..., Any], now: Callable[[], datetime],
    ids: Uuid7Ids | None = None,
) -> APIRouter:  # fmt: skip
    """The routes of devices. `proven_device` is the dependency that gives the device, `now` our clock.

    `ids` numbers the cases.
    """
    ids = ids or Uuid7Ids()
    router = APIRouter(prefix="/v1/devices/{device_id}")
    proven = Annotated[Any, Depends(proven_device)]

    @router.post("/operations", response_model=PushResponse)
    def push(device: proven, body: Body) -> Response:
        arrivals = _arrivals(device.device_id, body)
        try:
            return _written(apply_batch(database, device.device_id, arrivals, now(), ids))
        except Gap as gap:
            raise ProblemError(ProblemType.GAP, expected_seq=gap.expected) from gap

    @router.get("/feed", response_model=FeedPage)
    def feed(
        device: proven,
        epoch: str = "",
        after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
    ) -> Response:
        return _written(_feed_page(database, epoch, after, limit, now()))

    @router.post("/heartbeat")
    def heartbeat(device: proven, body: Body) -> DeviceInfo:
        beat = parsed(Heartbeat, body)
        _note_heartbeat(database, device, beat, now())
        return info(device)

    @router.get("")
    def info(device: proven) -> DeviceInfo:
        with database.read() as conn:
            epoch = database.epoch(conn)
        return DeviceInfo(
            device_id=device.device_id, facility_id=device.facility_id, epoch=epoch,
            incarnation=device.incarnation, last_seq=device.last_seq, server_time=now(),
        )  # fmt: skip

    return router


def _written(answer: BaseModel) -> Response:
    """An answer of ours as JSON at once: it was made from its model and need not be validated again."""
    return Response(answer.model_dump_json(), media_type="application/json")


def _feed_page(database: Database, epoch: str, after: int, limit: int, moment: datetime) -> FeedPage:
    table = tables.change
    with database.read() as conn:
        current = database.epoch(conn)
        if epoch not in ("", current) or (after and not epoch):
            raise ProblemError(ProblemType.MUST_REFETCH)
        wanted = select(table).where(table.c.seq > after).order_by(table.c.seq).limit(limit + 1)
        rows = conn.execute(wanted).all()
        if after and not rows and after > (conn.execute(select(func.max(table.c.seq))).scalar() or 0):
            raise ProblemError(ProblemType.MUST_REFETCH)  # of changes that an older backup does not know
    page = rows[:limit]
    return FeedPage.model_construct(
        epoch=current,
        server_time=moment,
        changes=[_feed_change(row) for row in page],
        next=page[-1].seq if page else after,
        more=len(rows) > limit,
    )


def _feed_change(row: Any) -> FeedChange:
    return FeedChange.model_construct(seq=row.seq, table=row.table_name, key=json.loads(row.key), row=row.row)


def _note_heartbeat(database: Database, device: Any, beat: Heartbeat, moment: datetime) -> None:
    table = tables.device
    with database.write() as conn:
        conn.execute(
            update(table)
            .where(table.c.device_id == device.device_id)
            .values(
                last_seen_at=moment, queued=beat.queued, oldest_queued_at=beat.oldest_queued_at,
                version=beat.version, clock_trust=beat.clock_trust.value,
            )
        )  # fmt: skip
        renew_leases(conn, device.device_id, device.facility_id, moment)
        forget_sightings(conn, moment)
