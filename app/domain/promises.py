"""还款承诺: what became of what was promised (procedure.md, 'Promise state')."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PromiseView:
    """One promise, or one instalment of it (`instalment` from 1; 0 = not in instalments), judged on a day.

    `state` is one of codes.PROMISE_STATES; `paid` what counts towards it; `made_on` the day of its happened_at.
    """

    activity_id: str
    party: str
    amount: Decimal
    due_on: date
    made_on: date
    state: str
    paid: Decimal
    instalment: int = 0
    note: str = ""
