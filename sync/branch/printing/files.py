"""What papers are made of: a case with its figures, its activities as they came, and the rules in force."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select

from app.domain.message import Message
from app.domain.procedure import Procedure, procedures_from
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
    """The branch's procedures by name."""
    return procedures_from(setting(conn, "procedures"), {})


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


def put_file(path: Path, content: bytes) -> None:
    """Write a paper whole or not at all. Raises BranchError."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    except OSError as e:
        half.unlink(missing_ok=True)
        raise BranchError(Message("The file {file} cannot be written.", {"file": path.name})) from e
