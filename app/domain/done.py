"""When a step is done: one small function a condition, named in the procedure's data (`done`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import date, timedelta
from typing import Any, Final

from app.domain.codes import REACHED
from app.domain.frozen import frozen
from app.domain.procedure import StepRule
from app.domain.promises import PromiseView
from app.domain.reading import Dated, Reading
from app.domain.records import BORROWER


@frozen
class Window:
    """The time in which something is asked of `party`: from `opens_on`, by `due_on` (None = no last day).

    `why` names the text that says why, `params` what goes into it; `done_on` is set where something else than the
    rule's own condition closed it.
    """

    opens_on: date
    due_on: date | None
    party: str = BORROWER
    promise: PromiseView | None = None
    why: str = "why"
    params: Mapping[str, Any] = field(default_factory=dict)
    done_on: date | None = None


NOT_LISTED: Final = "不列入"
Condition = Callable[[Reading, Window, StepRule], date | None]


def complete_visit(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A visit that met the debtor, with business state, reason, explained and a reached outcome."""
    return first_complete_visit(reading, window.opens_on)


def first_complete_visit(reading: Reading, since: date) -> date | None:
    """The day of the first such visit on or after `since`.

    One the branch knows of from before this system, in this episode, counts too.
    """
    told, start = reading.case.history.first_visit_on, reading.case.episode_start
    if told is not None and start is not None and start <= told <= reading.today:
        return told
    return _first(
        d for d in reading.visits if d[0] >= since and reading.met_debtor(d[1]) and not lacking(d[1].body)
    )


def business_visit(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A visit at the place of business (home if none) that met the debtor; no receivables named means none said."""
    places = reading.trade_places
    return _first(
        d
        for d in reading.visits
        if d[0] >= window.opens_on and d[1].body.get("place") in places and reading.met_debtor(d[1])
    )


def contact_or_two_attempts(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """Contact with the debtor that day, or two attempts that day `hours_apart` (3) apart."""
    that_day = window.opens_on
    if any(on == that_day for on, _ in reading.contacts):
        return that_day
    tried = [a.happened_at for on, a in reading.attempts if on == that_day]
    apart = timedelta(hours=rule.numbers.get("hours_apart", 3))
    return that_day if tried and max(tried) - min(tried) >= apart else None


def contact_since(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """Contact with the debtor on or after the day the window opened."""
    return _first(d for d in reading.contacts if d[0] >= window.opens_on)


def contact_that_day(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """Contact with the party today; any debtor speaks for the others."""
    return _first(
        d for d in reading.reached if d[0] == reading.today and reading.talked_to(d[1], window.party)
    )


def promise_kept_or_contact(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """The promise is kept, or the promiser was reached that day."""
    if window.promise is not None and window.promise.state == "kept":
        return reading.today
    return contact_that_day(reading, window, rule)


def visit_after_due(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A visit to the promiser's door after the due day, met or not; a call is not enough (必须主动出击、上门催收)."""
    promise = window.promise
    if promise is None:
        return None
    return _first(d for d in reading.visits if d[0] > promise.due_on and reading.visited(d[1], promise.party))


def payment_data(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """Nothing an officer does: the promise's state changes when payment data arrives, and the step with it."""
    return None


def guarantor_contact(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A demand on that guarantor that was heard, or contact with them, on or after the day the window opened."""
    since, party = window.opens_on, window.party
    talks = [d for d in reading.reached if d[0] >= since and reading.talked_to(d[1], party)]
    return _first([*(d for d in reading.demands(party) if d[0] >= since), *talks])


def notice_to_borrower(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A notice to the borrower on or after the window's day, or one of this episode from before this system."""
    return served_on(reading, window.opens_on)


def served_on(reading: Reading, since: date) -> date | None:
    """The day of service: of the first notice to the borrower on or after `since`, or the branch's own record of one."""
    told, start = reading.case.history.notice_served_on, reading.case.episode_start
    if told is not None and start is not None and start <= told <= reading.today:
        return told
    return _first(notices(reading, since))


def notices(reading: Reading, since: date) -> list[Dated]:
    """Notices to the borrower on or after `since`, in this episode."""
    return [d for d in reading.notices if d[0] >= since]


def guarantor_answer(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """The window itself knows: which answer counts depends on the ones before it."""
    return None


def referred_to_legal(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A referral to `legal` in this episode."""
    return _first(d for d in reading.episode if d[1].kind == "referral" and d[1].body.get("to") == "legal")


def referred_to_blacklist(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A referral to `blacklist`, or a note begun with 不列入 that says why not, since the case is repaid."""
    return _first(
        (on, a)
        for on, a in reading.episode
        if on >= window.opens_on
        and (
            (a.kind == "referral" and a.body.get("to") == "blacklist")
            or (a.kind == "note" and str(a.body.get("text", "")).lstrip().startswith(NOT_LISTED))
        )
    )


def contact_in_window(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """Contact with the debtor between the window's first and last day."""
    return _first(d for d in reading.contacts if _within(d[0], window))


def call_in_window(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """A call to the debtor between the window's first and last day."""
    return _first(d for d in reading.calls if d[1].party in reading.debtors and _within(d[0], window))


def clock_met(reading: Reading, window: Window, rule: StepRule) -> date | None:
    """The window itself knows: what meets a clock is law (app.domain.clocks)."""
    return None


CONDITIONS: Final[Mapping[str, Condition]] = {
    "complete_visit": complete_visit,
    "business_visit": business_visit,
    "contact_or_two_attempts": contact_or_two_attempts,
    "contact_since": contact_since,
    "contact_that_day": contact_that_day,
    "promise_kept_or_contact": promise_kept_or_contact,
    "visit_after_due": visit_after_due,
    "payment_data": payment_data,
    "guarantor_contact": guarantor_contact,
    "notice_to_borrower": notice_to_borrower,
    "guarantor_answer": guarantor_answer,
    "referred_to_legal": referred_to_legal,
    "referred_to_blacklist": referred_to_blacklist,
    "contact_in_window": contact_in_window,
    "call_in_window": call_in_window,
    "clock_met": clock_met,
}


def lacking(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Which members a visit that met the debtor still lacks to be a first visit."""
    needed = ("business_state", "reason", "explained")
    missing = tuple(m for m in needed if not body.get(m))
    return missing if body.get("outcome") in REACHED else (*missing, "outcome")


def _within(on: date, window: Window) -> bool:
    return window.opens_on <= on and (window.due_on is None or on <= window.due_on)


def _first(dated: Iterable[Dated]) -> date | None:
    return min((on for on, _ in dated), default=None)
