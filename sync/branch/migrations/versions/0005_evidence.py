"""The supervisor's answers to quarantined records, journals handed in sealed, why a device was switched off."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BEFORE = "case, figures, settings, verdict; activities are served from their own table"
_AFTER = "case, figures, settings; activities and verdicts are served from tables of their own"
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "verdict",
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("activity_id", sa.String(length=200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("n", NUMBER, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("fed", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the exact bytes served"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.officer_id"], name=op.f("fk_verdict_officer_id")),
        sa.ForeignKeyConstraint(["n"], ["activity.n"], name=op.f("fk_verdict_n")),
        sa.PrimaryKeyConstraint("officer_id", "activity_id", "version", name=op.f("pk_verdict")),
        comment="the supervisor's answers to quarantined records; of one record the greatest version counts",
    )
    op.create_index(op.f("ix_verdict_n"), "verdict", ["n"], unique=False)
    op.create_table(
        "handin",
        sa.Column("n", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False, comment="as the sealed file says"),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("taken_ms", sa.BigInteger(), nullable=True, comment="when it was opened and taken in"),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_handin")),
        sa.UniqueConstraint("sha256", name=op.f("uq_handin_sha256")),
        comment="sealed journals handed in without a token; their bytes lie in the store of files",
    )
    op.create_index(op.f("ix_handin_received_ms"), "handin", ["received_ms"], unique=False)
    _say_of_document(_AFTER, _BEFORE)
    op.add_column("device", sa.Column("revoked_why", sa.Text(), nullable=True))
    op.add_column(
        "device",
        sa.Column(
            "copy_of",
            sa.String(length=36),
            nullable=True,
            comment="not a phone: records of a copy of that device's data, other than those it had sent",
        ),
    )


def downgrade() -> None:
    op.drop_column("device", "copy_of")
    op.drop_column("device", "revoked_why")
    _say_of_document(_BEFORE, _AFTER)
    op.drop_index(op.f("ix_handin_received_ms"), table_name="handin")
    op.drop_table("handin")
    op.drop_index(op.f("ix_verdict_n"), table_name="verdict")
    op.drop_table("verdict")


def _say_of_document(comment: str, instead_of: str) -> None:
    if op.get_bind().dialect.supports_comments:  # SQLite keeps none
        op.create_table_comment("document", comment, existing_comment=instead_of)
