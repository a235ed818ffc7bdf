"""What staff do at the desk: decided by the same rules as at a kiosk, written down with their name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, update

from kiosk.clock import local_date
from kiosk.codes import Clash, Refusal
from kiosk.decide import decide, decider_of, load_state
from kiosk.decision import Context, Refused, Seat
from kiosk.ids import Uuid7Ids
from kiosk.rules import RuleSet, rules_on
from kiosk.state import Query
from server.store import tables
from server.store.database import Database, fetch, write_changes

DESK = "desk"
"""The seat of staff, where a kiosk's is its device id."""


def perform_as_staff(
    database: Database, command: object, *, staff: str, patron_id: str, now: datetime, ids: Uuid7Ids
) -> tuple[Refusal | Clash, ...]:
    """Do one act for a patron; returns what stood against it (then nothing was done)."""
    with database.write() as conn:
        rules = rules_on(local_date(now), fetch(conn, [Query.of(RuleSet, name="ward")]))
        state = load_state([command], lambda queries: fetch(conn, queries))
        decision = decide(state, command, Context(now, Seat(DESK, server=True, staff=True), rules))
        if isinstance(decision, Refused):
            return decision.codes
        if decision.clashes:
            return decision.clashes
        write_changes(conn, decision.changes)
        act = {"act_id": ids.new(), "at": now, "staff": staff, "patron_id": patron_id}
        conn.execute(insert(tables.staff_act).values(kind=decider_of(command).kind, **act))
    return ()


def close_case(database: Database, case_id: str, *, staff: str, note: str, now: datetime) -> None:
    """A member of staff has seen to it; a case that is closed already keeps its first closing."""
    table = tables.staff_case
    done = {"state": "closed", "closed_at": now, "closed_by": staff, "note": note}
    with database.write() as conn:
        still_open = (table.c.case_id == case_id) & (table.c.state == "open")
        conn.execute(update(table).where(still_open).values(**done))
