"""Devices sign with keys of their own instead of sending a token"""

import sqlalchemy as sa
from alembic import op

from server.store.types import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("device", "token_hash")
    op.add_column("device", sa.Column("revoked_at", Moment(timezone=True), nullable=True))
    op.add_column("device", sa.Column("revoked_by", sa.Text(), nullable=True))
    op.create_table(
        "device_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("made_at", Moment(timezone=True), nullable=False),
        sa.Column("decided_at", Moment(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index(op.f("ix_device_key_device_id"), "device_key", ["device_id"], unique=False)
    op.create_table(
        "enrolment_code",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", Moment(timezone=True), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device_id"),
    )
