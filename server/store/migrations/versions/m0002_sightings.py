"""Where items were seen last, room for long counts, the chain's links in the ledger"""

import sqlalchemy as sa
from alembic import op

from server.store.types import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COUNTED = (("operation", "server_seq"), ("change", "seq"), ("counter", "value"))


def upgrade() -> None:
    op.add_column("operation", sa.Column("prev_hash", sa.Text(), nullable=True))
    op.create_table(
        "sighting",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("item_id"),
    )
    # counted as they come, for the staff pages ask every two seconds
    op.execute("INSERT INTO counter (name, value) SELECT 'operations', count(*) FROM operation")
    if op.get_bind().dialect.name == "postgresql":  # SQLite's integers are long anyway
        for table, column in _COUNTED:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_type=sa.Integer())
