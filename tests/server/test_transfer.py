"""A whole database moved from one engine to the other and back, and everything that must stop it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, delete, event, inspect
from sqlalchemy.exc import OperationalError

from main import main
from server import cli
from server.settings import ServerSettings
from server.store import access, proof, tables, transfer
from server.store.access import NoStore, StoreInUse, StoreNotEmpty, StoreProblem
from server.store.database import Database
from server.store.transfer import CopyDiffers, move
from tests.server.house import cases_match, ledger_rows, lend
from tests.server.moving import (
    TAMPERED,
    House,
    a_row_more,
    awkward,
    lived_in,
    moved_to,
    proof_of,
    untouched,
)  # fmt: skip
from virtual.ward import make_ward, seed_server

MakeDatabase = Callable[[str], str]


@pytest.fixture
def target(database_url: str, new_database: MakeDatabase) -> str:
    """An empty database on the other engine."""
    return new_database("postgresql" if database_url.startswith("sqlite") else "sqlite")


def test_there_and_back_everything_is_the_same(
    database_url: str, target: str, new_database: MakeDatabase, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    lived_in(database_url, tmp_path)
    before, back = proof_of(database_url), new_database(database_url.split(":")[0])
    assert {p.table for p in before if p.rows} >= {"operation", "staff_case", "device_key", "staff", "change"}
    for source, to in ((database_url, target), (target, back)):
        capsys.readouterr()
        assert main(["server", "migrate-store", "--database", source, "--to", to]) == 0
        said = capsys.readouterr().out
        for table in before:
            assert f"same  {table.table:<16} {table.rows:>9}  {table.sha256}\n" in said
        assert "NOT" not in said
    assert proof_of(target) == proof_of(back) == before


def test_a_kiosk_goes_on_where_it_was(database_url: str, target: str, tmp_path: Path) -> None:
    house, kiosk = lived_in(database_url, tmp_path)
    cursor = kiosk.ledger.cursor()
    move(database_url, target)
    with house.open(target) as central:
        moved = moved_to(kiosk, central)
        known = ledger_rows(central)
        done = lend(moved, house.ward.free_items(3)[2])
        assert moved.sync()
        assert [*known, (done.op_id, "applied", None)] == ledger_rows(central)
        assert cases_match(central)
        epoch, position = kiosk.ledger.cursor()
        assert epoch == cursor[0], "it fetched nothing anew"
        assert position > cursor[1]


def test_every_table_of_the_database_is_copied(database: Database) -> None:
    with database.engine.connect() as conn:
        there = set(inspect(conn).get_table_names()) - {"alembic_version"}
    assert there == {table.name for table in proof.ALL}


def test_no_number_comes_from_a_sequence(new_database: MakeDatabase) -> None:
    """A copied sequence would start anew; whoever brings one must let `transfer` move it."""
    opened = Database(new_database("postgresql"))
    opened.migrate()
    with opened.engine.connect() as conn:
        assert inspect(conn).get_sequence_names() == []
    opened.dispose()


@pytest.fixture
def source(database_url: str) -> str:
    """A ward as it was seeded."""
    cli.migrate(database_url)
    seed_server(database_url, make_ward(now=datetime.now(UTC), patrons=100, items=200))
    return database_url


@pytest.mark.parametrize(("tamper", "table"), TAMPERED)
def test_a_copy_that_differs_is_not_kept(
    source: str, target: str, tamper: Callable[[Connection], None], table: str
) -> None:
    with pytest.raises(CopyDiffers) as caught:
        move(source, target, tamper)
    assert caught.value.compared.different == [table]
    assert untouched(target)


def test_the_command_says_what_differs(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = transfer.copy

    def badly(there: Connection, here: Connection) -> None:
        copied(there, here)
        a_row_more(here)

    monkeypatch.setattr(transfer, "copy", badly)
    assert main(["server", "migrate-store", "--database", source, "--to", target]) == 1
    said = capsys.readouterr()
    assert "NOT   staff                    0" in said.out
    assert "        target                 1" in said.out
    assert said.err == "the copy differs in staff: nothing was kept\n"
    assert untouched(target)


def test_a_target_with_anything_in_it_is_refused(
    source: str, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.migrate(target)
    before = proof_of(target)
    with pytest.raises(StoreNotEmpty):
        move(source, target)
    assert main(["server", "migrate-store", "--database", source, "--to", target]) == 1
    assert "the target is not empty" in capsys.readouterr().err
    assert main(["server", "migrate-store", "--database", source, "--to", source]) == 1
    assert proof_of(target) == before


def test_a_source_with_a_server_on_it_is_refused(
    source: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(access, "_LINGERING", 0.2)
    with House(ServerSettings(source), make_ward(now=datetime.now(UTC), patrons=1, items=1)).open(source):
        assert main(["server", "migrate-store", "--database", source, "--to", target]) == 1
        assert "stop the server" in capsys.readouterr().err
        assert untouched(target)
    monkeypatch.undo()
    assert main(["server", "migrate-store", "--database", source, "--to", target]) == 0


def test_nobody_writes_into_the_source_meanwhile(source: str, target: str) -> None:
    refused: list[str] = []

    def write(_target: Connection) -> None:
        if source.startswith("sqlite"):
            with closing(sqlite3.connect(source.removeprefix("sqlite:///"), timeout=0)) as other:
                try:
                    other.execute("DELETE FROM item")
                except sqlite3.OperationalError as error:
                    refused.append(str(error))
            return
        opened = Database(source)
        with opened.engine.connect() as other:
            other.exec_driver_sql("SET lock_timeout = '50ms'")
            try:
                other.execute(delete(tables.records["item"]))
            except OperationalError as error:
                refused.append(type(error.orig).__name__)
        opened.dispose()

    move(source, target, write)
    assert refused in (["database is locked"], ["LockNotAvailable"])


def test_a_server_that_starts_meanwhile_spoils_the_move(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_LINGERING", 0.2)
    source, target = new_database("postgresql"), new_database("sqlite")
    cli.migrate(source)
    late = Database(source)
    with pytest.raises(StoreInUse):
        move(source, target, lambda _conn: late.engine.connect().close())  # its pool keeps the session
    late.dispose()
    assert untouched(target)


def test_a_database_that_sorts_by_a_language_is_proven_the_same(
    new_database: MakeDatabase, postgres: str
) -> None:
    source, name = new_database("sqlite"), f"t{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'ja'"
        )
    target = postgres.rsplit("/", 1)[0] + f"/{name}"
    opened = Database(source)
    opened.migrate()
    with opened.write() as written:
        awkward(written)
    opened.dispose()
    assert not move(source, target).different
    with psycopg.connect(target) as conn:
        assert conn.execute("SELECT 'a' < 'B'").fetchone() == (True,), "by bytes it is the other way round"


def test_an_older_database_is_migrated_first(
    source: str, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Database(source)
    with opened.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
    opened.dispose()
    assert main(["server", "migrate-store", "--database", source, "--to", target]) == 1
    assert "machikado server migrate" in capsys.readouterr().err
    assert untouched(target)


def test_a_value_the_target_cannot_hold_is_not_told(new_database: MakeDatabase) -> None:
    source, target = new_database("sqlite"), new_database("postgresql")
    cli.migrate(source)
    with closing(sqlite3.connect(source.removeprefix("sqlite:///"))) as conn, conn:
        conn.execute("INSERT INTO staff VALUES ('sai' || char(0) || 'to', 'x')")
    with pytest.raises(StoreProblem) as caught:
        move(source, target)
    assert str(caught.value) == "the copy: DataError"
    assert untouched(target)


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("sqlite:///{0}/none.db", "the source is no file"),
        ("mysql://host/name", "sqlite:///FILE or postgresql://"),
        ("no database", "not the URL of a database"),
        ("postgresql://somebody:very-secret@127.0.0.1:1/none", "the source: no connection"),
    ],
)
def test_what_is_no_source(
    database: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = f"sqlite:///{tmp_path}/t.db"
    assert main(["server", "migrate-store", "--database", database.format(tmp_path), "--to", target]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert "very-secret" not in told.err + told.out
    assert untouched(target)


def test_what_is_no_target(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoStore):
        move(source, "sqlite://")
    assert main(["server", "migrate-store", "--database", source]) == 2
    assert capsys.readouterr().err == "migrate-store needs --to URL\n"
    assert (
        main(["server", "migrate-store", "--database", source, "--to", f"sqlite:///{tmp_path}/no/t.db"]) == 1
    )
    assert "the target" in capsys.readouterr().err


def test_memory_holds_one_batch(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "BATCH", 7)
    sizes: list[int] = []

    def note(
        conn: Connection, cursor: object, statement: str, rows: object, context: object, many: bool
    ) -> None:
        if statement.startswith("INSERT INTO item"):
            sizes.append(len(rows) if many else 1)  # type: ignore[arg-type]

    monkeypatch.setattr(
        transfer, "copy", lambda there, here, copied=transfer.copy: (
            event.listen(here, "before_cursor_execute", note), copied(there, here),
        ),
    )  # fmt: skip
    move(source, target)
    assert sizes == [7] * 28 + [4]
