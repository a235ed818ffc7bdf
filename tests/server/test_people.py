"""PINs and sightings between kiosks: what one has seen, the others know, and nobody keeps longer than needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from kiosk.codes import Clash
from kiosk.decision import Accepted
from kiosk.people.model import CardSighting, LibraryPin
from kiosk.people.pin_decide import SetLibraryPin, TryLibraryPin
from kiosk.people.sighting import SeeCard
from kiosk.ports import Performed
from kiosk.state import Query
from server.store import tables
from tests.conftest import HANAKO_TAG, Central, RemoteKiosk
from virtual.ward import DEMO_RESIDENT


def do(kiosk: RemoteKiosk, command: object) -> Accepted:
    done = kiosk.ledger.perform(command, datetime.now(UTC))
    assert isinstance(done, Performed)
    return done.decision


def pin_at(kiosk: RemoteKiosk) -> LibraryPin:
    found = kiosk.ledger.state(Query.of(LibraryPin, patron_id=DEMO_RESIDENT)).get(LibraryPin, DEMO_RESIDENT)
    assert found is not None
    return found


def test_wrong_pins_of_two_kiosks_add_up(central: Central, tmp_path: Path) -> None:
    one, other = central.kiosk(tmp_path / "a", "one"), central.kiosk(tmp_path / "b", "other")
    assert one.sync()
    do(one, SetLibraryPin(patron_id=DEMO_RESIDENT, verifier="v"))
    assert one.sync()
    assert other.sync()
    for kiosk in (one, other, other):  # without a network between them
        do(kiosk, TryLibraryPin(patron_id=DEMO_RESIDENT, right=False))
    for kiosk in (one, other, one):
        assert kiosk.sync()
    assert (pin_at(one).wrong, pin_at(other).wrong) == (3, 3)
    do(one, TryLibraryPin(patron_id=DEMO_RESIDENT, right=True))
    for kiosk in (one, other):
        assert kiosk.sync()
    assert pin_at(other).wrong == 0


def test_one_card_at_two_facilities_is_a_case(central: Central, tmp_path: Path) -> None:
    one, other = central.kiosk(tmp_path / "a", "one"), central.kiosk(tmp_path / "b", "other")
    for kiosk in (one, other):
        assert kiosk.sync()
    assert do(one, SeeCard(tag=HANAKO_TAG, facility_id="hikarigaoka")).clashes == ()
    assert do(other, SeeCard(tag=HANAKO_TAG, facility_id="sekimachi")).clashes == (), "it cannot know yet"
    for kiosk in (one, other):
        assert kiosk.sync()
    with central.database.read() as conn:
        codes = conn.execute(select(tables.staff_case.c.code)).scalars().all()
    assert codes == [Clash.CARD_IN_TWO_PLACES]
    assert one.sync()
    assert do(one, SeeCard(tag=HANAKO_TAG, facility_id="hikarigaoka")).clashes == (Clash.CARD_IN_TWO_PLACES,)


def test_neither_ledger_keeps_what_was_only_for_the_moment(central: Central, tmp_path: Path) -> None:
    kiosk = central.kiosk(tmp_path / "a")
    assert kiosk.sync()
    do(kiosk, SeeCard(tag=HANAKO_TAG, facility_id="hikarigaoka"))
    do(kiosk, SetLibraryPin(patron_id=DEMO_RESIDENT, verifier="secret-verifier"))
    assert kiosk.sync()
    with central.database.read() as conn:
        rows = conn.execute(select(tables.operation.c.body, tables.operation.c.effects)).all()
    assert [(row.body, row.effects) for row in rows] == [(None, None)] * 2
    bodies = kiosk.ledger._db.conn.execute("SELECT body, changes FROM journal").fetchall()
    assert [tuple(row) for row in bodies] == [(None, None)] * 2


def test_where_a_card_was_is_forgotten_by_all(central: Central, tmp_path: Path) -> None:
    kiosk = central.kiosk(tmp_path / "a")
    assert kiosk.sync()
    do(kiosk, SeeCard(tag=HANAKO_TAG, facility_id="hikarigaoka"))
    assert kiosk.sync()
    assert len(kiosk.ledger.all(CardSighting)) == 1
    table = tables.records["card_sighting"]
    with central.database.write() as conn:
        conn.execute(update(table).values(seen_at=datetime.now(UTC) - timedelta(minutes=61)))
    for _ in range(2):  # the first tells the server that we are here, the second brings what that led to
        assert kiosk.sync()
    assert kiosk.ledger.all(CardSighting) == ()
    with central.database.read() as conn:
        assert conn.execute(select(table)).all() == []
