"""When a phone asks again, so that a branch that comes back is not run over by all of its phones at once. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

FIRST_S: Final = 2.0
MOST_S: Final = 15 * 60.0
SPREAD_S: Final = 10 * 60.0
BACKGROUND_EVERY_S: Final = 30 * 60.0
_DOUBLINGS_MOST: Final = 16


def wait_s(failures: int, random: Callable[[], float], retry_after: float | None = None) -> float:
    """Seconds before the next try after `failures` in a row (1, 2 …): full jitter, `random(0, min(15 min, 2 s · 2^n))`,
    and never before the branch's own `Retry-After`. `random` gives 0 ≤ x < 1.
    """
    most = min(MOST_S, FIRST_S * (1 << min(failures, _DOUBLINGS_MOST)))
    return max(random() * most, retry_after or 0.0)


def spread_s(device_id: str) -> float:
    """This phone's place in the 10 minutes over which background syncs are spread: 0 ≤ seconds < 600."""
    digest = hashlib.sha256(device_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * SPREAD_S


def until_background_s(now_s: float, device_id: str) -> float:
    """Seconds from `now_s` (since the epoch) to this phone's next background sync: one each half hour, at its place."""
    return BACKGROUND_EVERY_S - (now_s - spread_s(device_id)) % BACKGROUND_EVERY_S
