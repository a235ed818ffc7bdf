"""A ward that has lived for a while, on a server that can be stopped and started on another database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, delete, insert, inspect, select, update

from kiosk.ids import Uuid7Ids
from server import cli
from server.settings import ServerSettings
from server.store import tables
from server.store.access import snapshot, sqlite_file
from server.store.database import Database
from server.store.proof import TableProof, prove
from sync.http import ServerConnection
from sync.schedule import Schedule
from tests.conftest import HANAKO_TAG, Central, RemoteKiosk, clock_of_this_machine, serving
from tests.server.house import lend
from virtual.ward import Ward, make_ward, seed_server


@dataclass
class House:
    """A server's key and ward, whichever database it runs on."""

    settings: ServerSettings
    ward: Ward

    @contextmanager
    def open(self, database: str) -> Iterator[Central]:
        """The server, running on this database until the end of the block."""
        settings = ServerSettings(database, server_key=self.settings.server_key)
        server, thread, url = serving(settings)
        opened = Database(database)
        try:
            yield Central(url, database, opened, self.ward)
        finally:
            opened.dispose()
            server.should_exit = True
            thread.join()


def lived_in(database: str, folder: Path) -> tuple[House, RemoteKiosk]:
    """Fill a new database: a ward, an act that went well, one that clashed, staff, a code, awkward values."""
    ward = make_ward(now=datetime.now(UTC), patrons=200, items=400)
    ward.give_card(HANAKO_TAG)
    cli.migrate(database)
    seed_server(database, ward)
    cli.add_staff(database, "saito", "a long password")
    house = House(ServerSettings(database), ward)
    with house.open(database) as central:
        kiosk, other = central.kiosk(folder / "k1"), central.kiosk(folder / "k2", "kiosk-2")
        assert kiosk.sync()
        assert other.sync()
        (book,) = ward.free_items(1)
        lend(kiosk, book)
        lend(other, book, "p00001")
        assert kiosk.sync()
        assert other.sync()
        other.server.close()
        other.ledger.close()
        with central.database.write() as conn:
            awkward(conn)
    cli.enrolment_code(database, "kiosk-2")
    return house, kiosk


def awkward(conn: Connection) -> None:
    """What engines sort, round or write differently."""
    names = ("B", "a", "Z", "é", "e\u0301", "あ", "アー", "🎴", "a\nb", '"', "\\", "")
    for number, name in enumerate(names):
        conn.execute(
            insert(tables.staff_act).values(
                act_id=name or "-", at=datetime(1 if number % 2 else 9999, 6, 1, tzinfo=UTC), staff=name,
                kind="odd", patron_id="p00000",
            )
        )  # fmt: skip
    body = {"names": list(names), "half": 0.5, "none": None, "yes": True}
    conn.execute(update(tables.operation).values(body=body))
    conn.execute(update(tables.patron_profile).values(kana="\u3000"))


def moved_to(kiosk: RemoteKiosk, central: Central) -> RemoteKiosk:
    """The same kiosk, told of the server's new address."""
    clock, ids = clock_of_this_machine(), Uuid7Ids()
    server = ServerConnection(central.url, "kiosk-1", kiosk.schedule._server._auth)
    return RemoteKiosk(
        kiosk.ledger, Schedule(server, kiosk.ledger, clock, ids, "test", lambda online, since: None), server
    )


def proof_of(database: str, *, epoch: bool = True) -> tuple[TableProof, ...]:
    with snapshot(database) as conn:
        return prove(conn, epoch=epoch)


def untouched(database: str) -> bool:
    """Nothing was ever kept there."""
    file = sqlite_file(database)
    if file is not None:
        return not list(file.parent.glob(f"{file.name}*"))
    opened = Database(database)
    with opened.engine.connect() as conn:
        names = inspect(conn).get_table_names()
    opened.dispose()
    return names == []


LOAN, PATRON = tables.records["loan"], tables.records["patron"]


def a_row_less(conn: Connection) -> None:
    first = conn.execute(select(LOAN.c.item_id)).scalars().first()
    conn.execute(delete(LOAN).where(LOAN.c.item_id == first))


def a_row_more(conn: Connection) -> None:
    conn.execute(insert(tables.staff).values(name="intruder", password_hash="-"))


def a_later_moment(conn: Connection) -> None:
    first = conn.execute(select(LOAN.c.since, LOAN.c.item_id)).first()
    assert first is not None
    later = first.since.replace(microsecond=(first.since.microsecond + 1) % 1_000_000)
    conn.execute(update(LOAN).where(LOAN.c.item_id == first.item_id).values(since=later))


def a_counter_behind(conn: Connection) -> None:
    conn.execute(update(tables.counter).values(value=tables.counter.c.value - 1))


def a_flag(conn: Connection) -> None:
    conn.execute(update(PATRON).where(PATRON.c.patron_id == "p00001").values(blocked=True))


TAMPERED: list[tuple[Callable[[Connection], None], str]] = [
    (a_row_less, "loan"), (a_row_more, "staff"), (a_later_moment, "loan"), (a_counter_behind, "counter"),
    (a_flag, "patron"),
]  # fmt: skip
"""What may go wrong with a copy, and the table in which it shows."""
