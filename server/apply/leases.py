"""Leases: which device may confirm rooms of its facility alone, for today and the days the rules say."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from kiosk.booking.model import Lease
from kiosk.clock import local_date
from kiosk.records import Put
from kiosk.rules import RuleSet, rules_on
from kiosk.state import Query, State
from server.store.database import fetch, write_changes

LASTS = timedelta(hours=36)
RENEW_BELOW = timedelta(hours=24)
"""A lease is only written anew when less than this is left, so that heartbeats do not fill the feed."""


def renew_leases(conn: Connection, device_id: str, facility_id: str, now: datetime) -> None:
    """Grant or renew this device's leases; a day that another device holds is left alone."""
    today = local_date(now)
    rules = rules_on(today, fetch(conn, [Query.of(RuleSet, name="ward")]))
    days = [today + timedelta(days=n) for n in range(rules.booking.lease_days)]
    state = State(fetch(conn, [Query.of(Lease, facility_id=facility_id, on=day) for day in days]))
    granted = []
    for day in days:
        lease = state.get(Lease, facility_id, day)
        mine = lease is None or lease.device_id == device_id
        short = lease is None or lease.valid_until - now < RENEW_BELOW
        if mine and short:
            epoch = lease.epoch if lease else 1
            granted.append(
                Put(
                    Lease(
                        facility_id=facility_id,
                        on=day,
                        device_id=device_id,
                        epoch=epoch,
                        valid_until=now + LASTS,
                    )
                )
            )
    write_changes(conn, granted)
