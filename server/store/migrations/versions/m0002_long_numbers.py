"""Room for long counts, the chain's links in the ledger, and a quick count of a day's operations"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COUNTED = (("operation", "server_seq"), ("change", "seq"), ("counter", "value"))


def upgrade() -> None:
    op.add_column("operation", sa.Column("prev_hash", sa.Text(), nullable=True))
    op.create_index("operation_by_arrival", "operation", ["received_at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":  # SQLite's integers are long anyway
        for table, column in _COUNTED:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_type=sa.Integer())
