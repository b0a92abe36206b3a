"""主管决定: what the supervisor decides of a case; it reaches the officer with the next pull."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import or_, select, update

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.audit import note
from sync.branch.errors import BranchError
from sync.branch.office import Office, case_document
from sync.branch.reasons import checked_by, checked_why
from sync.branch.settings import encode

# `refused`: what the officer proposed is not done.
DECISIONS: Final = ("legal", "blacklist", "misuse", "closed", "refused")
_STATUS: Final = {"legal": "legal", "closed": "closed"}


def decide(office: Office, case: str, what: str, why: str, by: str) -> dict[str, Any]:
    """Add a decision to a case (by case_id or contract number); `legal` and `closed` are its status from today.

    A list that still carries the contract does not undo it. Returns the decision with `case_id` and `status`.
    Raises BranchError for a case nobody knows, and where there is no reason.
    """
    why, by = checked_why(why), checked_by(by)
    if not why:
        raise BranchError(Message("A decision needs a reason: --why."))
    with office.changing() as changes:
        known = changes.conn.execute(
            select(t.case_.c.case_id, t.case_.c.status).where(
                or_(t.case_.c.case_id == case, t.case_.c.contract_no == case)
            )
        ).first()
        if known is None:
            raise BranchError(Message("There is no case {case}.", {"case": case}))
        note(office, f"decide {what}", subject=known.case_id, conn=changes.conn)
        document = case_document(changes.conn, known.case_id)
        made = {"what": what, "why": why, "by": by, "on": office.today().isoformat()}
        document["decisions"] = [*(document.get("decisions") or []), made]
        status = _STATUS.get(what)
        if status is not None and status != document["status"]:
            document |= {"status": status, "status_since": office.today().isoformat()}
            changes.conn.execute(
                update(t.case_)
                .where(t.case_.c.case_id == known.case_id)
                .values(status=status, status_since=office.today())
            )
        changes.store("case", {known.case_id: encode(document)})
    return {"case_id": known.case_id, "status": document["status"], **made}
