"""今日: a plan an officer can walk (procedure.md, 'The day')."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.domain.records import ZERO
from app.domain.steps import Step


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One case on a day's plan with all its steps of the day, done or not; `distance_m` when both positions are known."""

    case_id: str
    contract_no: str
    name: str
    dpd: int
    amount_due: Decimal
    steps: tuple[Step, ...]
    distance_m: int | None
    town: str
    village: str
    overdue_days: int

    @property
    def done(self) -> bool:
        """Everything asked for today is done (and something was)."""
        return bool(self.steps) and all(s.done for s in self.steps)


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The day: doors, telephone calls, and the open cases left for later. `todo` and `done` count plan items."""

    date: date
    visits: tuple[PlanItem, ...] = ()
    calls: tuple[PlanItem, ...] = ()
    waiting: tuple[PlanItem, ...] = ()
    todo: int = 0
    done: int = 0
    promises_due: int = 0
    promises_due_sum: Decimal = ZERO
