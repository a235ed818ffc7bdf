"""The tables by migrations, and the tables as the program declares them."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Column, MetaData, Table, insert

from server.store import tables
from server.store.database import OPERATIONS, Database
from server.store.database import count as counted

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_the_migrations_make_the_tables_the_program_expects(database: Database) -> None:
    with database.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_a_database_of_the_first_release_is_brought_up_to_date(database_url: str) -> None:
    old = Database(database_url)
    config = Config()
    config.set_main_option("script_location", str(resources.files("server.store") / "migrations"))
    with old.engine.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        before = {"received_at": NOW, "at": NOW, "incarnation": 1, "schema_v": 1, "clock_trust": "synced"}
        kept = before | {"device_id": "d", "kind": "return", "hash": "", "outcome": "applied"}
        columns = [column for column in tables.operation.columns if column.name != "prev_hash"]
        table = Table("operation", MetaData(), *(Column(c.name, c.type) for c in columns))
        conn.execute(insert(table), [kept | {"op_id": str(n), "server_seq": n, "seq": n} for n in (1, 2, 3)])
    old.migrate()
    with old.read() as conn:
        assert counted(conn, OPERATIONS) == 3
    old.dispose()
