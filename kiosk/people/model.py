"""Patrons and cards as a kiosk may know them: pseudonymous ids, masked names, keyed tags."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from kiosk.records import record


class LinkState(StrEnum):
    """`LOST` is `REVOKED` with a reason: the card opens nothing, and whoever shows it is told so."""

    REQUESTED = "requested"
    ACTIVE = "active"
    REVOKED = "revoked"
    LOST = "lost"


@record("patron", key=("patron_id",))
class Patron:
    """A person with a library card. `masked_name` is all of the name that ever leaves the server."""

    patron_id: str
    masked_name: str
    expires_on: date
    blocked: bool


@record("card_link", key=("tag",), lookups=(("patron_id",),))
class CardLink:
    """This card (as a keyed tag) speaks for this patron, once the link is active. `since`: of its state."""

    tag: str
    card_kind: str
    patron_id: str
    state: LinkState
    since: datetime


@record("library_pin", key=("patron_id",))
class LibraryPin:
    """A patron's library PIN as a keyed verifier (`kiosk.people.pins`).

    `wrong` counts the wrong tries since a right one, of all kiosks, for they travel as facts.
    """

    patron_id: str
    verifier: str
    wrong: int
    wrong_at: datetime | None


@record("card_sighting", key=("tag",))
class CardSighting:
    """Where a copyable card was last shown. Kept for an hour at most: it is there to notice copies."""

    tag: str
    facility_id: str
    seen_at: datetime


@record("card_key", key=("key_id",))
class CardKey:
    """A public key (Ed25519, hex) with which the library signs the codes of its digital cards."""

    key_id: str
    public_key: str
    revoked: bool


def mask_name(family: str, given: str) -> str:
    """Enough to recognise oneself, too little for a stranger: 練馬 花○."""
    return f"{family} {given[:1]}○" if given else f"{family[:1]}○"
