"""Moving everything from one database to another, of the same engine or not, and proving that it arrived.

Both ends are one transaction each: the source cannot change below the copy, and the target keeps nothing
unless every row was read back and found to be the same. No database hands out numbers of its own accord: the
counters are rows (`tables.counter`) and move like all others.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, delete, insert

from server.store import proof
from server.store.access import StoreProblem, explained, sealed, vacant
from server.store.database import upgrade
from server.store.proof import Comparison, prove


class CopyDiffers(StoreProblem):
    """What arrived is not what was sent; nothing was kept."""

    def __init__(self, compared: Comparison) -> None:
        super().__init__(f"the copy differs in {', '.join(compared.different)}: nothing was kept")
        self.compared = compared


def move(source: str, target: str, meanwhile: Callable[[Connection], object] | None = None) -> Comparison:
    """Copy a whole database into an empty one and compare; the URLs are SQLAlchemy's.

    `meanwhile` is called with the target between copy and comparison. Raises StoreProblem: NoStore,
    StoreInUse, OtherRevision, StoreNotEmpty, CopyDiffers; after any of them the target is as empty as it was.
    """
    with vacant(target) as here, sealed(source) as there, explained("the copy"):
        upgrade(here)
        copy(there, here)
        if meanwhile is not None:
            meanwhile(here)
        compared = Comparison(prove(there), prove(here))
        if compared.different:
            raise CopyDiffers(compared)
    return compared


def copy(source: Connection, target: Connection) -> None:
    """All rows of all tables, in batches; whatever the migrations put into the target makes room."""
    for table in reversed(proof.ALL):
        target.execute(delete(table))
    for table in proof.ALL:
        names = [column.name for column in table.columns]
        for batch in proof.rows_of(source, table):
            target.execute(insert(table), [dict(zip(names, row, strict=True)) for row in batch])
