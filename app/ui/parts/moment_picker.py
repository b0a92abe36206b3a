"""Days and times from Flet's own pickers, in the branch's zone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import date, datetime, time, tzinfo
from typing import Any

import flet as ft

from app.ui.context import Session


def picked_day(value: Any, zone: tzinfo) -> date | None:
    """The day a DatePicker means: it sends the local midnight of the picked day in UTC."""
    if isinstance(value, datetime):
        return (value.astimezone(zone) if value.tzinfo is not None else value).date()
    return value if isinstance(value, date) else None


def use_day_picker(
    session: Session,
    first: date,
    last: date,
    take: Callable[[date], Coroutine[Any, Any, None]],
    value: date | None = None,
) -> Callable[[], None]:
    """A hook: the function it returns opens the calendar; `take` gets the day that was picked."""
    opened, set_opened = ft.use_state(False)
    zone = session.notebook.now().tzinfo
    assert zone is not None

    def noon(day: date) -> datetime:
        # The calendar reads the day in the phone's own zone; noon is the same day in all of them that matter.
        return datetime.combine(day, time(12), zone)

    async def on_change(e: ft.Event[ft.DatePicker]) -> None:
        set_opened(False)
        day = picked_day(e.control.value, zone)
        if day is not None:
            await take(day)

    ft.use_dialog(
        ft.DatePicker(
            key="day-picker",
            value=noon(value) if value else None,
            first_date=noon(first),
            last_date=noon(last),
            current_date=noon(session.notebook.today_date()),
            on_change=on_change,
            on_dismiss=lambda: set_opened(False),
        )
        if opened
        else None
    )
    return lambda: set_opened(True)


def use_time_picker(value: time, take: Callable[[time], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A hook: the function it returns opens the clock; `take` gets the time of day that was picked."""
    opened, set_opened = ft.use_state(False)

    async def on_change(e: ft.Event[ft.TimePicker]) -> None:
        set_opened(False)
        if isinstance(e.control.value, time):
            await take(e.control.value)

    ft.use_dialog(
        ft.TimePicker(
            key="time-picker",
            value=value,
            hour_format=ft.TimePickerHourFormat.H24,
            on_change=on_change,
            on_dismiss=lambda: set_opened(False),
        )
        if opened
        else None
    )
    return lambda: set_opened(True)
