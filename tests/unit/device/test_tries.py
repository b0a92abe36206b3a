from pathlib import Path

import pytest

from app.device.tries import MOST, WAITS_S, Tries
from tests.unit.device.ground import MovableClock


def tries(tmp_path: Path, clock: MovableClock) -> Tries:
    """As a new start of the app sees the same folder."""
    return Tries(tmp_path / "tries.json", clock)


def test_the_wait_grows_with_every_wrong_pin_and_passes(tmp_path: Path) -> None:
    clock = MovableClock()
    counter = tries(tmp_path, clock)
    waits = []
    for _ in range(MOST - 1):
        counter.add()
        waits.append(counter.wait_s())
        clock.passes(waits[-1] / 2)
        assert counter.wait_s() == pytest.approx(waits[-1] / 2, abs=0.01)
        clock.passes(waits[-1] / 2 + 0.01)
        assert counter.wait_s() == 0
    assert waits == list(WAITS_S) == sorted(waits)
    assert waits[-1] >= 60


def test_the_count_survives_a_restart_and_a_right_pin_ends_it(tmp_path: Path) -> None:
    clock = MovableClock()
    for expected in (1, 2, 3, 4):
        assert tries(tmp_path, clock).add() == expected
    assert tries(tmp_path, clock).wait_s() == WAITS_S[3]
    tries(tmp_path, clock).reset()
    assert tries(tmp_path, clock).count() == 0
    assert tries(tmp_path, clock).wait_s() == 0


def test_a_clock_moved_back_a_year_makes_nobody_wait_longer_than_once_more(tmp_path: Path) -> None:
    clock = MovableClock()
    for _ in range(6):
        tries(tmp_path, clock).add()
    clock.is_set(days=-365)
    restarted = tries(tmp_path, clock)
    assert restarted.wait_s() == WAITS_S[5]
    clock.passes(WAITS_S[5] + 1)
    assert restarted.wait_s() == 0
    assert tries(tmp_path, clock).wait_s() == 0


def test_a_clock_moved_ahead_does_not_shorten_the_wait_of_this_run(tmp_path: Path) -> None:
    clock = MovableClock()
    counter = tries(tmp_path, clock)
    for _ in range(6):
        counter.add()
    clock.is_set(days=365)
    assert counter.wait_s() == WAITS_S[5]


def test_a_write_cut_by_the_power_spoils_at_most_the_try_being_counted(tmp_path: Path) -> None:
    clock = MovableClock()
    counter = tries(tmp_path, clock)
    for _ in range(5):
        counter.add()
    whole = (tmp_path / "tries.json").read_bytes()
    for slot in (0, 4096):
        spoiled = bytearray(whole)
        spoiled[slot : slot + 30] = bytes(30)
        (tmp_path / "tries.json").write_bytes(spoiled)
        assert tries(tmp_path, clock).count() in (4, 5)


def test_a_counter_made_unreadable_counts_as_full(tmp_path: Path) -> None:
    (tmp_path / "tries.json").write_bytes(b"{}")
    assert tries(tmp_path, MovableClock()).count() == MOST
