"""Who read and exported what."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False, comment="an account, or an officer's number"),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit")),
        comment="who read and exported what: ids and words of commands only",
    )
    op.create_index(op.f("ix_audit_at_ms"), "audit", ["at_ms"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_at_ms"), table_name="audit")
    op.drop_table("audit")
