"""The rows of each export.

Activities: every record that counts, exactly once; a quarantined one only when the supervisor has accepted it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, select

from app.domain.promises import judge
from app.domain.records import Activity, Case, CaseFile, Figures
from app.i18n import translator
from sync.branch import tables as t
from sync.branch.office import Office

ACTIVITY_COLUMNS: Final = (
    "activity_id", "case_id", "contract_no", "name", "officer_id", "kind", "happened_at", "recorded_at",
    "party", "outcome", "reason", "amount", "due_on", "note", "late", "lat", "lon", "override", "body",
    "person", "kind_zh", "outcome_zh", "reason_zh",
)  # fmt: skip
CASE_COLUMNS: Final = (
    "case_id", "contract_no", "customer_no", "name", "officer_id", "status", "status_since", "procedure",
    "product", "episode_start", "town", "village", "phone", "as_of", "due_since", "overdue_principal",
    "overdue_interest", "penalty_interest", "overdue", "principal_outstanding", "account_balance", "status_zh",
)  # fmt: skip
PROMISE_COLUMNS: Final = (
    "activity_id", "case_id", "contract_no", "name", "officer_id", "party", "amount", "due_on", "made_on",
    "state", "paid", "instalment", "note", "person", "state_zh",
)  # fmt: skip


def activity_records(conn: Connection, since: date | None) -> Iterator[bytes]:
    """The records as they came, one a line, in the order they arrived; `since` is the day they happened."""
    for row in conn.execute(_created(since)):
        yield _one_line(row.record)


def activity_rows(conn: Connection, since: date | None) -> Iterator[dict[str, Any]]:
    """The same by ACTIVITY_COLUMNS."""
    cases = {c.case_id: c for c in _cases(conn)}
    for row in conn.execute(_created(since)):
        activity = Activity.read(row.record)
        case, at, body = cases.get(activity.case_id), activity.position, activity.body
        yield {
            "activity_id": activity.activity_id,
            "case_id": activity.case_id,
            "contract_no": case.contract_no if case else None,
            "name": case.borrower.name if case else None,
            "officer_id": activity.officer_id,
            "kind": activity.kind,
            "happened_at": activity.happened_at.isoformat(),
            "recorded_at": activity.recorded_at.isoformat(),
            "party": activity.party,
            **{k: body.get(k) for k in ("outcome", "reason", "amount", "due_on")},
            "note": body.get("note") or body.get("text") or body.get("why"),
            "late": "1" if row.late else None,
            "lat": at.lat if at else None,
            "lon": at.lon if at else None,
            "override": _json(activity.raw.get("override")) if activity.raw.get("override") else None,
            "body": _json(body),
            "person": case.party_name(activity.party) if case else None,
            "kind_zh": _in_words("kind", activity.kind),
            "outcome_zh": _in_words("outcome", body.get("outcome")),
            "reason_zh": _in_words("reason", body.get("reason")),
        }


def case_records(conn: Connection, since: date | None) -> Iterator[bytes]:
    """The case documents as phones get them; `since` is the day their status began."""
    for row in conn.execute(_case_documents(since)):
        yield _one_line(row.body)


def case_rows(conn: Connection, since: date | None) -> Iterator[dict[str, Any]]:
    """Cases with their figures, by CASE_COLUMNS."""
    figures = _figures(conn)
    for row in conn.execute(_case_documents(since)):
        case = Case.read(row.body)
        owed = figures.get(case.case_id, Figures())
        where = case.borrower.address("business", "home", "other")
        yield {
            "case_id": case.case_id,
            "contract_no": case.contract_no,
            "customer_no": case.customer_no,
            "name": case.borrower.name,
            "officer_id": case.assigned_to,
            "status": case.status,
            "status_since": case.status_since,
            "procedure": case.procedure,
            "product": case.loan.product,
            "episode_start": case.episode_start,
            "town": where.town if where else None,
            "village": where.village if where else None,
            "phone": case.borrower.phones[0].number if case.borrower.phones else None,
            "as_of": owed.as_of,
            "due_since": owed.due_since,
            "overdue_principal": owed.overdue_principal,
            "overdue_interest": owed.overdue_interest,
            "penalty_interest": owed.penalty_interest,
            "overdue": owed.amount_due,
            "principal_outstanding": owed.principal_outstanding,
            "account_balance": owed.account_balance,
            "status_zh": _in_words("case_status", case.status),
        }


def promise_rows(office: Office, conn: Connection, since: date | None) -> Iterator[dict[str, Any]]:
    """Every promise, or instalment of one, with its state today, by PROMISE_COLUMNS; `since` is the day it was made."""
    figures, today = _figures(conn), office.today()
    made: dict[str, list[Activity]] = {}
    for row in conn.execute(_created(None)):
        activity = Activity.read(row.record)
        made.setdefault(activity.case_id, []).append(activity)
    for case in _cases(conn):
        activities = tuple(made.get(case.case_id, ()))
        if not any(a.kind == "promise" for a in activities):
            continue
        file = CaseFile(case, figures.get(case.case_id, Figures()), activities)
        officers = {a.activity_id: a.officer_id for a in activities}
        for promise in judge(file, today, office.zone):
            if since is not None and promise.made_on < since:
                continue
            yield {
                "activity_id": promise.activity_id,
                "case_id": case.case_id,
                "contract_no": case.contract_no,
                "name": case.borrower.name,
                "officer_id": officers.get(promise.activity_id),
                "party": promise.party,
                "amount": _money(promise.amount),
                "due_on": promise.due_on.isoformat(),
                "made_on": promise.made_on.isoformat(),
                "state": promise.state,
                "paid": _money(promise.paid),
                "instalment": promise.instalment,
                "note": promise.note,
                "person": case.party_name(promise.party),
                "state_zh": _in_words("promise_state", promise.state),
            }


def _in_words(group: str, code: object) -> str | None:
    """A code as a supervisor reads it in a spreadsheet."""
    return translator("zh").code(group, code) if code and isinstance(code, str) else None


def activities_since(conn: Connection, since: date | None) -> list[Activity]:
    """All activities that count, of that day or later; those the branch could not read are not among them."""
    return [Activity.read(row.record) for row in conn.execute(_created(since))]


def cases_of(conn: Connection) -> Iterator[Case]:
    """All cases."""
    return _cases(conn)


def figures_of(conn: Connection) -> dict[str, Figures]:
    """All figures by case_id."""
    return _figures(conn)


def _created(since: date | None) -> Any:
    act = t.activity.c
    asked = select(act.record, act.late).where(act.status == "created").order_by(act.n)
    return asked if since is None else asked.where(act.happened_on >= since)


def _case_documents(since: date | None) -> Any:
    doc, case = t.document.c, t.case_.c
    asked = (
        select(doc.body)
        .join_from(t.document, t.case_, case.case_id == doc.doc_id)
        .where(doc.kind == "case")
        .order_by(case.contract_no)
    )
    return asked if since is None else asked.where(case.status_since >= since)


def _cases(conn: Connection) -> Iterator[Case]:
    return (Case.read(row.body) for row in conn.execute(_case_documents(None)).all())


def _figures(conn: Connection) -> dict[str, Figures]:
    doc = t.document.c
    rows = conn.execute(select(doc.doc_id, doc.body).where(doc.kind == "figures"))
    return {row.doc_id: Figures.read(row.body) for row in rows}


def _one_line(record: bytes) -> bytes:
    """The bytes as they are; only a record that was written over several lines is written anew."""
    if b"\n" in record or b"\r" in record:
        return _json(json.loads(record)).encode()
    return record


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_lines(rows: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    """Rows as JSON, one a line."""
    return (_json(row).encode() for row in rows)


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
