"""Civil Code 201-203, by the statutes' own cases."""

from datetime import date

import pytest

from app.domain.calendar import Calendar
from app.domain.periods import end_of_months, end_of_years, rolled


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2026, 1, 15), 6, date(2026, 7, 15)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 8, 30), 6, date(2027, 2, 28)),
        (date(2026, 8, 28), 6, date(2027, 2, 28)),
        (date(2026, 10, 31), 6, date(2027, 4, 30)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_a_period_in_months_ends_on_the_matching_day_or_the_months_last(
    first: date, months: int, last: date
) -> None:
    assert end_of_months(first, months) == last


def test_a_leap_day_and_three_years() -> None:
    assert end_of_years(date(2024, 2, 29), 3) == date(2027, 2, 28)
    assert end_of_years(date(2024, 2, 29), 4) == date(2028, 2, 29)


def test_a_last_day_on_a_holiday_gives_way_to_the_next_working_day() -> None:
    week = Calendar(holidays=frozenset(date(2026, 10, n) for n in range(1, 9)))
    assert rolled(date(2026, 10, 1), week) == date(2026, 10, 9)
    assert rolled(date(2026, 11, 21), Calendar()) == date(2026, 11, 23)
    assert rolled(date(2026, 11, 23), Calendar()) == date(2026, 11, 23)


def test_a_weekend_worked_for_a_holiday_is_a_working_day() -> None:
    assert rolled(date(2026, 10, 10), Calendar(workdays=frozenset({date(2026, 10, 10)}))) == date(
        2026, 10, 10
    )


def test_the_calendars_end_is_no_crash() -> None:
    assert end_of_years(date(9997, 6, 1), 30) == date(9998, 12, 31)
    assert rolled(date(9998, 12, 31), Calendar()) == date(9998, 12, 31)
