"""The branch's tables, for SQLite out of the box and PostgreSQL for a bank (SQLAlchemy Core).

What came over the wire is stored as the bytes that came; the columns beside it are extracted for asking and
are nullable. Money is text (a decimal string), never float. `*_ms` are milliseconds since the epoch.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    or_,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
# SQLite numbers rows by itself only for INTEGER, PostgreSQL needs the room of BIGINT.
_Number = BigInteger().with_variant(Integer(), "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="branch_id, branch_name, zone, epoch, recovery_key (public PEM), payments_cover …",
)

officer = Table(
    "officer",
    metadata,
    Column("officer_id", String(64), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("added_ms", BigInteger, nullable=False),
)

device = Table(
    "device",
    metadata,
    Column("device_id", String(36), primary_key=True),
    Column("officer_id", ForeignKey("officer.officer_id"), nullable=False, index=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("name", String(200)),
    Column("platform", String(64)),
    Column("app", String(64)),
    Column("head_seq", BigInteger, nullable=False),
    Column("head_hash", String(64), nullable=False),
    Column("declared_seq", BigInteger, nullable=False),
    Column("declared_hash", String(64), nullable=False),
    Column("enrolled_ms", BigInteger, nullable=False),
    Column("pushed_ms", BigInteger, comment="last push; a pull writes nothing"),
    Column("revoked_ms", BigInteger),
    Column("revoked_why", Text),
    Column(
        "copy_of",
        String(36),
        comment="not a phone: records of a copy of that device's data, other than those it had sent",
    ),
)

enrol_code = Table(
    "enrol_code",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("officer_id", ForeignKey("officer.officer_id"), nullable=False, index=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("used_by", ForeignKey("device.device_id")),
    Column("used_ms", BigInteger),
)

enrol_failure = Table(
    "enrol_failure",
    metadata,
    Column("n", _Number, primary_key=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("address", String(64)),
)

document = Table(
    "document",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("doc_id", String(200), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the exact bytes served"),
    Column("sha256", String(64), nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    comment="case, figures, settings; activities and verdicts are served from tables of their own",
)

case_ = Table(
    "case_",
    metadata,
    Column("case_id", String(36), primary_key=True),
    Column("contract_no", String(64), nullable=False, unique=True),
    Column("customer_no", String(64), index=True),
    Column("officer_id", ForeignKey("officer.officer_id"), index=True),
    Column("procedure", String(64)),
    Column("status", String(16), index=True),
    Column("status_since", Date),
    Column("episode_start", Date),
    Column("assigned_on", Date),
    Column("due_since", Date),
    Column("listed_on", Date, comment="day of the last list the contract stood on"),
    Column("owed_on_list", String(32), comment="the three overdue parts on that list"),
    Column("unlisted_on", Date, comment="day of the full list it was first missing from"),
    Column("bookkeeping", Text, comment="the importer's own JSON"),
    comment="what is asked of a case; the case itself is its document",
)

assignment = Table(
    "assignment",
    metadata,
    Column("case_id", ForeignKey("case_.case_id"), primary_key=True),
    Column("officer_id", ForeignKey("officer.officer_id"), primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    comment="every officer a case was ever assigned to",
)

payment = Table(
    "payment",
    metadata,
    Column("serial", String(64), primary_key=True),
    Column("contract_no", String(64), nullable=False, index=True),
    Column("case_id", ForeignKey("case_.case_id"), index=True),
    Column("paid_on", Date, nullable=False),
    Column("amount", String(32), nullable=False),
    Column("payer_name", String(128)),
    Column("payer", String(64), comment="borrower, a debtor_id or a guarantor_id"),
    Column("import_n", ForeignKey("import_log.n")),
)

place = Table(
    "place",
    metadata,
    Column("contract_no", String(64), primary_key=True),
    Column("case_id", ForeignKey("case_.case_id"), index=True),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("source", String(64)),
)

import_log = Table(
    "import_log",
    metadata,
    Column("n", _Number, primary_key=True),
    Column("what", String(16), nullable=False, comment="overdue, payments, places"),
    Column("file_name", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("data_on", Date),
    Column("full_list", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("report", Text, nullable=False, comment="counts only: no name, no number"),
)

activity = Table(
    "activity",
    metadata,
    Column("n", _Number, primary_key=True),
    Column("activity_id", String(200), nullable=False, comment="as declared in the push"),
    Column("device_id", ForeignKey("device.device_id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("record", LargeBinary, nullable=False, comment="the bytes as they came"),
    Column("status", String(16), nullable=False, comment="created or quarantined"),
    Column("reason", Text),
    Column("late", Boolean, nullable=False, comment="its case had moved to another officer"),
    Column("received_ms", BigInteger, nullable=False),
    Column("officer_id", String(64)),
    Column("case_id", String(64), index=True),
    Column("kind", String(64)),
    Column("happened_at", String(40)),
    Column("happened_on", Date, comment="its day in the branch's zone"),
    Column("recorded_at", String(40)),
    UniqueConstraint("device_id", "seq"),
)
# Two records may carry one id (the second is quarantined), but only one of them counts. Two indexes that share the rows
# between them: one over all beside the unique one would be a third of what a push writes.
STANDS: Final = text("activity.status = 'created'")
APART: Final = text("activity.status <> 'created'")
Index(
    "uq_activity_created",
    activity.c.activity_id,
    unique=True,
    sqlite_where=text("status = 'created'"),
    postgresql_where=text("status = 'created'"),
)
Index(
    "ix_activity_apart",
    activity.c.activity_id,
    sqlite_where=text("status <> 'created'"),
    postgresql_where=text("status <> 'created'"),
)


def under(activity_id: str) -> ColumnElement[bool]:
    """Whether a row of `activity` came under that id, whatever became of it."""
    same = activity.c.activity_id == activity_id
    return or_(and_(STANDS, same), and_(APART, same))


verdict = Table(
    "verdict",
    metadata,
    Column("officer_id", ForeignKey("officer.officer_id"), primary_key=True),
    Column("activity_id", String(200), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("n", ForeignKey("activity.n"), nullable=False, index=True),
    Column("accepted", Boolean, nullable=False),
    Column("fed", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", String(128), nullable=False),
    Column("decided_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the exact bytes served"),
    comment="the supervisor's answers to quarantined records; of one record the greatest version counts",
)

handin = Table(
    "handin",
    metadata,
    Column("n", _Number, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False, comment="as the sealed file says"),
    Column("received_ms", BigInteger, nullable=False, index=True),
    Column("address", String(64)),
    Column("taken_ms", BigInteger, comment="when it was opened and taken in"),
    comment="sealed journals handed in without a token; their bytes lie in the store of files",
)

contact_answer = Table(
    "contact_answer",
    metadata,
    Column("activity_id", String(200), primary_key=True),
    Column("case_id", ForeignKey("case_.case_id"), nullable=False, index=True),
    Column("party", String(64), nullable=False),
    Column("field", String(16), nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, comment="NULL: the old one is invalid"),
    Column("answered_on", Date, nullable=False),
    Column("accepted", Boolean, nullable=False),
    comment="a later list does not undo an answer",
)

upload = Table(
    "upload",
    metadata,
    Column("upload_id", String(64), primary_key=True, comment="random: the last part of its address"),
    Column("device_id", ForeignKey("device.device_id"), nullable=False, index=True),
    Column("activity_id", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False, index=True),
    Column("done", Boolean, nullable=False),
    comment="a file on its way in; kept a week after it is done, for a phone whose answer was cut",
)

upload_part = Table(
    "upload_part",
    metadata,
    Column("upload_id", ForeignKey("upload.upload_id"), primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    comment="what has arrived of it, in any server process",
)

blob = Table(
    "blob",
    metadata,
    Column("activity_id", String(200), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("kept_ms", BigInteger, nullable=False),
    comment="files that are complete; their bytes lie in the store of files",
)

declared_head = Table(
    "declared_head",
    metadata,
    Column("device_id", ForeignKey("device.device_id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    comment="what a phone said its newest record was: it cannot be denied later",
)

lost_records = Table(
    "lost_records",
    metadata,
    Column("device_id", ForeignKey("device.device_id"), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True),
    Column("last_seq", BigInteger, primary_key=True),
    Column("declared_ms", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("n", _Number, primary_key=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("who", String(200), nullable=False, comment="an account, or an officer's number"),
    Column("device_id", String(36)),
    Column("action", String(64), nullable=False),
    Column("subject", String(400)),
    comment="who read and exported what: ids and words of commands only",
)

feed = Table(
    "feed",
    metadata,
    Column("officer_id", ForeignKey("officer.officer_id"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("sum", String(16), nullable=False, comment="modulo 2^64, in hex: a BIGINT is signed"),
    comment="one counter row per officer, locked until the writing transaction ends",
)

feed_item = Table(
    "feed_item",
    metadata,
    Column("officer_id", ForeignKey("officer.officer_id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("doc_id", String(200), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("op", String(8), nullable=False, comment="put or remove"),
    UniqueConstraint("officer_id", "seq"),
    comment="the latest state only",
)
