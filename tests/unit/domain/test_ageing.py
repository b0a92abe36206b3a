from datetime import UTC, date, datetime

from app.domain.ageing import day_of_episode, days_past_due, on_day
from tests.unit.domain.made_up import START, ZONE, d, made_case, made_figures


def test_the_day_after_the_missed_due_date_is_day_one() -> None:
    assert day_of_episode(made_case(), d(1)) == 1
    assert days_past_due(made_case(), made_figures(), d(1)) == 1


def test_a_part_payment_moves_the_days_shown_and_never_the_day_of_the_episode() -> None:
    assert days_past_due(made_case(), made_figures(due_since=d(20)), d(23)) == 3
    assert day_of_episode(made_case(), d(23)) == 23


def test_days_past_due_are_never_negative() -> None:
    assert days_past_due(made_case(), made_figures(), START.replace(day=1)) == 0


def test_what_is_not_known_is_day_zero() -> None:
    assert day_of_episode(made_case(episode_start=None), d(9)) == 0
    assert days_past_due(made_case(), made_figures(due_since=None), d(9)) == 0


def test_the_branchs_zone_decides_what_day_it_was() -> None:
    late_evening_in_london = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert on_day(late_evening_in_london, ZONE) == date(2026, 11, 23)


def test_a_repaid_case_that_is_only_watched_is_no_days_past_due() -> None:
    assert days_past_due(made_case(status="watch"), made_figures(), d(20)) == 0
    assert days_past_due(made_case(status="off_list"), made_figures(), d(20)) == 20
