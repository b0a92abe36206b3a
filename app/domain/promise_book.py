"""还款承诺: all of an officer's promises, by day and by what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from app.domain.calendar import Calendar
from app.domain.promises import PromiseView
from app.domain.records import ZERO, Case

STRIP_BACK: Final = 3
STRIP_AHEAD: Final = 14


@dataclass(frozen=True, slots=True)
class PromiseDay:
    """One day of the calendar strip: promises due on it, not replaced; `working` by the branch's calendar."""

    on: date
    working: bool
    count: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class PromiseBook:
    """All promises: the strip of days, the rows by day, and count and sum (CNY) of each state."""

    days: tuple[PromiseDay, ...] = ()
    rows: tuple[tuple[Case, PromiseView], ...] = ()
    sums: Mapping[str, tuple[int, Decimal]] = field(default_factory=dict)


def promise_book(
    promises: Iterable[tuple[Case, PromiseView]], calendar: Calendar, today: date
) -> PromiseBook:
    """The book on `today`: the strip runs from three days back to two weeks ahead. A replaced promise is in no day's sum."""
    rows = sorted(promises, key=lambda r: (r[1].due_on, r[1].activity_id, r[1].instalment))
    sums: dict[str, tuple[int, Decimal]] = {}
    due: dict[date, tuple[int, Decimal]] = {}
    for _, p in rows:
        n, total = sums.get(p.state, (0, ZERO))
        sums[p.state] = n + 1, total + p.amount
        if p.state != "replaced":
            n, total = due.get(p.due_on, (0, ZERO))
            due[p.due_on] = n + 1, total + p.amount
    strip = (today + timedelta(days=n) for n in range(-STRIP_BACK, STRIP_AHEAD + 1))
    days = tuple(PromiseDay(on, calendar.is_working_day(on), *due.get(on, (0, ZERO))) for on in strip)
    return PromiseBook(days, tuple(rows), sums)
