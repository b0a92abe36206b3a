"""Phones that come back to a branch do not come all at once."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.retry import BACKGROUND_EVERY_S, spread_s, until_background_s, wait_s


@pytest.mark.parametrize(("failures", "most"), [(1, 4), (2, 8), (5, 64), (9, 900), (10_000, 900)])
def test_the_wait_is_random_up_to_a_bound_that_doubles_to_fifteen_minutes(failures: int, most: float) -> None:
    assert wait_s(failures, lambda: 0.0) == 0
    assert wait_s(failures, lambda: 0.5) == most / 2
    assert wait_s(failures, lambda: 1.0) == most


def test_the_branchs_own_retry_after_is_never_undercut() -> None:
    assert wait_s(1, lambda: 0.1, 30) == 30
    assert wait_s(9, lambda: 0.5, 30) == 450


def test_a_thousand_phones_spread_over_ten_minutes_evenly() -> None:
    places = [spread_s(str(uuid.UUID(int=n))) for n in range(1000)]
    minutes = [sum(60 * m <= p < 60 * (m + 1) for p in places) for m in range(10)]
    assert sum(minutes) == 1000
    assert min(minutes) > 50


@given(st.floats(0, 4e9), st.uuids())
def test_the_next_background_sync_is_within_half_an_hour_at_the_phones_own_place(
    now: float, device: uuid.UUID
) -> None:
    until = until_background_s(now, str(device))
    assert 0 < until <= BACKGROUND_EVERY_S
    off = (now + until - spread_s(str(device))) % BACKGROUND_EVERY_S
    assert min(off, BACKGROUND_EVERY_S - off) < 0.01
