"""期间: the one way a legal period is counted (Civil Code 201-203)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

from app.domain.calendar import Calendar

_LAST_YEAR = date.max.year - 1


@lru_cache(maxsize=8192)  # a plan asks for the same loans' periods again and again
def end_of_months(from_day: date, months: int) -> date:
    """The last day of a period of `months` that begins with `from_day`, which is not counted itself.

    It ends on the matching day of the last month; on that month's last day where it has no such day (Civil Code
    201, 202). Beyond the calendar's end the end of the calendar is given.
    """
    counted = from_day.year * 12 + from_day.month - 1 + months
    year, month = counted // 12, counted % 12 + 1
    if year > _LAST_YEAR:
        return date(_LAST_YEAR, 12, 31)
    return date(year, month, min(from_day.day, monthrange(year, month)[1]))


def end_of_years(from_day: date, years: int) -> date:
    """The same for a period in years: 29 February ends on 28 February where the year has no other."""
    return end_of_months(from_day, 12 * years)


def rolled(last_day: date, calendar: Calendar) -> date:
    """A last day on a public holiday or weekend gives way to the next working day (Civil Code 203)."""
    while not calendar.is_working_day(last_day) and last_day < date(_LAST_YEAR, 12, 31):
        last_day += timedelta(days=1)
    return last_day
