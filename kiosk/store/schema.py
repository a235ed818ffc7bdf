"""The kiosk's tables, by migrations. A migration, once released, never changes."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("kiosk")

_RECORDS_1 = """
CREATE TABLE patron (
    patron_id TEXT PRIMARY KEY, masked_name TEXT NOT NULL, expires_on TEXT NOT NULL, blocked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE card_link (
    tag TEXT PRIMARY KEY, card_kind TEXT NOT NULL, patron_id TEXT NOT NULL, state TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX card_link_patron ON card_link (patron_id);
CREATE TABLE item (
    item_id TEXT PRIMARY KEY, title TEXT NOT NULL, item_type TEXT NOT NULL, home_id TEXT NOT NULL,
    for_loan INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE loan (
    item_id TEXT PRIMARY KEY, loan_id TEXT NOT NULL, patron_id TEXT NOT NULL, item_type TEXT NOT NULL,
    facility_id TEXT NOT NULL, since TEXT NOT NULL, due_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX loan_patron ON loan (patron_id);
CREATE TABLE facility (
    facility_id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, kana TEXT NOT NULL,
    latin TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE opening_rule (
    facility_id TEXT NOT NULL, rule_no INTEGER NOT NULL, kind TEXT NOT NULL, weekday INTEGER,
    except_nth INTEGER, holiday_shift INTEGER NOT NULL, from_md TEXT, to_md TEXT, open_cell INTEGER,
    close_cell INTEGER, PRIMARY KEY (facility_id, rule_no)
) STRICT, WITHOUT ROWID;
CREATE TABLE room (
    room_id TEXT PRIMARY KEY, facility_id TEXT NOT NULL, name TEXT NOT NULL, kana TEXT NOT NULL,
    latin TEXT NOT NULL, capacity INTEGER NOT NULL, fee_yen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX room_facility ON room (facility_id);
CREATE TABLE room_part (
    room_id TEXT NOT NULL, part_id TEXT NOT NULL, PRIMARY KEY (room_id, part_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_part_part ON room_part (part_id);
CREATE TABLE slot (
    room_id TEXT NOT NULL, slot_no INTEGER NOT NULL, label TEXT NOT NULL, start_cell INTEGER NOT NULL,
    end_cell INTEGER NOT NULL, PRIMARY KEY (room_id, slot_no)
) STRICT, WITHOUT ROWID;
CREATE TABLE booking (
    booking_id TEXT PRIMARY KEY, patron_id TEXT NOT NULL, facility_id TEXT NOT NULL, room_id TEXT NOT NULL,
    "on" TEXT NOT NULL, label TEXT NOT NULL, start_cell INTEGER NOT NULL, end_cell INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_patron ON booking (patron_id);
CREATE INDEX booking_room ON booking (room_id);
CREATE TABLE occupancy (
    part_id TEXT NOT NULL, "on" TEXT NOT NULL, cell INTEGER NOT NULL, booking_id TEXT NOT NULL,
    PRIMARY KEY (part_id, "on", cell)
) STRICT, WITHOUT ROWID;
CREATE INDEX occupancy_booking ON occupancy (booking_id);
CREATE TABLE lease (
    facility_id TEXT NOT NULL, "on" TEXT NOT NULL, device_id TEXT NOT NULL, epoch INTEGER NOT NULL,
    valid_until TEXT NOT NULL, PRIMARY KEY (facility_id, "on")
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_set (
    name TEXT NOT NULL, version INTEGER NOT NULL, valid_from TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
"""

_RECORDS_2 = """
CREATE TABLE library_pin (
    patron_id TEXT PRIMARY KEY, verifier TEXT NOT NULL, wrong INTEGER NOT NULL, wrong_at TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE card_sighting (
    tag TEXT PRIMARY KEY, facility_id TEXT NOT NULL, seen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE card_key (
    key_id TEXT PRIMARY KEY, public_key TEXT NOT NULL, revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

_JOURNAL_1 = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, op_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, schema_v INTEGER NOT NULL,
    at TEXT NOT NULL, mono_ms INTEGER NOT NULL, boot_id TEXT NOT NULL, clock_trust TEXT NOT NULL,
    body TEXT, changes TEXT, standing TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'acked')),
    outcome TEXT, code TEXT, server_seq INTEGER, acked_at TEXT,
    CHECK (state = 'acked' OR body IS NOT NULL)
) STRICT;
CREATE INDEX journal_queue ON journal (seq) WHERE state = 'queued';
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

_SIGHTING_1 = """
CREATE TABLE sighting (
    item_id TEXT PRIMARY KEY, device_id TEXT NOT NULL, at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


def _run(db: Database, script: str) -> None:
    # one by one, for executescript() would commit the migration's transaction
    for statement in filter(str.strip, script.split(";")):
        db.execute(statement)


@migrations()
def m001_records(db: Database) -> None:
    _run(db, _RECORDS_1)


@migrations()
def m002_journal(db: Database) -> None:
    _run(db, _JOURNAL_1)


@migrations()
def m003_sighting(db: Database) -> None:
    _run(db, _SIGHTING_1)


@migrations()
def m004_proving(db: Database) -> None:
    _run(db, _RECORDS_2)
