from datetime import date

import pytest

from app.domain.calendar import Calendar

FRIDAY = date(2026, 11, 6)
SATURDAY = date(2026, 11, 7)
SUNDAY = date(2026, 11, 8)
MONDAY = date(2026, 11, 9)
TUESDAY = date(2026, 11, 10)
PLAIN = Calendar()


def test_a_week_has_five_working_days() -> None:
    assert [PLAIN.is_working_day(on) for on in (FRIDAY, SATURDAY, SUNDAY, MONDAY)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_holiday_is_off_and_a_make_up_weekend_day_is_worked() -> None:
    calendar = Calendar.from_settings({"holidays": ["2026-11-09"], "workdays": ["2026-11-08"]})
    assert not calendar.is_working_day(MONDAY)
    assert calendar.is_working_day(SUNDAY)
    assert calendar.nth_working_day(SATURDAY, 2, inclusive=True) == TUESDAY


@pytest.mark.parametrize(
    ("start", "n", "inclusive", "expected"),
    [
        (FRIDAY, 1, True, FRIDAY),
        (FRIDAY, 2, True, MONDAY),
        (FRIDAY, 1, False, MONDAY),
        (SATURDAY, 1, True, MONDAY),
        (SATURDAY, 2, True, TUESDAY),
    ],
)
def test_the_first_day_counts_only_when_it_is_asked_to_and_is_worked(
    start: date, n: int, inclusive: bool, expected: date
) -> None:
    assert PLAIN.nth_working_day(start, n, inclusive) == expected


def test_working_days_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        PLAIN.nth_working_day(FRIDAY, 0, inclusive=True)


def test_no_working_days_later_is_the_day_itself() -> None:
    assert PLAIN.add_working_days(SATURDAY, 0) == SATURDAY
    assert PLAIN.add_working_days(FRIDAY, 2) == TUESDAY


def test_working_days_past_a_due_day_leave_out_the_weekend() -> None:
    assert PLAIN.working_days_past(FRIDAY, SUNDAY, 3) == 0
    assert PLAIN.working_days_past(FRIDAY, TUESDAY, 3) == 2
    assert PLAIN.working_days_past(FRIDAY, date(2027, 11, 6), 3) == 3


@pytest.mark.parametrize("doc", [None, {}, {"holidays": None}, {"holidays": "x"}, {"holidays": ["soon", 5]}])
def test_a_holiday_setting_that_cannot_be_read_leaves_the_plain_week(doc: dict[str, object] | None) -> None:
    assert Calendar.from_settings(doc) == PLAIN
