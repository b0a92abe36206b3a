"""When it happened: now, unless the officer says earlier (补记)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import flet as ft

from app.showing import LATE_AFTER
from app.ui.context import use_session
from app.ui.guard import part
from app.ui.parts.chips import chip, chips, question, tap
from app.ui.parts.contact_form import happened_at
from app.ui.parts.moment_picker import use_day_picker, use_time_picker
from app.ui.parts.words import grey

LONGEST_AGO = timedelta(days=60)


def moment_of(day: date, at: time, now: datetime) -> datetime:
    """That time of that day in the branch's zone; never later than now."""
    return min(datetime.combine(day, at, now.tzinfo), now)


@part
def Happened(form: Mapping[str, Any], change: Callable[..., Any]) -> ft.Control:  # noqa: N802
    """Chips now, day, time; `change(happened_at=…)` keeps it."""
    session = use_session()
    s, t = session.sizes, session.t
    now = session.notebook.now()
    said = happened_at(form, now)
    at = (said or now).astimezone(now.tzinfo)

    async def take_day(day: date) -> None:
        await change(happened_at=moment_of(day, at.time(), now).isoformat())

    async def take_time(clock: time) -> None:
        await change(happened_at=moment_of(at.date(), clock, now).isoformat())

    open_day = use_day_picker(session, now.date() - LONGEST_AGO, now.date(), take_day, at.date())
    open_time = use_time_picker(at.time().replace(second=0, microsecond=0), take_time)

    async def day_tapped() -> None:
        open_day()

    async def time_tapped() -> None:
        open_time()

    # "Now" of a draft taken up again means this moment, not the one it was begun at.
    rows: list[ft.Control] = [
        chips(
            [
                chip(
                    session,
                    t("Just now"),
                    tap(change, happened_at="", started_at=now.isoformat()),
                    chosen=said is None,
                    key="happened-now",
                ),
                chip(
                    session,
                    t.date(at.date()) if said else t("Change day"),
                    day_tapped,
                    chosen=said is not None,
                    key="happened-day",
                    icon=ft.Icons.CALENDAR_MONTH,
                ),
                chip(
                    session,
                    f"{at:%H:%M}" if said else t("Change time"),
                    time_tapped,
                    chosen=said is not None,
                    key="happened-time",
                    icon=ft.Icons.SCHEDULE,
                ),
            ]
        )
    ]
    if said is not None and now - said > LATE_AFTER:
        rows.append(grey(t("More than a day ago: it will be marked as entered late."), s.label))
    return question(t("When"), s, *rows)
