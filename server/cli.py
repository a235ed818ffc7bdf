"""What `machikado server …` does."""

from __future__ import annotations

import os
import secrets
from datetime import date
from pathlib import Path

import uvicorn
from sqlalchemy import insert

from kiosk.operations import GENESIS
from kiosk.records import Put
from kiosk.rules import RuleSet, rules_from_json, rules_on, rules_to_json
from kiosk.state import Query
from server.app import create_app
from server.secrets import hash_password, new_token
from server.settings import ServerSettings, read_card_key, read_ward_key
from server.store import tables
from server.store.database import Database, fetch, upsert, write_changes


class RulesProblem(Exception):
    """The file holds no rules; the text says where it goes wrong."""


def serve(
    database: str, host: str, port: int, ward_key: Path | None = None, card_key: Path | None = None
) -> None:
    """Run until interrupted; raises KeyProblem.

    MACHIKADO_SESSION_SECRET keeps staff signed in over a restart.
    """
    settings = ServerSettings(
        database,
        session_secret=os.environ.get("MACHIKADO_SESSION_SECRET") or secrets.token_hex(32),
        ward_key=read_ward_key(ward_key) if ward_key else None,
        card_key=read_card_key(card_key) if card_key else None,
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


def add_device(database: str, device_id: str, facility_id: str, name: str) -> str:
    """Enrol a device; returns its token, which is shown once and not kept."""
    token, kept = new_token()
    opened = Database(database)
    with opened.write() as conn:
        conn.execute(
            insert(tables.device).values(
                device_id=device_id, facility_id=facility_id, name=name, token_hash=kept, last_hash=GENESIS
            )
        )
    opened.dispose()
    return token


def add_staff(database: str, name: str, password: str) -> None:
    """Add a member of staff, or give them a new password."""
    if len(password) < 8:
        raise ValueError("a staff password has at least 8 characters")
    opened = Database(database)
    with opened.write() as conn:
        upsert(conn, tables.staff, [{"name": name, "password_hash": hash_password(password)}])
    opened.dispose()
