"""Patrons and cards as a kiosk may know them: pseudonymous ids, masked names, keyed tags."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from kiosk.records import record


class LinkState(StrEnum):
    REQUESTED = "requested"
    ACTIVE = "active"
    REVOKED = "revoked"


@record("patron", key=("patron_id",))
class Patron:
    """A person with a library card. `masked_name` is all of the name that ever leaves the server."""

    patron_id: str
    masked_name: str
    expires_on: date
    blocked: bool


@record("card_link", key=("tag",), lookups=(("patron_id",),))
class CardLink:
    """This card (as a keyed tag) speaks for this patron, once the link is active."""

    tag: str
    card_kind: str
    patron_id: str
    state: LinkState
    since: datetime


def mask_name(family: str, given: str) -> str:
    """Enough to recognise oneself, too little for a stranger: 練馬 花○."""
    return f"{family} {given[:1]}○" if given else f"{family[:1]}○"
