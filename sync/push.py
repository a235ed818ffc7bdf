"""Pushing the outbox: oldest first, in batches, until nothing waits."""

from __future__ import annotations

from kiosk.ports import Clock, Ids, Outbox
from sync.http import ServerConnection
from sync.protocol import MAX_BATCH, PROTOCOL, PushRequest, WireOperation


def push_all(server: ServerConnection, outbox: Outbox, clock: Clock, ids: Ids, batch: int = MAX_BATCH) -> int:
    """Send everything that waits; returns how many operations got their outcome. Raises SyncProblem.

    Each batch is settled before the next is sent, so an interruption never starts from zero.
    """
    answered = 0
    while operations := outbox.queued(batch):
        request = PushRequest.model_construct(
            protocol=PROTOCOL,
            batch_id=ids.new(),
            operations=[WireOperation.of(operation) for operation in operations],
        )
        response = server.push(request)
        outbox.settle([result.result() for result in response.results], clock.now())
        answered += len(response.results)
    return answered
