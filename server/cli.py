"""What `machikado server …` does."""

from __future__ import annotations

import os
import secrets
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import uvicorn

from kiosk.records import Put
from kiosk.rules import RuleSet, rules_from_json, rules_on, rules_to_json
from kiosk.state import Query
from server.app import create_app
from server.identity import keys
from server.secrets import hash_password
from server.settings import ServerSettings, read_signing_key, read_ward_key
from server.store import backup as backups
from server.store import tables, transfer
from server.store.access import StoreProblem
from server.store.database import Database, fetch, upsert, write_changes


class RulesProblem(Exception):
    """The file holds no rules; the text says where it goes wrong."""


def serve(
    database: str, host: str, port: int, server_key: Path, ward_key: Path | None, card_key: Path | None
) -> None:
    """Run until interrupted; raises KeyProblem.

    MACHIKADO_SESSION_SECRET keeps staff signed in over a restart.
    """
    settings = ServerSettings(
        database,
        session_secret=os.environ.get("MACHIKADO_SESSION_SECRET") or secrets.token_hex(32),
        ward_key=read_ward_key(ward_key) if ward_key else None,
        card_key=read_signing_key(card_key) if card_key else None,
        server_key=read_signing_key(server_key),
    )
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning", access_log=False)


def migrate(database: str) -> None:
    """Bring a database up to date."""
    opened = Database(database)
    opened.migrate()
    opened.dispose()


def show_rules(database: str, today: date) -> str:
    """The rules in force, as JSON that `set_rules` takes."""
    opened = Database(database)
    with opened.read() as conn:
        sets = list(fetch(conn, [Query.of(RuleSet, name="ward")]))
    opened.dispose()
    return rules_to_json(rules_on(today, sets), indent=2)


def set_rules(database: str, file: Path, valid_from: date) -> int:
    """Give the rules a new version, valid from that day; returns its number. Raises RulesProblem."""
    try:
        body = rules_to_json(rules_from_json(file.read_text("utf-8")))
    except OSError as error:
        raise RulesProblem(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise RulesProblem(f"{file}: {error}") from error
    opened = Database(database)
    with opened.write() as conn:
        known = [found.version for found in fetch(conn, [Query.of(RuleSet, name="ward")])]
        version = max(known, default=0) + 1
        write_changes(conn, [Put(RuleSet(name="ward", version=version, valid_from=valid_from, body=body))])
    opened.dispose()
    return version


def add_device(database: str, device_id: str, facility_id: str, name: str) -> None:
    """Take a device down. It can do nothing yet: it is enrolled by a code, see `enrolment_code`."""
    opened = Database(database)
    with opened.write() as conn:
        keys.add_device(conn, device_id, facility_id, name)
    opened.dispose()


def enrolment_code(database: str, device_id: str) -> str:
    """A fresh code to enrol this device with; raises NoSuchDevice."""
    opened = Database(database)
    try:
        with opened.write() as conn:
            return keys.make_code(conn, device_id, datetime.now(UTC))
    finally:
        opened.dispose()


def approve_device(database: str, device_id: str, words: str) -> bool:
    """Let a device in whose words are these; False where none or another waits."""
    opened = Database(database)
    with opened.write() as conn:
        done = keys.approve(conn, device_id, words, "command line", datetime.now(UTC))
    opened.dispose()
    return done


def revoke_device(database: str, device_id: str) -> None:
    """Accept nothing more from this device."""
    opened = Database(database)
    with opened.write() as conn:
        keys.revoke(conn, device_id, "command line", datetime.now(UTC))
    opened.dispose()


def add_staff(database: str, name: str, password: str) -> None:
    """Add a member of staff, or give them a new password."""
    if len(password) < 8:
        raise ValueError("a staff password has at least 8 characters")
    opened = Database(database)
    with opened.write() as conn:
        upsert(conn, tables.staff, [{"name": name, "password_hash": hash_password(password)}])
    opened.dispose()


def care_for_store(action: str, database: str, origin: str | None, to: str | None) -> int:
    """Move, keep, bring back or try out a whole database; prints what was found and gives the exit code.

    1 says that nothing was kept, 2 that something was not told.
    """
    needed = {
        "migrate-store": ("--to URL", to),
        "backup": ("--to FILE", to),
        "restore": ("--from FILE", origin),
    }
    option, given = needed.get(action, ("", "nothing more"))
    if not given:
        print(f"{action} needs {option}", file=sys.stderr)
        return 2
    try:
        print("\n".join(_cared(action, database, given)))
    except transfer.CopyDiffers as differs:
        print("\n".join(differs.compared.lines()))
        print(differs, file=sys.stderr)
        return 1
    except StoreProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _cared(action: str, database: str, given: str) -> list[str]:
    if action == "migrate-store":
        return [*transfer.move(database, given).lines(), "moved: every row is in the target"]
    if action == "backup":
        return [
            f"{table.table:<16} {table.rows:>9}  {table.sha256}"
            for table in backups.backup(database, Path(given))
        ]
    if action == "restore":
        return [f"restored, epoch {backups.restore(Path(given), database)}"]
    return [*backups.drill(database).lines(), "backed up, restored, the same; both removed again"]
