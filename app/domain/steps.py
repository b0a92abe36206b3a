"""What the procedure asks for: one `Step` per thing to do (procedure.md, the table)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta, tzinfo
from typing import Final

from app.domain.calendar import Calendar
from app.domain.done import CONDITIONS, Window, first_complete_visit
from app.domain.frozen import frozen
from app.domain.message import Sayable, Text
from app.domain.procedure import Procedure, StepRule
from app.domain.reading import Reading
from app.domain.records import CaseFile
from app.domain.rules import Rules
from app.domain.windows import OPENERS, STATUSES

# The order of procedure.md, 'The day': lower is sooner.
# PINNED is 攻坚, which is no step's own.
CLOCK, PROMISE, PINNED, LONG_PAST, CLOSING, CASH, REMIND, REST = range(8)
LONG_PAST_WORKING_DAYS: Final = 3
CLOSING_WITHIN: Final = timedelta(days=2)
CLOCK_STEPS: Final = ("guarantee_demand", "guarantee_suit", "limitation_period")
_URGENCY: Final = {
    **dict.fromkeys(CLOCK_STEPS, CLOCK),
    "promise_broken": PROMISE,
    "promise_due": PROMISE,
    "promise_verify": PROMISE,
    "daily_call": CLOSING,
    "call_after_notice": CLOSING,
    "exact_amount_call": CLOSING,
    "first_visit": CLOSING,
    "second_visit": CLOSING,
    "serve_notice": CLOSING,
    "cash_date": CASH,
    "promise_remind": REMIND,
    "watch_check": REMIND,
}


@frozen
class Step:
    """待办: what is asked, of whom, why, and until when.

    `step` is the id in procedure.md; `kind` the activity kind that does it (`call`, `visit`, `notice`,
    `guarantor_demand`, `referral`); `party` whom it is about; `due_on` the last day of its window, None where it
    has none; `done` as of the day asked about; `overdue_days` calendar days past `due_on` (已超 N 天), 0 before.
    `promise_id` is the promise a promise_* step is about.
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
    promise_id: str = ""


def steps_of(
    file: CaseFile,
    procedure: Procedure,
    rules: Rules,
    today: date,
    zone: tzinfo,
    takeover_slot: int = 0,
) -> tuple[Step, ...]:
    """The steps of a case on `today`: those open, and those done on that very day (`done`).

    What a case is asked for depends on its status (windows.STATUSES). `takeover_slot` comes from plan.takeover_slots,
    which sees all cases.
    """
    return steps_on(Reading(file, rules, today, zone, takeover_slot), procedure)


def steps_on(reading: Reading, procedure: Procedure) -> tuple[Step, ...]:
    """The same from a reading."""
    return began_and_now(reading, procedure)[1]


def began_and_now(reading: Reading, procedure: Procedure) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps as the day began, and as they are now.

    What was open as the day began and is gone now was closed by the day's records: it stands among the latter, done.
    """
    now = _listed(reading, procedure)
    if not reading.has_news:
        return now, now
    began = _listed(reading.before_today(), procedure)
    listed = {_identity(s) for s in now}
    closed = (replace(s, done=True) for s in began if _identity(s) not in listed)
    return began, (*now, *closed)


def unclear_date(file: CaseFile, today: date, zone: tzinfo) -> bool:
    """未明确还款时间: visited, and still no promise, no refusal and no inability recorded in this episode; or what was
    promised was broken, and the last that was heard since is a wish to pay without a date.
    """
    start = file.case.episode_start
    if file.case.status != "open" or start is None:
        return False
    reading = Reading(file, Rules(), today, zone)
    if first_complete_visit(reading, start + timedelta(days=1)) is None:
        return False
    if any(a.kind == "promise" for _, a in reading.episode):
        return _undated_since_broken(reading)
    return not any(a.body.get("outcome") in ("refused", "unable") for _, a in reading.contacts)


def _undated_since_broken(reading: Reading) -> bool:
    """Nothing promised is ahead or kept, and they said since that they will pay, not when."""
    promises = reading.promises_of_episode
    if not promises or not all(p.was_broken for p in promises):
        return False
    last_due = max(p.due_on for p in promises)
    since = [a for on, a in reading.contacts if on > last_due]
    last = max(since, key=lambda a: (a.happened_at, a.activity_id), default=None)
    return last is not None and last.body.get("outcome") == "will_pay_undated"


def urgency(step: Step, rules: Rules, today: date) -> int:
    """How soon a step comes in a day's order: CLOCK … REST; three working days past its due day it is LONG_PAST.

    A legal clock is CLOCK from the second of `guarantee_red_days` (10 days), before that REMIND.
    """
    if step.step in CLOCK_STEPS and step.due_on is not None:
        days = rules.limits.guarantee_red_days
        return CLOCK if (step.due_on - today).days <= days[min(1, len(days) - 1)] else REMIND
    base = _URGENCY.get(step.step, REST)
    if base <= PROMISE or step.due_on is None:
        return base
    if is_long_past(step, today, rules.calendar):
        return LONG_PAST
    if step.kind == "visit" and step.due_on <= today + CLOSING_WITHIN:
        return min(base, CLOSING)
    return base


def is_long_past(step: Step, today: date, calendar: Calendar) -> bool:
    """Three working days past its due day: it goes into the supervisor's view (procedure.md, 'The day', 3)."""
    if step.due_on is None or not step.overdue_days:
        return False
    past = calendar.working_days_past(step.due_on, today, LONG_PAST_WORKING_DAYS)
    return past >= LONG_PAST_WORKING_DAYS


def next_step(steps: Sequence[Step]) -> Step | None:
    """The one to show first: promises, then what is past its due day, then what closes soonest. None when all is done."""

    def key(step: Step) -> tuple[bool, int, int, int]:
        base = _URGENCY.get(step.step, REST)
        return (base > PROMISE, -step.overdue_days, base, (step.due_on or date.max).toordinal())

    return min((s for s in steps if not s.done), key=key, default=None)


def _listed(reading: Reading, procedure: Procedure) -> tuple[Step, ...]:
    return tuple(
        step
        for rule in procedure.steps
        if reading.case.status in STATUSES.get(rule.opens, ("open",))
        for window in OPENERS[rule.opens](reading, rule, procedure)
        if (step := _step(reading, rule, window)) is not None
    )


def _step(reading: Reading, rule: StepRule, window: Window) -> Step | None:
    """The step of a window; None before it opens and from the day after it was done."""
    today = reading.today
    if window.opens_on > today:
        return None
    done_on = window.done_on or CONDITIONS[rule.done](reading, window, rule)
    if done_on is not None and done_on < today:
        return None
    guarantor = reading.case.guarantor(window.party)
    params = {
        **({} if guarantor is None else {"guarantor": guarantor.name}),
        "day": reading.d,
        "missing": reading.figures.missing,
        "account_tail": reading.case.loan.account_tail,
        **window.params,
    }
    late = done_on is None and window.due_on is not None and today > window.due_on
    return Step(
        step=rule.step,
        kind=rule.kind,
        party=window.party,
        title=Text(rule.text("title"), params),
        # 已上门未见，再去 is no reason any more once somebody was met.
        why=Text(rule.text("why" if done_on and window.why == "unseen" else window.why), params),
        opens_on=window.opens_on,
        due_on=window.due_on,
        done=done_on is not None,
        overdue_days=(today - window.due_on).days if late and window.due_on else 0,
        promise_id=window.promise.activity_id if window.promise else "",
    )


def _identity(step: Step) -> tuple[str, str, date, str]:
    return step.step, step.party, step.opens_on, step.promise_id
