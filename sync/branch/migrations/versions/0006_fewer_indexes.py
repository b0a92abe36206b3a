"""Activities are looked up by two indexes that share the rows, and no longer by their day: half of a push was indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_activity_happened_on"), table_name="activity")
    op.drop_index(op.f("ix_activity_activity_id"), table_name="activity")
    op.create_index(
        "ix_activity_apart",
        "activity",
        ["activity_id"],
        unique=False,
        sqlite_where=sa.text("status <> 'created'"),
        postgresql_where=sa.text("status <> 'created'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_activity_apart",
        table_name="activity",
        sqlite_where=sa.text("status <> 'created'"),
        postgresql_where=sa.text("status <> 'created'"),
    )
    op.create_index(op.f("ix_activity_activity_id"), "activity", ["activity_id"], unique=False)
    op.create_index(op.f("ix_activity_happened_on"), "activity", ["happened_on"], unique=False)
