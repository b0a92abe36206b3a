"""Made-up cases and records for the rules' tests."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.procedure import Procedure, read_procedures
from app.domain.records import (
    Activity,
    Address,
    Borrower,
    Case,
    CaseFile,
    Debtor,
    Figures,
    Guarantor,
    History,
    Loan,
    Payment,
    Phone,
)
from app.domain.rules import Rules
from app.domain.steps import Step, steps_of

ZONE = ZoneInfo("Asia/Shanghai")
RULES = Rules()
# A Monday; the missed due date of the made-up cases, so D 1 is Tuesday and D 5 Saturday.
START = date(2026, 11, 2)
PROCEDURES: Mapping[str, Procedure] = read_procedures(
    tomllib.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[3] / "assets" / "procedures").glob("*.toml"))
)
SMALL_LOAN = PROCEDURES["psbc_small_loan"]
_numbers = count(1)


def d(n: int) -> date:
    """The date of D `n`."""
    return START + timedelta(days=n)


def at(on: date, hour: int = 10, minute: int = 0) -> datetime:
    return datetime.combine(on, time(hour, minute), ZONE)


def made_case(**members: Any) -> Case:
    """One open case of the small-loan procedure, assigned on D 1."""
    given: dict[str, Any] = {
        "case_id": "c1",
        "contract_no": "51072026000001",
        "customer_no": "KH1",
        "procedure": "psbc_small_loan",
        "status": "open",
        "borrower": Borrower(
            "龚龑",
            phones=(Phone("19900001542"),),
            addresses=(
                Address("business", "桑园村1组117号", "仁和镇", "桑园村"),
                Address("home", "桑园村2组56号", "仁和镇", "桑园村"),
            ),
        ),
        "loan": Loan(
            annual_rate=Decimal("0.0762"), penalty_uplift=Decimal("0.5"), repayment_account="6217****1934"
        ),
        "episode_start": START,
        "assigned_on": d(1),
        "debtors": (Debtor("s1", "spouse", "赵敏", (Phone("19900009264"),)),),
        "guarantors": (Guarantor("g1", "胡国强", "guarantor"), Guarantor("g2", "史秀英", "guarantor")),
    }
    return Case(**{**given, **members})


def made_figures(**members: Any) -> Figures:
    given: dict[str, Any] = {
        "as_of": START,
        "due_since": START,
        "overdue_principal": Decimal("6589.16"),
        "overdue_interest": Decimal("168.97"),
        "penalty_interest": Decimal("12.55"),
        "missing": Decimal("6721.19"),
    }
    return Figures(**{**given, **members})


def activity(kind: str, when: datetime, body: Mapping[str, Any], **members: Any) -> Activity:
    n = next(_numbers)
    given: dict[str, Any] = {
        "activity_id": f"a{n:06}",
        "case_id": "c1",
        "kind": kind,
        "happened_at": when,
        "recorded_at": when,
        "officer_id": "w001",
        "device_id": "phone",
        "device_seq": n,
        "body": dict(body),
    }
    return Activity(**{**given, **members})


def call(on: date, outcome: str = "will_pay_undated", hour: int = 10, **body: Any) -> Activity:
    given = {"party": "borrower", "number": "19900001542", "direction": "out", "outcome": outcome}
    return activity("call", at(on, hour), {**given, **body})


def visit(on: date, outcome: str = "will_pay_undated", hour: int = 11, **body: Any) -> Activity:
    """A first visit with everything that makes it one; `visit(..., met=[])` met nobody."""
    given = {
        "party": "borrower",
        "place": "business",
        "met": ["borrower"],
        "outcome": outcome,
        "business_state": "operating",
        "reason": "cash_flow",
        "explained": ["credit_report"],
    }
    return activity("visit", at(on, hour), {**given, **body})


def unseen(on: date, **body: Any) -> Activity:
    return visit(on, "door_locked", met=[], business_state="", reason="", explained=[], **body)


def promise(on: date, amount: str, due_on: date, activity_id: str | None = None, **body: Any) -> Activity:
    given = {"party": "borrower", "amount": amount, "due_on": due_on.isoformat()}
    members = {"activity_id": activity_id} if activity_id else {}
    return activity("promise", at(on, 12), {**given, **body}, **members)


def paid(on: date, amount: str, payment_id: str = "", payer: str = "borrower") -> Payment:
    return Payment(payment_id or f"p{next(_numbers):06}", on, Decimal(amount), payer)


def file_of(
    *activities: Activity, case: Case | None = None, figures: Figures | None = None, **members: Any
) -> CaseFile:
    return CaseFile(case or made_case(**members), figures or made_figures(), activities)


def steps_on_day(file: CaseFile, today: date, rules: Rules = RULES, slot: int = 0) -> list[Step]:
    return list(steps_of(file, SMALL_LOAN, rules, today, ZONE, slot))


def state_of(file: CaseFile, step: str, today: date) -> str:
    """`absent`, `open` or `done`: the one step of that id on that day."""
    found = [s for s in steps_on_day(file, today) if s.step == step]
    assert len(found) <= 1
    return "absent" if not found else "done" if found[0].done else "open"


def the(steps: Sequence[Step], step: str) -> Step:
    (found,) = (s for s in steps if s.step == step)
    return found


def before_history(**days: date) -> History:
    return History(**days)
