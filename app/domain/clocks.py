"""法律时限: limitation of action and guarantee periods, each with how its date was computed (law.md).

Where it is doubtful whether something counts, it does not move the date: the earlier day is the safe one. A wrong
legal date is worse than none: what cannot be computed says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from app.domain.calendar import Calendar
from app.domain.codes import REACHED
from app.domain.frozen import frozen
from app.domain.limits import Limits
from app.domain.message import Message, WithYear
from app.domain.periods import end_of_months, end_of_years, rolled
from app.domain.records import BORROWER, Activity, Case, Guarantor

Dated = tuple[date, Activity]
_COUNTER: Final = "counter_guarantor"
_OVER: Final = 4  # the level of a clock that has run out


@frozen
class LedgerLine:
    """One thing that happened, and what it does to the limitation of action.

    `effect`: starts, interrupts, weak (no proof that it arrived) or no; `missing` names the proof that is wanted
    (codes, group `proof`); `expires_on` is the last day as it stands after this line.
    """

    on: date
    source_id: str
    kind: str
    effect: str
    why: Message
    missing: tuple[str, ...] = ()
    expires_on: date | None = None


@frozen
class Limitation:
    """诉讼时效 of a case: its last day, how that was computed, and the ledger; `unknown` says why there is none."""

    expires_on: date | None
    days_left: int | None
    how: Message | None
    lines: tuple[LedgerLine, ...] = ()
    unknown: Message | None = None


@frozen
class GuaranteeClock:
    """保证期间 of one guarantor: its last day, and what has to be done until then.

    `task`: demand (joint: a demand on this very guarantor) or sue (general or unclear: suit or arbitration against
    the borrower). `met_on`: the day it was done. `level`: 0, then 1, 2, 3 as the days of `guarantee_red_days` are reached, 4
    when it is over; 0 once it is met. `caution`: what counsel has to confirm.
    """

    guarantor_id: str
    liability: str
    ends_on: date | None
    days_left: int | None
    how: Message | None
    unknown: Message | None
    met_on: date | None
    task: str
    level: int = 0
    caution: Message | None = None

    @property
    def running(self) -> bool:
        """There is a last day, and what it asks for has not been done."""
        return self.ends_on is not None and self.met_on is None


def main_debt_due(case: Case) -> date | None:
    """The day the last instalment is due: what limitation (Civil Code 189) and guarantee periods (692) are counted from."""
    last, maturity = max(case.loan.instalment_dates, default=None), case.loan.maturity
    return max(last, maturity) if last is not None and maturity is not None else last or maturity


def may_end(case: Case, calendar: Calendar, limits: Limits, first: date, last: date) -> bool:
    """Whether any guarantee period of a case can end between two days: a quick look before the clocks are computed."""
    due = main_debt_due(case)
    for g in case.guarantors:
        ends = _counted(g, due, limits)
        if ends is not None and ends <= last and (ends >= first or rolled(ends, calendar) >= first):
            return True
    return False


def _agreed(g: Guarantor, due: date | None) -> date | None:
    """The end that was agreed, where it counts: one not after the main debt's due date is none (Civil Code 692)."""
    return g.guarantee_ends if g.guarantee_ends and (due is None or g.guarantee_ends > due) else None


def _counted(g: Guarantor, due: date | None, limits: Limits) -> date | None:
    """The end of the period before days off are looked at; None where it cannot be computed."""
    agreed = _agreed(g, due)
    if agreed is not None:
        return agreed
    return None if due is None or g.role == _COUNTER else end_of_months(due, limits.guarantee_months)


def limitation(
    case: Case, known: Iterable[Dated], calendar: Calendar, limits: Limits, today: date
) -> Limitation:
    """诉讼时效: three years from the last instalment's due date, begun anew by what interrupts it.

    `known`: standing activities with the day each counts for. Civil Code 188, 189, 195; SPC limitation rules 8, 14.
    """
    start = main_debt_due(case)
    if start is None:
        return Limitation(
            None, None, None, (), Message("Not computed: the case names no due date of the loan.")
        )
    expires = rolled(end_of_years(start, limits.limitation_years), calendar)
    how = Message(
        "{years} years from the last instalment's due date {start} (Civil Code 188, 189).",
        {"years": limits.limitation_years, "start": WithYear(start)},
    )
    why = Message("The last instalment's due date: the period begins.")
    lines = [LedgerLine(start, "", "due", "starts", why, (), expires)]
    for line in sorted(_lines(case, known), key=lambda x: (x.on, x.kind != "payment", x.source_id)):
        effect, why, missing = line.effect, line.why, line.missing
        if line.on > today:
            continue
        if effect == "interrupts" and line.on > expires:
            effect, missing = "weak", (*missing, "counsel")
            why = Message("After the period had run out; counsel has to say whether it counts.")
        elif effect == "interrupts":
            anew = rolled(end_of_years(line.on, limits.limitation_years), calendar)
            if anew > expires:
                expires = anew
                how = Message(
                    "{years} years from {on}, when it was last interrupted (Civil Code 195).",
                    {"years": limits.limitation_years, "on": WithYear(line.on)},
                )
        lines.append(LedgerLine(line.on, line.source_id, line.kind, effect, why, missing, expires))
    return Limitation(expires, (expires - today).days, how, tuple(lines))


def guarantee_clocks(
    case: Case, known: Iterable[Dated], calendar: Calendar, limits: Limits, today: date
) -> tuple[GuaranteeClock, ...]:
    """保证期间 of each guarantor, in the case's order; a demand on one does not cover another (SPC guarantee rule 29)."""
    if not case.guarantors:
        return ()
    known = tuple(known)
    return tuple(_guarantee(case, g, known, calendar, limits, today) for g in case.guarantors)


def _guarantee(
    case: Case, g: Guarantor, known: Sequence[Dated], calendar: Calendar, limits: Limits, today: date
) -> GuaranteeClock:
    task = "demand" if g.liability == "joint" else "sue"
    due = main_debt_due(case)
    agreed = _agreed(g, due)
    caution: Message | None = None
    if agreed is not None:
        ends, how = agreed, Message("As agreed in the contract: until {date}.", {"date": WithYear(agreed)})
    elif g.role == _COUNTER:
        why = Message("Not computed: whether a counter-guarantee begins with the company's payment is for counsel; the contract's end date is needed.")  # fmt: skip
        return GuaranteeClock(g.guarantor_id, g.liability, None, None, None, why, None, task)
    elif due is None:
        why = Message("Not computed: the case names no due date of the loan.")
        return GuaranteeClock(g.guarantor_id, g.liability, None, None, None, why, None, task)
    else:
        counted = end_of_months(due, limits.guarantee_months)
        ends = rolled(counted, calendar)
        how = Message(
            "No end is agreed: {months} months from the main debt's due date {due} (Civil Code 692).",
            {"months": limits.guarantee_months, "due": WithYear(due)},
        )
        if g.guarantee_ends is not None:
            how = Message(
                "The agreed end {agreed} is not after the main debt's due date {due} and counts as not agreed: {months} months from that date (Civil Code 692).",
                {"agreed": WithYear(g.guarantee_ends), "months": limits.guarantee_months, "due": WithYear(due)},
            )  # fmt: skip
        if ends != counted:
            caution = Message(
                "{counted} is no working day, so it is taken to end on {ends} (Civil Code 203): branch counsel confirms.",
                {"counted": WithYear(counted), "ends": WithYear(ends)},
            )
    met_on = _demanded(g, known, due, ends) if task == "demand" else None
    if task == "sue" and case.status == "legal":
        caution = Message("Handed over to proceedings: the suit has to be filed by that day.")
    left = (ends - today).days
    level = 0 if met_on is not None else _level(left, limits)
    return GuaranteeClock(g.guarantor_id, g.liability, ends, left, how, None, met_on, task, level, caution)


def _demanded(g: Guarantor, known: Sequence[Dated], due: date | None, ends: date) -> date | None:
    """The first demand that reached this guarantor within the period (Civil Code 693)."""
    days = (
        on
        for on, a in known
        if on <= ends and (due is None or on >= due) and _is_demand_on(a, g.guarantor_id)
    )
    return min(days, default=None)


def _is_demand_on(a: Activity, guarantor_id: str) -> bool:
    if a.kind == "guarantor_demand":
        return a.body.get("guarantor_id") == guarantor_id and a.body.get("agreed") in (
            "pays",
            "urges_borrower",
            "refuses",
        )
    if a.kind == "notice":
        return a.body.get("addressee") == guarantor_id and _arrived(a)
    return a.kind == "promise" and a.party == guarantor_id  # fmt: skip


def _level(days_left: int, limits: Limits) -> int:
    if days_left < 0:
        return _OVER
    return sum(days_left <= reached for reached in limits.guarantee_red_days)


def _arrived(notice: Activity) -> bool:
    result = notice.body.get("result")
    return result in ("signed", "fingerprint") or (
        result == "refused_witnessed" and bool(notice.body.get("witness"))
    )


@frozen
class _Effect:
    on: date
    source_id: str
    kind: str
    effect: str
    why: Message
    missing: tuple[str, ...] = ()


def _lines(case: Case, known: Iterable[Dated]) -> Iterable[_Effect]:
    debtors = {BORROWER, *(d.debtor_id for d in case.debtors)}
    served = case.history.notice_served_on
    if served is not None:
        why = Message("A notice served before this system: its receipt has to be in the file.")
        yield _Effect(served, "history", "notice", "weak", why, ("receipt",))
    for p in case.payments:
        if p.amount <= 0:
            continue
        if p.payer in debtors:
            yield _Effect(
                p.date,
                p.payment_id,
                "payment",
                "interrupts",
                Message("A part payment by the debtor: it begins anew."),
            )
        else:
            yield _Effect(
                p.date, p.payment_id, "payment", "no", Message("Paid by a guarantor: the debtor did nothing.")
            )
    for on, a in known:
        effect, why, missing = _effect_of(a, debtors)
        yield _Effect(on, a.activity_id, a.kind, effect, why, missing)  # fmt: skip


def _effect_of(a: Activity, debtors: set[str]) -> tuple[str, Message, tuple[str, ...]]:
    """What an activity does: effect, a sentence, and the proof that is missing."""
    if a.kind == "notice":
        return _effect_of_notice(a, debtors)
    if a.kind == "promise":
        if a.party not in debtors:
            return "no", Message("A guarantor's promise: the debtor did nothing."), ()
        missing = () if a.body.get("signed") else ("signature",)
        return "interrupts", Message("The debtor agreed to pay: it begins anew."), missing
    if a.kind in ("call", "visit"):
        return _effect_of_talk(a, debtors)
    if a.kind == "payment_claim" and a.party in debtors:
        return "weak", Message("The debtor says they paid: it counts once the payment is seen."), ("payment",)
    if a.kind == "guarantor_demand":
        return "no", Message("A demand on a guarantor does not reach the debtor."), ()
    return "no", Message("No demand on the debtor."), ()


def _effect_of_notice(a: Activity, debtors: set[str]) -> tuple[str, Message, tuple[str, ...]]:
    if str(a.body.get("addressee")) not in debtors:
        return "no", Message("A notice to a guarantor does not reach the debtor."), ()
    if _arrived(a):
        return "interrupts", Message("A demand in writing that reached the debtor: it begins anew."), ()
    missing = {
        "refused_witnessed": ("witness",),
        "left": ("receipt",),
        "posted": ("delivery",) if a.body.get("post_no") else ("post_no", "delivery"),
    }.get(str(a.body.get("result")), ("receipt",))
    return "weak", Message("A demand in writing without proof that it arrived."), missing


def _effect_of_talk(a: Activity, debtors: set[str]) -> tuple[str, Message, tuple[str, ...]]:
    met = a.body.get("met")
    there = {p for p in met if isinstance(p, str)} if isinstance(met, list) else set()
    reached = a.body.get("outcome") in REACHED and (
        not debtors.isdisjoint(there) if a.kind == "visit" else a.party in debtors
    )
    if not reached:
        return "no", Message("The debtor was not reached."), ()
    if a.body.get("outcome") == "asks_relief":
        return "interrupts", Message("The debtor asked for more time: it begins anew."), ("written_request",)
    if a.kind == "visit" and a.body.get("with_officer"):
        return "interrupts", Message("A demand made to the debtor before a colleague: it begins anew."), ()
    missing = ("witness",) if a.kind == "visit" else ("recording",)
    return "weak", Message("A demand by word of mouth without proof."), missing
