"""When a step is open: one small function a kind of window, named in the procedure's data (`opens`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from app.domain.done import CONDITIONS, Window, contact_since
from app.domain.procedure import Procedure, StepRule
from app.domain.promises import PromiseView
from app.domain.reading import Reading
from app.domain.records import BORROWER

Opening = Callable[[Reading, StepRule, Procedure], Iterator[Window]]
_DAY = timedelta(days=1)


def taken_over(reading: Reading, procedure: Procedure) -> bool:
    """Whether a takeover visit stands in the place of first and second visit."""
    rule = procedure.takeover
    return rule is not None and reading.came_in_old(rule.numbers["after_day"])


def small_sum_missing(reading: Reading, procedure: Procedure) -> bool:
    """Whether so little is missing that a call with the exact amount takes the visit's place, whatever the reason."""
    return 0 < reading.figures.missing <= procedure.exact_amount_up_to


def first_visit(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """From D `from_day`, due by the `due_working_day`-th working day, that day counted when it is one."""
    if not small_sum_missing(reading, procedure):
        yield from _first_visit(reading, rule, procedure)


def second_visit(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """From D `from_day` to D `due_day`; never for a case that was assigned late."""
    if not small_sum_missing(reading, procedure):
        yield from _second_visit(reading, rule, procedure)


def takeover_visit(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """Open from `assigned_on`; the due day is the one that falls to the case when they are spread."""
    assigned = reading.case.assigned_on
    if assigned is None or not taken_over(reading, procedure):
        return
    due_on = reading.calendar.nth_working_day(assigned, reading.takeover_slot + 1, inclusive=True)
    yield _again_if_unseen(reading, rule, Window(assigned, due_on))


def exact_amount(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """The call that takes the place of visits which would be open: one call for all of them, by the earliest due day.

    A takeover visit is made all the same, to get to know the case; the call only goes before it.
    """
    if not small_sum_missing(reading, procedure):
        return
    asked: list[tuple[bool, date, date, date | None]] = []
    for visit in procedure.steps:
        for window in _VISITS.get(visit.opens, _never)(reading, visit, procedure):
            days = (CONDITIONS[visit.done](reading, window, visit), contact_since(reading, window, rule))
            done_on = min((d for d in days if d is not None), default=None)
            if window.opens_on <= reading.today and (done_on is None or done_on == reading.today):
                asked.append(
                    (done_on is not None, window.due_on or window.opens_on, window.opens_on, done_on)
                )
    if asked:
        _, due_on, opens_on, done_on = min(asked, key=lambda a: a[:3])
        yield Window(opens_on, due_on, done_on=done_on)


def each_day(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """Every day anew from D `from_day` to D `to_day`; a day that passed is not asked for again."""
    if reading.case.episode_start and rule.numbers["from_day"] <= reading.d <= rule.numbers["to_day"]:
        yield Window(reading.today, reading.today)


def promise_remind(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """The day before a promise is due (`days_before`)."""
    before = timedelta(days=rule.numbers["days_before"])
    for p in reading.promises_of_episode:
        if p.state == "open" and p.due_on - before == reading.today:
            yield _of_promise(reading, p, reading.today, reading.today)


def promise_due(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """On the due day, while unpaid; one kept by money of that very day is asked and done."""
    today = reading.today
    for p in reading.promises_of_episode:
        paid_today = p.state == "kept" and any(m.date == today for m in reading.case.payments)
        if p.due_on == today and (p.state == "due_today" or paid_today):
            yield _of_promise(reading, p, today, today)


def promise_verify(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """Past the due day, not paid, and payment data not yet complete up to it: 先查账再上门."""
    for p in reading.promises_of_episode:
        if p.state == "to_verify":
            yield _of_promise(reading, p, p.due_on + _DAY, None)


def promise_broken(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    """Past the due day, the data covers it, not or not wholly paid; a new promise made after that day does not undo it."""
    cover = reading.figures.payments_cover
    for p in reading.promises_of_episode:
        if p.was_broken and p.due_on < reading.today and cover is not None and cover >= p.due_on:
            why = "partial" if p.paid > 0 else "why"
            yield _of_promise(reading, p, p.due_on + _DAY, None, why)


def _first_visit(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    if reading.case.episode_start is None or taken_over(reading, procedure):
        return
    opens_on = reading.day(rule.numbers["from_day"])
    due_on = reading.calendar.nth_working_day(opens_on, rule.numbers["due_working_day"], inclusive=True)
    yield _again_if_unseen(reading, rule, Window(opens_on, due_on))


def _second_visit(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    late = reading.d_assigned > rule.numbers["not_if_assigned_after_day"]
    if reading.case.episode_start is None or late or taken_over(reading, procedure):
        return
    yield Window(reading.day(rule.numbers["from_day"]), reading.day(rule.numbers["due_day"]))


_VISITS: Final[Mapping[str, Opening]] = {
    "first_visit": _first_visit,
    "second_visit": _second_visit,
    "takeover_visit": takeover_visit,
}

OPENERS: Final[Mapping[str, Opening]] = {
    "first_visit": first_visit,
    "second_visit": second_visit,
    "takeover_visit": takeover_visit,
    "exact_amount": exact_amount,
    "each_day": each_day,
    "promise_remind": promise_remind,
    "promise_due": promise_due,
    "promise_verify": promise_verify,
    "promise_broken": promise_broken,
}


def _never(reading: Reading, rule: StepRule, procedure: Procedure) -> Iterator[Window]:
    return iter(())


def _again_if_unseen(reading: Reading, rule: StepRule, window: Window) -> Window:
    """已上门未见: after a visit that met no debtor it is due again within some working days of that visit."""
    tried = [
        on
        for on, a in reading.visits
        if on >= window.opens_on and a.party in reading.debtors and not reading.met_debtor(a)
    ]
    if not tried:
        return window
    due_on = reading.calendar.add_working_days(max(tried), rule.numbers["again_working_days"])
    return Window(window.opens_on, due_on, why="unseen", params={"visited_on": max(tried)})


def _of_promise(
    reading: Reading, p: PromiseView, opens_on: date, due_on: date | None, why: str = "why"
) -> Window:
    params: dict[str, Any] = {
        "amount": p.amount,
        "promised_for": p.due_on,
        "paid": p.paid,
        "left": p.amount - p.paid,
    }
    return Window(opens_on, due_on, p.party or BORROWER, p, why, params)
