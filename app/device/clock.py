"""The phone's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache


class SystemClock:
    """Wall clock in UTC, and a count that goes on while the phone sleeps, where the system has one."""

    def now(self) -> datetime:
        """Wall clock, aware."""
        return datetime.now(UTC)

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back while the phone runs."""
        boottime = _boottime()
        if boottime is not None:
            return time.clock_gettime_ns(boottime) // 1_000_000
        return time.monotonic_ns() // 1_000_000


@cache
def _boottime() -> int | None:
    """The clock that counts sleep too; None where there is none. The browser's runtime has its name and refuses it."""
    clock: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is not None:
        try:
            time.clock_gettime_ns(clock)
        except OSError:
            return None
    return clock
