"""Finding a person and their cards for the desk. Names are read here and shown to staff, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from kiosk.barcodes import bare
from kiosk.clock import local
from kiosk.people.model import CardLink, LibraryPin, LinkState
from kiosk.rules import BarcodeScheme
from kiosk.state import Query, State
from server.desk.words import CARD_KINDS, CARD_STATES
from server.store import tables
from server.store.database import fetch

MOST = 20
"""People shown for one search; more means that the search says too little."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    patron_id: str
    name: str
    kana: str
    card_number: str


@dataclass(frozen=True, slots=True)
class CardRow:
    tag: str
    kind: str
    state: str
    since: str
    works: bool


@dataclass(frozen=True, slots=True)
class PersonCards:
    """One person with their cards, the newest first."""

    person: PersonLine
    cards: list[CardRow]
    has_pin: bool
    wrong_pins: int


def find_people(conn: Connection, text: str, scheme: BarcodeScheme) -> list[PersonLine]:
    """By card number (also scanned), or by the beginning of the name or its reading."""
    wanted, table = text.strip(), tables.patron_profile.c
    if not wanted:
        return []
    number = bare(wanted, scheme.patron_check)
    compact = wanted.replace(" ", "").replace("　", "")
    names = (
        table.kana.startswith(wanted, autoescape=True),
        (table.family + table.given).startswith(compact, autoescape=True),
    )
    found = select(tables.patron_profile).where(or_(table.card_number == number, *names))
    return [_person(row) for row in conn.execute(found.order_by(table.kana).limit(MOST + 1))]


def person_with_cards(conn: Connection, patron_id: str) -> PersonCards | None:
    """One person; None where there is nobody of this id."""
    table = tables.patron_profile
    row = conn.execute(select(table).where(table.c.patron_id == patron_id)).first()
    if row is None:
        return None
    queries = [Query.of(CardLink, patron_id=patron_id), Query.of(LibraryPin, patron_id=patron_id)]
    state = State(fetch(conn, queries))
    pin = state.get(LibraryPin, patron_id)
    links = sorted(state.all(CardLink), key=lambda link: link.since, reverse=True)
    return PersonCards(
        _person(row), [_card(link) for link in links], pin is not None, pin.wrong if pin else 0
    )


def _person(row: object) -> PersonLine:
    return PersonLine(row.patron_id, f"{row.family} {row.given}", row.kana, row.card_number)  # type: ignore[attr-defined]


def _card(link: CardLink) -> CardRow:
    return CardRow(
        link.tag, CARD_KINDS.get(link.card_kind, link.card_kind), CARD_STATES[link.state],
        local(link.since).strftime("%Y年%m月%d日"), link.state in (LinkState.ACTIVE, LinkState.REQUESTED),
    )  # fmt: skip
