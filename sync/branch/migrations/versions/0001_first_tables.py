"""First tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("doc_id", sa.String(length=200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the exact bytes served"),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "doc_id", name=op.f("pk_document")),
        comment="case, figures, settings, verdict; activities are served from their own table",
    )
    op.create_table(
        "enrol_failure",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_enrol_failure")),
    )
    op.create_index(op.f("ix_enrol_failure_at_ms"), "enrol_failure", ["at_ms"], unique=False)
    op.create_table(
        "import_log",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False, comment="overdue, payments, places"),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("data_on", sa.Date(), nullable=True),
        sa.Column("full_list", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False, comment="counts only: no name, no number"),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_import_log")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
        comment="branch_id, branch_name, zone, epoch, recovery_key (public PEM), payments_cover …",
    )
    op.create_table(
        "officer",
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("officer_id", name=op.f("pk_officer")),
    )
    op.create_table(
        "case_",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("customer_no", sa.String(length=64), nullable=True),
        sa.Column("officer_id", sa.String(length=64), nullable=True),
        sa.Column("procedure", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("status_since", sa.Date(), nullable=True),
        sa.Column("episode_start", sa.Date(), nullable=True),
        sa.Column("assigned_on", sa.Date(), nullable=True),
        sa.Column("due_since", sa.Date(), nullable=True),
        sa.Column(
            "listed_on", sa.Date(), nullable=True, comment="day of the last list the contract stood on"
        ),
        sa.Column(
            "owed_on_list",
            sa.String(length=32),
            nullable=True,
            comment="the three overdue parts on that list",
        ),
        sa.Column(
            "unlisted_on", sa.Date(), nullable=True, comment="day of the full list it was first missing from"
        ),
        sa.Column("bookkeeping", sa.Text(), nullable=True, comment="the importer's own JSON"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.officer_id"], name=op.f("fk_case__officer_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_")),
        sa.UniqueConstraint("contract_no", name=op.f("uq_case__contract_no")),
        comment="what is asked of a case; the case itself is its document",
    )
    op.create_index(op.f("ix_case__customer_no"), "case_", ["customer_no"], unique=False)
    op.create_index(op.f("ix_case__officer_id"), "case_", ["officer_id"], unique=False)
    op.create_index(op.f("ix_case__status"), "case_", ["status"], unique=False)
    op.create_table(
        "device",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("platform", sa.String(length=64), nullable=True),
        sa.Column("app", sa.String(length=64), nullable=True),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.Column("declared_seq", sa.BigInteger(), nullable=False),
        sa.Column("declared_hash", sa.String(length=64), nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=False),
        sa.Column("pushed_ms", sa.BigInteger(), nullable=True, comment="last push; a pull writes nothing"),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.officer_id"], name=op.f("fk_device_officer_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_device_secret_hash")),
    )
    op.create_index(op.f("ix_device_officer_id"), "device", ["officer_id"], unique=False)
    op.create_table(
        "feed",
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column(
            "sum", sa.String(length=16), nullable=False, comment="modulo 2^64, in hex: a BIGINT is signed"
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.officer_id"], name=op.f("fk_feed_officer_id")),
        sa.PrimaryKeyConstraint("officer_id", name=op.f("pk_feed")),
        comment="one counter row per officer, locked until the writing transaction ends",
    )
    op.create_table(
        "feed_item",
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("doc_id", sa.String(length=200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.String(length=8), nullable=False, comment="put or remove"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.officer_id"], name=op.f("fk_feed_item_officer_id")),
        sa.PrimaryKeyConstraint("officer_id", "kind", "doc_id", name=op.f("pk_feed_item")),
        sa.UniqueConstraint("officer_id", "seq", name=op.f("uq_feed_item_officer_id")),
        comment="the latest state only",
    )
    op.create_table(
        "activity",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("activity_id", sa.String(length=200), nullable=False, comment="as declared in the push"),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False, comment="the bytes as they came"),
        sa.Column("status", sa.String(length=16), nullable=False, comment="created or quarantined"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False, comment="its case had moved to another officer"),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("officer_id", sa.String(length=64), nullable=True),
        sa.Column("case_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=True),
        sa.Column("happened_at", sa.String(length=40), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=True, comment="its day in the branch's zone"),
        sa.Column("recorded_at", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.device_id"], name=op.f("fk_activity_device_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_activity")),
        sa.UniqueConstraint("device_id", "seq", name=op.f("uq_activity_device_id")),
    )
    op.create_index(op.f("ix_activity_activity_id"), "activity", ["activity_id"], unique=False)
    op.create_index(op.f("ix_activity_case_id"), "activity", ["case_id"], unique=False)
    op.create_index(op.f("ix_activity_happened_on"), "activity", ["happened_on"], unique=False)
    op.create_index(
        "uq_activity_created",
        "activity",
        ["activity_id"],
        unique=True,
        sqlite_where=sa.text("status = 'created'"),
        postgresql_where=sa.text("status = 'created'"),
    )
    op.create_table(
        "assignment",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_.case_id"], name=op.f("fk_assignment_case_id")),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.officer_id"], name=op.f("fk_assignment_officer_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "officer_id", name=op.f("pk_assignment")),
        comment="every officer a case was ever assigned to",
    )
    op.create_table(
        "declared_head",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.device_id"], name=op.f("fk_declared_head_device_id")),
        sa.PrimaryKeyConstraint("device_id", "seq", "hash", name=op.f("pk_declared_head")),
        comment="what a phone said its newest record was: it cannot be denied later",
    )
    op.create_table(
        "enrol_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("used_by", sa.String(length=36), nullable=True),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.officer_id"], name=op.f("fk_enrol_code_officer_id")
        ),
        sa.ForeignKeyConstraint(["used_by"], ["device.device_id"], name=op.f("fk_enrol_code_used_by")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_enrol_code")),
    )
    op.create_index(op.f("ix_enrol_code_officer_id"), "enrol_code", ["officer_id"], unique=False)
    op.create_table(
        "lost_records",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("declared_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.device_id"], name=op.f("fk_lost_records_device_id")),
        sa.PrimaryKeyConstraint("device_id", "first_seq", "last_seq", name=op.f("pk_lost_records")),
    )
    op.create_table(
        "payment",
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.String(length=32), nullable=False),
        sa.Column("payer_name", sa.String(length=128), nullable=True),
        sa.Column(
            "payer", sa.String(length=64), nullable=True, comment="borrower, a debtor_id or a guarantor_id"
        ),
        sa.Column("import_n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_.case_id"], name=op.f("fk_payment_case_id")),
        sa.ForeignKeyConstraint(["import_n"], ["import_log.n"], name=op.f("fk_payment_import_n")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_payment")),
    )
    op.create_index(op.f("ix_payment_case_id"), "payment", ["case_id"], unique=False)
    op.create_index(op.f("ix_payment_contract_no"), "payment", ["contract_no"], unique=False)
    op.create_table(
        "place",
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=True),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_.case_id"], name=op.f("fk_place_case_id")),
        sa.PrimaryKeyConstraint("contract_no", name=op.f("pk_place")),
    )
    op.create_index(op.f("ix_place_case_id"), "place", ["case_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_place_case_id"), table_name="place")
    op.drop_table("place")
    op.drop_index(op.f("ix_payment_contract_no"), table_name="payment")
    op.drop_index(op.f("ix_payment_case_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_table("lost_records")
    op.drop_index(op.f("ix_enrol_code_officer_id"), table_name="enrol_code")
    op.drop_table("enrol_code")
    op.drop_table("declared_head")
    op.drop_table("assignment")
    op.drop_index(
        "uq_activity_created",
        table_name="activity",
        sqlite_where=sa.text("status = 'created'"),
        postgresql_where=sa.text("status = 'created'"),
    )
    op.drop_index(op.f("ix_activity_happened_on"), table_name="activity")
    op.drop_index(op.f("ix_activity_case_id"), table_name="activity")
    op.drop_index(op.f("ix_activity_activity_id"), table_name="activity")
    op.drop_table("activity")
    op.drop_table("feed_item")
    op.drop_table("feed")
    op.drop_index(op.f("ix_device_officer_id"), table_name="device")
    op.drop_table("device")
    op.drop_index(op.f("ix_case__status"), table_name="case_")
    op.drop_index(op.f("ix_case__officer_id"), table_name="case_")
    op.drop_index(op.f("ix_case__customer_no"), table_name="case_")
    op.drop_table("case_")
    op.drop_table("officer")
    op.drop_table("meta")
    op.drop_table("import_log")
    op.drop_index(op.f("ix_enrol_failure_at_ms"), table_name="enrol_failure")
    op.drop_table("enrol_failure")
    op.drop_table("document")
