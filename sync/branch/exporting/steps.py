"""`export steps` and `export late`: what the procedure asks of each officer today, and what has been waiting too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.plan import takeover_slots
from app.domain.steps import Step, is_long_past, steps_of
from app.i18n import translator
from sync.branch.case_files import case_files, procedures_of, rules_of
from sync.branch.office import Office

STEP_COLUMNS: Final = (
    "officer_id", "case_id", "contract_no", "name", "overdue", "step", "title", "party", "why", "due_on", "overdue_days",
    "long_past",
)  # fmt: skip


def step_rows(
    office: Office, conn: Connection, since: date | None, *, late: bool = False
) -> Iterator[dict[str, Any]]:
    """Every step still to be done today, as the officers' phones show it, by officer, then the longest past first.

    `late`: only those three working days past their due day (procedure.md, 'The day', 3). `since`: due on that day or
    later.
    """
    procedures, rules, today = procedures_of(conn), rules_of(conn), office.today()
    t = translator("zh")
    by_officer = sorted(case_files(conn), key=lambda f: f.case.assigned_to)
    for officer_id, held in groupby(by_officer, key=lambda f: f.case.assigned_to):
        files = list(held)
        slots = takeover_slots(files, procedures, rules, today, office.zone)
        open_steps = [
            (step, file)
            for file in files
            if (procedure := procedures.get(file.case.procedure)) is not None
            for step in steps_of(file, procedure, rules, today, office.zone, slots.get(file.case.case_id, 0))
            if not step.done
        ]
        for step, file in sorted(open_steps, key=lambda s: (-s[0].overdue_days, s[1].case.contract_no)):
            long_past = is_long_past(step, today, rules.calendar)
            if (late and not long_past) or not _since(step, since):
                continue
            case = file.case
            yield {
                "officer_id": officer_id,
                "case_id": case.case_id,
                "contract_no": case.contract_no,
                "name": case.borrower.name,
                "overdue": f"{file.figures.amount_due:.2f}",
                "step": step.step,
                "title": t.say(step.title),
                "party": case.party_name(step.party) or case.borrower.name,
                "why": t.say(step.why),
                "due_on": step.due_on.isoformat() if step.due_on else None,
                "overdue_days": step.overdue_days,
                "long_past": int(long_past),
            }


def _since(step: Step, since: date | None) -> bool:
    return since is None or (step.due_on is not None and step.due_on >= since)
