"""All tables of the first release"""

import sqlalchemy as sa
from alembic import op

import server.store.types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "booking",
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.Text(), nullable=False),
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("start_cell", sa.Integer(), nullable=False),
        sa.Column("end_cell", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("booking_id"),
    )
    op.create_index("booking_by_patron_id", "booking", ["patron_id"], unique=False)
    op.create_index("booking_by_room_id", "booking", ["room_id"], unique=False)
    op.create_table(
        "card_link",
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("card_kind", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", server.store.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tag"),
    )
    op.create_index("card_link_by_patron_id", "card_link", ["patron_id"], unique=False)
    op.create_table(
        "change",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("row", server.store.types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("table_name", "key"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "device",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_hash", sa.Text(), nullable=False),
        sa.Column("last_seen_at", server.store.types.Moment(timezone=True), nullable=True),
        sa.Column("queued", sa.Integer(), nullable=False),
        sa.Column("oldest_queued_at", server.store.types.Moment(timezone=True), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("clock_trust", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("device_id"),
    )
    op.create_table(
        "facility",
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), nullable=False),
        sa.Column("latin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("facility_id"),
    )
    op.create_table(
        "item",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("home_id", sa.Text(), nullable=False),
        sa.Column("for_loan", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_table(
        "lease",
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("valid_until", server.store.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("facility_id", "on"),
    )
    op.create_index("lease_by_facility_id", "lease", ["facility_id"], unique=False)
    op.create_table(
        "loan",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.Text(), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("since", server.store.types.Moment(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("loan_by_patron_id", "loan", ["patron_id"], unique=False)
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "occupancy",
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", "on", "cell"),
    )
    op.create_index("occupancy_by_booking_id", "occupancy", ["booking_id"], unique=False)
    op.create_index("occupancy_by_on_part_id", "occupancy", ["on", "part_id"], unique=False)
    op.create_table(
        "opening_rule",
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("rule_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("except_nth", sa.Integer(), nullable=True),
        sa.Column("holiday_shift", sa.Boolean(), nullable=False),
        sa.Column("from_md", sa.Text(), nullable=True),
        sa.Column("to_md", sa.Text(), nullable=True),
        sa.Column("open_cell", sa.Integer(), nullable=True),
        sa.Column("close_cell", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("facility_id", "rule_no"),
    )
    op.create_index("opening_rule_by_facility_id", "opening_rule", ["facility_id"], unique=False)
    op.create_table(
        "operation",
        sa.Column("op_id", sa.Text(), nullable=False),
        sa.Column("server_seq", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("schema_v", sa.Integer(), nullable=False),
        sa.Column("at", server.store.types.Moment(timezone=True), nullable=False),
        sa.Column("received_at", server.store.types.Moment(timezone=True), nullable=False),
        sa.Column("clock_trust", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("facility_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("loan_id", sa.Text(), nullable=True),
        sa.Column("body", server.store.types.Json(), nullable=True),
        sa.Column("effects", server.store.types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("op_id"),
        sa.UniqueConstraint("server_seq"),
    )
    op.create_index(op.f("ix_operation_loan_id"), "operation", ["loan_id"], unique=False)
    op.create_index("operation_by_place", "operation", ["device_id", "incarnation", "seq"], unique=False)
    op.create_table(
        "patron",
        sa.Column("patron_id", sa.Text(), nullable=False),
        sa.Column("masked_name", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("patron_id"),
    )
    op.create_table(
        "patron_profile",
        sa.Column("patron_id", sa.Text(), nullable=False),
        sa.Column("card_number", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("patron_id"),
        sa.UniqueConstraint("card_number"),
    )
    op.create_table(
        "room",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), nullable=False),
        sa.Column("latin", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("fee_yen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("room_id"),
    )
    op.create_index("room_by_facility_id", "room", ["facility_id"], unique=False)
    op.create_table(
        "room_part",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "part_id"),
    )
    op.create_index("room_part_by_part_id", "room_part", ["part_id"], unique=False)
    op.create_index("room_part_by_room_id", "room_part", ["room_id"], unique=False)
    op.create_table(
        "rule_set",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    op.create_table(
        "slot",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("slot_no", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("start_cell", sa.Integer(), nullable=False),
        sa.Column("end_cell", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "slot_no"),
    )
    op.create_index("slot_by_room_id", "slot", ["room_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "staff_case",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("op_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("facility_id", sa.Text(), nullable=True),
        sa.Column("opened_at", server.store.types.Moment(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", server.store.types.Moment(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("case_id"),
        sa.UniqueConstraint("op_id"),
    )
    op.create_index(op.f("ix_staff_case_state"), "staff_case", ["state"], unique=False)
