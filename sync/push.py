"""Pushing the outbox: oldest first, in batches, until nothing waits."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kiosk.ports import Clock, Ids, Outbox
from sync.http import Declined, ServerConnection
from sync.protocol import MAX_BATCH, PROTOCOL, ProblemType, PushRequest, PushResponse, WireOperation

log = logging.getLogger(__name__)

_REFUSED_AS_A_WHOLE = (ProblemType.MALFORMED, ProblemType.TOO_LARGE)


def push_all(server: ServerConnection, outbox: Outbox, clock: Clock, ids: Ids, batch: int = MAX_BATCH) -> int:
    """Send everything that waits; returns how many operations got their outcome. Raises SyncProblem.

    Each batch is settled before the next is sent, so an interruption never starts from zero.
    """
    answered = 0
    while operations := outbox.queued(batch):
        try:
            response = _send(server, ids, [WireOperation.of(operation) for operation in operations])
        except Declined as declined:
            expected = declined.problem.expected_seq
            if declined.problem.type != ProblemType.GAP or expected is None:
                raise
            if not refill(server, outbox, ids, expected, batch):
                raise
            continue
        outbox.settle([result.result() for result in response.results], clock.now())
        answered += len(response.results)
    return answered


def refill(server: ServerConnection, outbox: Outbox, ids: Ids, first: int, batch: int = MAX_BATCH) -> int:
    """Send answered operations again, from this number on, to a server that was restored from a backup.

    Returns how many. What is forgotten here goes without its contents and becomes a case. Raises SyncProblem.
    """
    sent = 0
    while again := outbox.answered(first, batch):
        wires = [WireOperation.of(op) if whole else WireOperation.of(op).emptied() for op, whole in again]
        taken = len(_send(server, ids, wires).results)
        first, sent = again[taken - 1][0].seq + 1, sent + taken
    if sent:
        log.warning("refilled: the server had lost %d operations", sent)
    return sent


def _send(server: ServerConnection, ids: Ids, operations: Sequence[WireOperation]) -> PushResponse:
    """Send a batch; of one that is refused as a whole the first half, and so on down to a single operation.

    A single one that is still refused goes without its contents, so that the server can park it with a case
    and the queue behind it moves on. Raises SyncProblem.
    """
    request = PushRequest.model_construct(protocol=PROTOCOL, batch_id=ids.new(), operations=list(operations))
    try:
        return server.push(request)
    except Declined as declined:
        first = operations[0]
        if declined.problem.type not in _REFUSED_AS_A_WHOLE or (len(operations) == 1 and first.withheld):
            raise
        if len(operations) > 1:
            return _send(server, ids, operations[: len(operations) // 2])
        log.error("content-withheld: the server refused %s (%s)", first.op_id, declined.problem.type)
        return _send(server, ids, [first.emptied()])
