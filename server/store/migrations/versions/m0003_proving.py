"""Library PINs, sightings and keys of cards; what staff did"""

import sqlalchemy as sa
from alembic import op

import server.store.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "library_pin",
        sa.Column("patron_id", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("wrong_at", server.store.types.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("patron_id"),
    )
    op.create_table(
        "card_sighting",
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("seen_at", server.store.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tag"),
    )
    op.create_table(
        "card_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "staff_act",
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("at", server.store.types.Moment(timezone=True), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("act_id"),
    )
