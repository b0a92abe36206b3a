"""What the branch answered to contacts officers found changed or invalid."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_answer",
        sa.Column("activity_id", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=True, comment="NULL: the old one is invalid"),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_.case_id"], name=op.f("fk_contact_answer_case_id")),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_contact_answer")),
        comment="a later list does not undo an answer",
    )
    op.create_index(op.f("ix_contact_answer_case_id"), "contact_answer", ["case_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_contact_answer_case_id"), table_name="contact_answer")
    op.drop_table("contact_answer")
