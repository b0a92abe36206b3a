"""What papers and lists are made of: a case with its figures, its activities as they came, and the rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, or_, select

from app.domain.message import Message
from app.domain.procedure import Procedure, ProcedureError, procedures_from
from app.domain.records import Activity, Case, CaseFile, Figures
from app.domain.rules import Rules
from sync.branch import tables as t
from sync.branch.errors import BranchError
from sync.branch.office import setting

_SETTINGS = ("limits", "holidays", "market_days", "words", "plan")


def case_files(conn: Connection, officer_id: str | None = None) -> list[CaseFile]:
    """Cases (of one officer, where given) with figures and activities, by contract number."""
    case = t.case_.c
    asked = select(case.case_id).order_by(case.contract_no)
    if officer_id is not None:
        asked = asked.where(case.officer_id == officer_id)
    return [_file(conn, case_id) for case_id in conn.scalars(asked).all()]


def case_file(conn: Connection, key: str) -> CaseFile:
    """One case by case_id or contract number. Raises BranchError."""
    found = conn.scalar(
        select(t.case_.c.case_id).where(or_(t.case_.c.case_id == key, t.case_.c.contract_no == key))
    )
    if found is None:
        raise BranchError(Message("There is no case {case}.", {"case": key}))
    return _file(conn, found)


def rules_of(conn: Connection) -> Rules:
    """The branch's figures."""
    return Rules.read({name: setting(conn, name) for name in _SETTINGS})


def procedures_of(conn: Connection) -> Mapping[str, Procedure]:
    """The branch's procedures by name. Raises BranchError where the kept setting cannot be used."""
    try:
        return procedures_from(setting(conn, "procedures"), {})
    except ProcedureError as e:
        raise BranchError(
            Message(
                "The setting procedures cannot be used ({path}). Put a sound one: settings put procedures FILE.",
                {"path": e.path},
            )
        ) from e


def _file(conn: Connection, case_id: str) -> CaseFile:
    doc, act = t.document.c, t.activity.c
    bodies: dict[str, Any] = {
        row.kind: row.body for row in conn.execute(select(doc.kind, doc.body).where(doc.doc_id == case_id))
    }
    records = conn.scalars(
        select(act.record).where(act.case_id == case_id, act.status == "created").order_by(act.n)
    )
    figures = Figures.read(bodies["figures"]) if "figures" in bodies else Figures()
    return CaseFile(Case.read(bodies["case"]), figures, tuple(Activity.read(r) for r in records))
