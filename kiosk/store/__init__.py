"""The local database: the one room of the domain with a door. Everything else here is pure."""
