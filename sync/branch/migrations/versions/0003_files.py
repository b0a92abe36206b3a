"""Files of activities: on their way in, and complete."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column(
            "upload_id", sa.String(length=64), nullable=False, comment="random: the last part of its address"
        ),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("activity_id", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("arrived", sa.BigInteger(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.device_id"], name=op.f("fk_upload_device_id")),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_upload")),
        comment="a file on its way in; kept a week after it is done, for a phone whose answer was cut",
    )
    op.create_index(op.f("ix_upload_device_id"), "upload", ["device_id"], unique=False)
    op.create_index(op.f("ix_upload_made_ms"), "upload", ["made_ms"], unique=False)
    op.create_table(
        "upload_part",
        sa.Column("upload_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.upload_id"], name=op.f("fk_upload_part_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "at", name=op.f("pk_upload_part")),
        comment="what has arrived of it, in any server process",
    )
    op.create_table(
        "blob",
        sa.Column("activity_id", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kept_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("activity_id", "sha256", name=op.f("pk_blob")),
        comment="files that are complete; their bytes lie in the store of files",
    )


def downgrade() -> None:
    op.drop_table("blob")
    op.drop_table("upload_part")
    op.drop_index(op.f("ix_upload_made_ms"), table_name="upload")
    op.drop_index(op.f("ix_upload_device_id"), table_name="upload")
    op.drop_table("upload")
