"""`export reasons`: why loans are overdue, by cause and reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.corrections import effective
from app.domain.records import Activity, Figures
from app.i18n import translator
from sync.branch.exporting.rows import activities_since, cases_of, figures_of

REASON_COLUMNS: Final = (
    "cause", "reason", "reason_detail", "cause_zh", "reason_zh", "reason_detail_zh", "cases", "customers",
    "overdue", "said",
)  # fmt: skip
_MEMBERS: Final = ("cause", "reason", "reason_detail")


def reason_rows(conn: Connection, since: date | None) -> Iterator[dict[str, Any]]:
    """One row a cause, reason and detail: cases and customers whose last word it is, what those cases owe (CNY), and how
    often it was said. `since`: calls and visits of that day or later. Corrections count as in the officers' own views.
    """
    last: dict[str, tuple[Any, tuple[str, ...]]] = {}
    said: dict[tuple[str, ...], int] = {}
    for a in effective(activities_since(conn, since)):
        reason = _reason(a)
        if a.kind in ("call", "visit") and any(reason[:2]):
            said[reason] = said.get(reason, 0) + 1
            when = (a.happened_at, a.activity_id)
            if a.case_id not in last or when > last[a.case_id][0]:
                last[a.case_id] = (when, reason)
    figures, customers = figures_of(conn), {c.case_id: c.customer_no or c.case_id for c in cases_of(conn)}
    t = translator("zh")
    for reason in sorted(said):
        cases = [case_id for case_id, (_, named) in last.items() if named == reason]
        owed = sum((figures.get(c, Figures()).amount_due for c in cases), Decimal(0))
        words = {f"{m}_zh": t.code(m, code) if code else "" for m, code in zip(_MEMBERS, reason, strict=True)}
        yield {
            **dict(zip(_MEMBERS, reason, strict=True)),
            **words,
            "cases": len(cases),
            "customers": len({customers.get(c, c) for c in cases}),
            "overdue": f"{owed:.2f}",
            "said": said[reason],
        }


def _reason(a: Activity) -> tuple[str, ...]:
    return tuple(v if isinstance(v := a.body.get(m), str) else "" for m in _MEMBERS)
