import pytest

from app.device.clock import SystemClock, _boottime


def test_the_wall_clock_knows_its_offset_and_the_count_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() is not None
    counted = [clock.monotonic_ms() for _ in range(100)]
    assert counted == sorted(counted)
    assert counted[0] > 0


def test_a_runtime_that_names_the_clock_which_counts_sleep_but_refuses_it_is_counted_by_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pyodide in the browser: binding failed there, since the count of tries begins with it."""
    no_such_clock = 12_345
    monkeypatch.setattr("time.CLOCK_BOOTTIME", no_such_clock, raising=False)
    _boottime.cache_clear()
    try:
        assert SystemClock().monotonic_ms() > 0
    finally:
        _boottime.cache_clear()
