"""Where copyable cards were seen: forgotten within the hour, here and at every kiosk."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from kiosk.people.model import CardSighting
from kiosk.people.sighting import KEPT
from kiosk.records import Remove
from server.store import tables
from server.store.database import write_changes


def forget_sightings(conn: Connection, now: datetime) -> None:
    """Remove what is older; the feed tells the kiosks."""
    table = tables.records["card_sighting"]
    old = conn.execute(select(table.c.tag).where(table.c.seen_at < now - KEPT)).scalars().all()
    write_changes(conn, [Remove(CardSighting, (tag,)) for tag in old])
