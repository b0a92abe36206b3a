"""How old a matter is, in calendar days of the branch's zone."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from app.domain.records import Case, Figures


def day_of_episode(case: Case, today: date) -> int:
    """D: calendar days since `episode_start`; the day after the missed due date is D 1. 0 where it is not known."""
    return (today - case.episode_start).days if case.episode_start else 0


def days_past_due(case: Case, figures: Figures, today: date) -> int:
    """DPD, 逾期 N 天: calendar days since `due_since`, never below 0. A part payment may move it; it never moves D.

    0 while a repaid case is only watched: nothing is unpaid, whatever its last figures say.
    """
    if case.status == "watch":
        return 0
    return max((today - figures.due_since).days, 0) if figures.due_since else 0


def on_day(instant: datetime, zone: tzinfo) -> date:
    """The day an aware instant falls on in `zone`."""
    return instant.astimezone(zone).date()
