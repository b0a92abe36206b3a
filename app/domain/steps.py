"""What the procedure asks for: one `Step` per thing to do (procedure.md, the table)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.domain.message import Sayable, Text


@dataclass(frozen=True, slots=True)
class Step:
    """待办: what is asked, of whom, why, and until when.

    `step` is the id in procedure.md; `kind` the activity kind that does it (`call`, `visit`, `notice`,
    `guarantor_demand`, `referral`); `party` whom it is about; `due_on` the last day of its window, None where it
    has none; `done` as of the day asked about; `overdue_days` calendar days past `due_on` (已超 N 天), 0 before.
    """

    step: str
    kind: str
    party: str
    title: Text
    why: Sayable
    opens_on: date
    due_on: date | None
    done: bool
    overdue_days: int = 0
