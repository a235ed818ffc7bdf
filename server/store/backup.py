"""Keeping a whole database in a file, bringing it back as another life of the server, and trying that out."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, MetaData, create_engine, text, update
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from server.store import tables
from server.store.access import (
    StoreProblem,
    explained,
    located,
    must_be_vacant,
    remove_sqlite,
    snapshot,
    sqlite_file,
)
from server.store.database import Database
from server.store.proof import Comparison, TableProof, prove
from server.store.transfer import CopyDiffers

_SQLITE, _POSTGRESQL = b"SQLite format 3\x00", b"PGDMP"
"""How the files begin."""


class BackupProblem(StoreProblem):
    """A backup could not be made or read."""


class ToolMissing(StoreProblem):
    """A program that PostgreSQL's backups need is not installed."""


def backup(database: str, file: Path) -> tuple[TableProof, ...]:
    """Write the database into a new file that only its owner reads; says what is in it. The server may run.

    Raises StoreProblem: NoStore, OtherRevision, BackupProblem, ToolMissing.
    """
    with snapshot(database) as conn:
        proven = prove(conn)
        _write(conn, database, file)
    return proven


def _write(conn: Connection, database: str, file: Path) -> None:
    """What `conn` sees, under its name only when it is complete and on the disk."""
    if file.exists():
        raise BackupProblem(f"{file} exists: a backup never takes the place of another")
    part = file.with_name(f"{file.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise BackupProblem(f"{part}: {error.strerror}") from error
    try:
        if conn.dialect.name == "sqlite":
            _write_sqlite(conn, part)
        else:
            _dump(conn, located(database), part)
        _to_disk(part)
        part.rename(file)
        _to_disk(file.parent)
    finally:
        part.unlink(missing_ok=True)


def _write_sqlite(conn: Connection, part: Path) -> None:
    with closing(sqlite3.connect(part, isolation_level=None)) as kept:
        source = conn.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)  # noqa: S101
        source.backup(kept)  # in the transaction that was proven
        kept.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        _intact(kept)


def _intact(conn: sqlite3.Connection) -> None:
    try:
        found = conn.execute("PRAGMA integrity_check").fetchall()
    except sqlite3.DatabaseError as error:
        raise BackupProblem("the backup is damaged") from error
    if found != [("ok",)]:
        raise BackupProblem(f"the backup is damaged in {len(found)} places")


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _dump(conn: Connection, url: URL, part: Path) -> None:
    moment = conn.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}", f"--file={part}"]
    _postgres_tool("pg_dump", url, options)


def _postgres_tool(name: str, url: URL, options: list[str]) -> None:
    program = shutil.which(name)
    if program is None:
        raise ToolMissing(f"{name} is not installed: it comes with the package postgresql-client")
    address, secret = _without_password(url)
    command = [program, f"--dbname={address}", "--no-password", *options]
    done = subprocess.run(command, env=os.environ | secret, capture_output=True, text=True, check=False)
    if done.returncode:
        # the first complaint; what follows may quote rows
        said = next((line for line in done.stderr.splitlines() if "error:" in line), "")
        raise BackupProblem(f"{name} ended with {done.returncode}: {said}")


def _without_password(url: URL) -> tuple[str, Mapping[str, str]]:
    """The address for a command line, which everybody on the machine can read, and the secret apart."""
    password = url.password or url.query.get("password")
    bare = url.set(drivername="postgresql").difference_update_query(["password"])
    address = URL.create(
        "postgresql", bare.username, None, bare.host, bare.port, bare.database, bare.query
    ).render_as_string()
    return address, {"PGPASSWORD": str(password)} if password else {}


def restore(file: Path, database: str) -> str:
    """Bring a backup back into an empty database, up to date and with a new epoch, which is returned.

    By the epoch kiosks learn that the server forgot: they send again what it lost and fetch everything anew.
    Raises StoreProblem: NoStore, StoreNotEmpty, BackupProblem, ToolMissing.
    """
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(_SQLITE))
    except OSError as error:
        raise BackupProblem(f"{file}: {error.strerror}") from error
    target = sqlite_file(database)
    if begins.startswith(_POSTGRESQL) and target is None:
        return _restore_postgresql(file, database)
    if begins == _SQLITE and target is not None:
        return _restore_sqlite(file, target, database)
    if begins != _SQLITE and not begins.startswith(_POSTGRESQL):
        raise BackupProblem(f"{file} is no backup")
    raise BackupProblem("the backup is of the other engine: restore it there, then migrate-store")


def _restore_sqlite(file: Path, target: Path, database: str) -> str:
    must_be_vacant(database)
    part = target.with_name(f"{target.name}.part")
    remove_sqlite(part)
    try:
        _copy_intact(file, part)
        epoch = _new_life(f"sqlite:///{part}")
        with closing(sqlite3.connect(part, isolation_level=None)) as made:
            made.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file that is renamed
        remove_sqlite(target)
        _to_disk(part)
        part.rename(target)  # complete, or not there
        _to_disk(target.parent)
    finally:
        remove_sqlite(part)
    return epoch


def _copy_intact(file: Path, part: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as kept:
            _intact(kept)
            with closing(sqlite3.connect(part)) as made:
                kept.backup(made)
    except sqlite3.Error as error:
        raise BackupProblem(f"the target cannot be written: {error.sqlite_errorname}") from error


def _restore_postgresql(file: Path, database: str) -> str:
    must_be_vacant(database)
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(file)]
    _postgres_tool("pg_restore", located(database), options)
    try:
        return _new_life(database)
    except BaseException:
        _clear(database)
        raise


def _clear(database: str) -> None:
    opened = Database(database)
    with opened.engine.begin() as conn:
        found = MetaData()
        found.reflect(conn)
        found.drop_all(conn)
    opened.dispose()


def _new_life(database: str) -> str:
    """Bring a restored database up to date and give it a new epoch."""
    epoch = str(uuid.uuid4())
    opened = Database(database)
    try:
        with explained("the restored database"):
            opened.migrate()
            with opened.write() as conn:
                row = tables.meta
                conn.execute(update(row).where(row.c.name == "epoch").values(value=epoch))
    finally:
        opened.dispose()
    return epoch


def drill(database: str) -> Comparison:
    """Back up, restore beside it, compare all but the epoch, and remove both again. The server may run.

    Raises StoreProblem, CopyDiffers among them.
    """
    with TemporaryDirectory(prefix="machikado-drill-") as folder, snapshot(database) as conn:
        proven, file = prove(conn, epoch=False), Path(folder) / "backup"
        _write(conn, database, file)
        with _temporary(database, Path(folder)) as beside:
            restore(file, beside)
            with snapshot(beside) as restored:
                compared = Comparison(proven, prove(restored, epoch=False))
    if compared.different:
        raise CopyDiffers(compared)
    return compared


@contextmanager
def _temporary(database: str, folder: Path) -> Iterator[str]:
    """An empty database of the same engine; it is gone afterwards."""
    if sqlite_file(database) is not None:
        yield f"sqlite:///{folder / 'restored.db'}"
        return
    url, name = located(database), f"machikado_drill_{uuid.uuid4().hex}"
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with explained("a temporary database (the user needs CREATEDB)"), engine.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as conn:
            conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
