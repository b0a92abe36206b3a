"""The phone's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Wall clock in UTC, and a count that goes on while the phone sleeps, where the system has one."""

    def now(self) -> datetime:
        """Wall clock, aware."""
        return datetime.now(UTC)

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back while the phone runs."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        if boottime is not None:
            return time.clock_gettime_ns(boottime) // 1_000_000
        return time.monotonic_ns() // 1_000_000
