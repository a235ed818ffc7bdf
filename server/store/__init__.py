"""The server's database: the same tables on SQLite and PostgreSQL."""
