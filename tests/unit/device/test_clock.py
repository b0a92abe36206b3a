from app.device.clock import SystemClock


def test_the_wall_clock_knows_its_offset_and_the_count_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() is not None
    counted = [clock.monotonic_ms() for _ in range(100)]
    assert counted == sorted(counted)
    assert counted[0] > 0
