"""Bugs as people make them, planted to see whether the simulation notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import pytest

import kiosk.booking.decide
import kiosk.store.connection
import server.apply.batch
from kiosk.booking.model import Lease
from kiosk.decide import load_state
from kiosk.decision import Context
from kiosk.operations import Outcome
from kiosk.records import Change
from kiosk.state import State
from kiosk.store import journal
from kiosk.store.connection import immediate
from kiosk.store.ledger import SqliteLedger


class _Forgetful(State):
    def apply(self, changes: Iterable[Change]) -> None:
        """An act of a batch does not see what the act before it did."""


def in_apply(patch: pytest.MonkeyPatch) -> None:
    """The server decides every operation of a batch on the state before the batch."""

    def loaded(commands: Any, fetch: Any) -> State:
        state = _Forgetful()
        return load_state(commands, fetch, state)

    patch.setattr(server.apply.batch, "load_state", loaded)


def in_the_outbox(patch: pytest.MonkeyPatch) -> None:
    """The outbox asks for `synchronous=NORMAL`, which is faster and may lose the last commits."""
    pragmas = kiosk.store.connection._PRAGMAS
    weaker = tuple(p.replace("synchronous=FULL", "synchronous=NORMAL") for p in pragmas)
    patch.setattr(kiosk.store.connection, "_PRAGMAS", weaker)


def in_lease_expiry(patch: pytest.MonkeyPatch) -> None:
    """A lease is good for ever."""

    def mine(lease: Lease | None, context: Context) -> bool:
        return lease is not None and lease.device_id == context.seat.device_id

    patch.setattr(kiosk.booking.decide, "holds_now", mine)


def in_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    """An answer to some operations is taken for an answer to everything that waits."""
    settle = SqliteLedger._settle

    def too_much(self: SqliteLedger, outcomes: Sequence[Outcome], now: datetime) -> None:
        settle(self, outcomes, now)
        with immediate(self._db):
            self._db.conn.execute(
                "UPDATE journal SET state = 'acked', outcome = 'applied' WHERE state = 'queued'"
            )

    patch.setattr(SqliteLedger, "_settle", too_much)


def in_the_overlay(patch: pytest.MonkeyPatch) -> None:
    """What this device assumed, and of which the server says nothing, goes on as if it were true."""
    compare = journal.Settled.compare

    def believing(
        self: journal.Settled, effects: list[dict[str, Any]], assumed: list[dict[str, Any]]
    ) -> None:
        compare(self, effects, assumed)
        self.astray = False

    patch.setattr(journal.Settled, "compare", believing)


Mutant = Callable[[pytest.MonkeyPatch], None]
CAUGHT_BY: dict[Mutant, tuple[int, str]] = {
    in_apply: (22, "two confirmed bookings share a part of a room"),
    in_the_outbox: (7, "has lost what it confirmed"),
    in_lease_expiry: (65, "under a lease that has run out"),
    in_acknowledgement: (61, "heard applied of"),
    in_the_overlay: (273, "and the server differ in"),
}
"""Each with a seed that notices it, and what that seed says."""
