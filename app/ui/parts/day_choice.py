"""A day by chips: today and a few near ones, and the calendar for any other."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import date, timedelta
from typing import Any

import flet as ft

from app.domain.records import day
from app.i18n import Translator, mark
from app.ui.context import Session, use_session
from app.ui.guard import part
from app.ui.parts.chips import chip, chips, tap
from app.ui.parts.moment_picker import use_day_picker
from app.ui.parts.words import day_with_weekday

_NAMED = {
    -2: mark("The day before yesterday"),
    -1: mark("Yesterday"),
    1: mark("Tomorrow"),
}


@part
def DayChoice(  # noqa: N802
    value: str,
    near: Sequence[int],
    first: date,
    last: date,
    take: Callable[[date], Coroutine[Any, Any, None]],
    name: str,
) -> ft.Control:
    """`value` ISO or empty; `near` days from today, e.g. (0, -1). Keys `name-0`, `name--1` …, `name-other`."""
    session = use_session()
    t, today, chosen = session.t, session.notebook.today_date(), day(value)
    open_calendar = use_day_picker(session, first, last, take, chosen)

    async def other() -> None:
        open_calendar()

    offered = [today + timedelta(days=n) for n in near]
    found = [
        chip(
            session,
            f"{day_named(n, t)}\n{day_in_words(session, on)}",
            tap(take, on),
            chosen=on == chosen,
            key=f"{name}-{n}",
        )
        for n, on in zip(near, offered, strict=True)
    ]
    by_hand = chosen is not None and chosen not in offered
    label = (
        t("Another day {day}", day=day_in_words(session, chosen)) if by_hand and chosen else t("Another day")
    )
    return chips(
        [
            *found,
            chip(session, label, other, chosen=by_hand, key=f"{name}-other", icon=ft.Icons.CALENDAR_MONTH),
        ]
    )


def day_named(n: int, t: Translator) -> str:
    """今天, 昨天, 3 天后: the day `n` days from today."""
    if n == 0:
        return t.code("day", "today")
    return t(_NAMED[n]) if n in _NAMED else t("In {n} days", n=n)


def day_in_words(session: Session, on: date) -> str:
    """11月25日 周三; a day the branch does not work on says so: no counter is open."""
    words = day_with_weekday(on, session.t)
    return words if session.notebook.is_working_day(on) else session.t("{day} (closed)", day=words)
