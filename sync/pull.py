"""Pulling reference data: delta by cursor, or a whole snapshot where there is no cursor to go on from."""

from __future__ import annotations

from typing import Any

from kiosk.ports import Clock, Outbox
from sync.http import Declined, ServerConnection
from sync.protocol import MAX_PAGE, FeedPage, ProblemType


def pull(server: ServerConnection, outbox: Outbox, clock: Clock) -> int:
    """Take in everything new; returns how many changes came. Raises SyncProblem."""
    epoch, position = outbox.cursor()
    if not position:
        return _snapshot(server, outbox, clock)
    try:
        return _delta(server, outbox, clock, epoch, position)
    except Declined as declined:
        if declined.problem.type != ProblemType.MUST_REFETCH:
            raise
        return _snapshot(server, outbox, clock)


def _delta(server: ServerConnection, outbox: Outbox, clock: Clock, epoch: str, position: int) -> int:
    taken, more = 0, True
    while more:
        page = server.feed(epoch, position, MAX_PAGE)
        position, more = page.next, page.more
        changes = _rows(page)
        outbox.apply_page(page.epoch, position, changes, clock.now(), complete=not more)
        taken += len(changes)
    return taken


def _snapshot(server: ServerConnection, outbox: Outbox, clock: Clock) -> int:
    """All pages first, then one transaction: nobody meets a half-filled kiosk."""
    changes: list[dict[str, Any]] = []
    page = server.feed("", 0, MAX_PAGE)
    changes.extend(_rows(page))
    while page.more:
        page = server.feed(page.epoch, page.next, MAX_PAGE)
        changes.extend(_rows(page))
    outbox.replace_all(page.epoch, page.next, changes, clock.now())
    return len(changes)


def _rows(page: FeedPage) -> list[dict[str, Any]]:
    return [{"table": change.table, "key": change.key, "row": change.row} for change in page.changes]
