from datetime import time
from typing import Any

import pytest

from app.domain.limits import Limits, SettingError


def test_what_a_branch_leaves_out_keeps_its_default() -> None:
    assert Limits.read({"conversations_a_day": 2}) == Limits(conversations_a_day=2)
    assert Limits.read(None) == Limits()


def test_what_the_server_goes_by_itself_stands_beside_it() -> None:
    assert Limits.read({"enrol_code_minutes": 30, "enrol_failures_per_hour": 5}) == Limits()


def test_a_branch_sends_its_own_hours_and_days() -> None:
    read = Limits.read({"quiet_from": "21:00", "quiet_until": "07:30", "guarantee_red_days": [60, 20, 5]})
    assert (read.quiet_from, read.quiet_until, read.guarantee_red_days) == (
        time(21),
        time(7, 30),
        (60, 20, 5),
    )


@pytest.mark.parametrize(
    ("doc", "path"),
    [
        ({"conversation_a_day": 3}, "conversation_a_day"),
        ({"conversations_a_day": "three"}, "conversations_a_day"),
        ({"conversations_a_day": True}, "conversations_a_day"),
        ({"attempts_a_day": -1}, "attempts_a_day"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"quiet_from": 22}, "quiet_from"),
        ({"guarantee_red_days": []}, "guarantee_red_days"),
        ({"guarantee_red_days": [3, 10, 30]}, "guarantee_red_days"),
        ({"guarantee_red_days": [30, "ten"]}, "guarantee_red_days[1]"),
        ({"limitation_years": 0}, "limitation_years"),
        ({"two_officers_at_home": "yes"}, "two_officers_at_home"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_key(doc: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingError) as refused:
        Limits.read(doc)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("at", "quiet"),
    [(time(21, 59), False), (time(22), True), (time(0), True), (time(7, 59), True), (time(8), False)],
)
def test_the_quiet_hours_run_over_midnight(at: time, quiet: bool) -> None:
    assert Limits().is_quiet(at) is quiet


def test_quiet_hours_within_one_day() -> None:
    noon = Limits(quiet_from=time(12), quiet_until=time(14))
    assert noon.is_quiet(time(13)) and not noon.is_quiet(time(23))
