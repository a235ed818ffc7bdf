"""A database kept in a file, brought back as another life of the server, and the drill that tries it out."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, insert

from main import main
from server import cli
from server.store import backup as backups
from server.store import tables
from server.store.access import StoreNotEmpty, located
from server.store.backup import ToolMissing, backup, drill, restore
from server.store.database import Database
from tests.server.house import ledger_rows, lend
from tests.server.moving import lived_in, moved_to, proof_of, untouched
from virtual.ward import make_ward, seed_server

MakeDatabase = Callable[[str], str]


@pytest.fixture
def source(database_url: str) -> str:
    """A ward as it was seeded."""
    cli.migrate(database_url)
    seed_server(database_url, make_ward(now=datetime.now(UTC), patrons=20, items=40))
    return database_url


@pytest.fixture
def target(database_url: str, new_database: MakeDatabase) -> str:
    """An empty database on the same engine."""
    return new_database(database_url.split(":")[0])


def test_a_restored_server_is_refilled_by_its_kiosks(
    database_url: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house, kiosk = lived_in(database_url, tmp_path)
    file = tmp_path / "kept"
    with house.open(database_url) as central:
        assert main(["server", "backup", "--database", database_url, "--to", str(file)]) == 0, "while it runs"
        kept = proof_of(database_url, epoch=False)
        kiosk = moved_to(kiosk, central)
        lost = lend(kiosk, house.ward.free_items(3)[2]).op_id
        assert kiosk.sync()
    capsys.readouterr()
    assert main(["server", "restore", "--from", str(file), "--database", target]) == 0
    said = capsys.readouterr().out
    assert proof_of(target, epoch=False) == kept
    with house.open(target) as central:
        kiosk, before = moved_to(kiosk, central), kiosk.ledger.cursor()[0]
        assert lost not in {row[0] for row in ledger_rows(central)}
        assert kiosk.sync()
        assert (lost, "applied", None) in ledger_rows(central)
        epoch = kiosk.ledger.cursor()[0]
        assert epoch != before
        assert said == f"restored, epoch {epoch}\n"


def test_a_backup_says_what_is_in_it_and_is_for_its_owner_only(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept"
    assert main(["server", "backup", "--database", source, "--to", str(file)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [f"{t.table:<16} {t.rows:>9}  {t.sha256}" for t in proof_of(source)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("kept*")] == ["kept"]
    before = file.read_bytes()
    assert main(["server", "backup", "--database", source, "--to", str(file)]) == 1
    assert "never takes the place of another" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_only_an_empty_database_is_filled(source: str, target: str, tmp_path: Path) -> None:
    backup(source, tmp_path / "kept")
    cli.migrate(target)
    before = proof_of(target)
    with pytest.raises(StoreNotEmpty):
        restore(tmp_path / "kept", target)
    assert proof_of(target) == before


@pytest.mark.parametrize("part", [0, 3, 200, -3000])
def test_a_damaged_backup_leaves_nothing(
    source: str, target: str, tmp_path: Path, part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept"
    backup(source, file)
    file.write_bytes(file.read_bytes()[:part])
    assert main(["server", "restore", "--from", str(file), "--database", target]) == 1
    assert re.search(r"no backup|damaged|pg_restore ended", capsys.readouterr().err)
    assert untouched(target)


def test_a_restore_that_fails_late_leaves_nothing(
    source: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(Exception):
        pass

    def cut(_database: Database) -> None:
        raise PowerCut

    backup(source, tmp_path / "kept")
    monkeypatch.setattr(Database, "migrate", cut)
    with pytest.raises(PowerCut):
        restore(tmp_path / "kept", target)
    assert untouched(target)


def test_a_backup_of_an_older_release_is_brought_up_to_date(source: str, target: str, tmp_path: Path) -> None:
    backup(source, tmp_path / "kept")
    backup_of_old, old = tmp_path / "old", Database(source)
    with old.engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE device_key")
        conn.exec_driver_sql("DROP TABLE enrolment_code")
        conn.exec_driver_sql("ALTER TABLE device ADD COLUMN token_hash TEXT")
        for name in ("revoked_at", "revoked_by"):
            conn.exec_driver_sql(f"ALTER TABLE device DROP COLUMN {name}")
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
    with old.read() as conn:
        backups._write(conn, source, backup_of_old)
    old.dispose()
    restore(backup_of_old, target)
    restored = {proof.table: proof for proof in proof_of(target)}
    assert restored["device_key"].rows == 0
    assert restored["item"].rows == 40


def test_the_other_engine_s_backup_is_refused(
    source: str, new_database: MakeDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = new_database("postgresql" if source.startswith("sqlite") else "sqlite")
    backup(source, tmp_path / "kept")
    assert main(["server", "restore", "--from", str(tmp_path / "kept"), "--database", other]) == 1
    assert "migrate-store" in capsys.readouterr().err
    assert untouched(other)


def test_the_drill_passes_while_others_write(
    source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = backups._write

    def late(conn: Connection, database: str, file: Path) -> None:
        cli.add_staff(source, "saito", "a long password")  # after the proof, before the copy
        written(conn, database, file)

    monkeypatch.setattr(backups, "_write", late)
    assert main(["server", "drill", "--database", source]) == 0
    said = capsys.readouterr().out
    assert f"same  {'staff':<16} {0:>9}" in said
    assert f"same  {'item':<16} {40:>9}" in said
    assert said.endswith("the same; both removed again\n")
    assert {t.table: t.rows for t in proof_of(source)}["staff"] == 1


def test_the_drill_finds_what_does_not_come_back(
    source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    revive = backups._new_life

    def badly(database: str) -> str:
        epoch, opened = revive(database), Database(database)
        with opened.write() as conn:
            conn.execute(insert(tables.staff).values(name="intruder", password_hash="-"))
        opened.dispose()
        return epoch

    monkeypatch.setattr(backups, "_new_life", badly)
    assert main(["server", "drill", "--database", source]) == 1
    said = capsys.readouterr()
    assert f"NOT   {'staff':<16} {0:>9}" in said.out
    assert "differs in staff" in said.err


def test_the_drill_removes_its_database(new_database: MakeDatabase, postgres: str) -> None:
    source = new_database("postgresql")
    cli.migrate(source)
    drill(source)
    with psycopg.connect(postgres) as conn:
        found = conn.execute(
            "SELECT count(*) FROM pg_database WHERE datname LIKE 'machikado_drill%'"
        ).fetchone()
    assert found == (0,)


def test_without_postgresql_s_tools_their_package_is_named(
    new_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = new_database("postgresql")
    cli.migrate(source)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"pg_dump .* postgresql-client"):
        backup(source, tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


def test_the_password_is_on_no_command_line() -> None:
    for url in (
        "postgresql://u:very-secret@h:5/n?sslmode=require",
        "postgresql://u@h:5/n?sslmode=require&password=very-secret",
    ):
        address, secret = backups._without_password(located(url))
        assert address == "postgresql://u@h:5/n?sslmode=require"
        assert secret == {"PGPASSWORD": "very-secret"}


def test_what_was_not_told_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for action, option in (("backup", "--to FILE"), ("restore", "--from FILE")):
        assert main(["server", action]) == 2
        assert capsys.readouterr().err == f"{action} needs {option}\n"
