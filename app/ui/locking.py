"""The notebook locks itself: a phone left on a table or lent to somebody shows no borrower for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

AWAY_S: Final = 5 * 60.0
IDLE_S: Final = 15 * 60.0


class LockWatch:
    """Calls `lock` once the page was away for `AWAY_S` seconds, or lay in front untouched for `IDLE_S`.

    The phone's sleep may stop a process's own time, and an officer may turn the clock: whichever of the two says more
    counts. `lock` must not raise.
    """

    def __init__(self, now: Callable[[], datetime], lock: Callable[[], Awaitable[None]]) -> None:
        self._now = now
        self._lock = lock
        self._away = False
        self._task: asyncio.Task[None] | None = None
        self._locking: asyncio.Task[None] | None = None
        self._loop_s, self._wall = 0.0, now()

    @property
    def watching(self) -> bool:
        """Whether the page is unlocked."""
        return self._task is not None

    def start(self) -> None:
        """The officer has proved to be the one."""
        self.stop()
        self._mark(away=False)
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """The page is locked or closed."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def touch(self) -> None:
        """Something was done on this page; what finishes while it is away does not count."""
        if not self._away:
            self._mark(away=False)

    def _mark(self, *, away: bool) -> None:
        self._away = away
        self._loop_s, self._wall = asyncio.get_running_loop().time(), self._now()

    def away(self) -> None:
        """The page is put away: from now on the shorter time counts."""
        if self._task is not None and not self._away:
            self.start()
            self._mark(away=True)

    async def back(self) -> bool:
        """The page is taken up again: True where that came too late and it is locked now."""
        if self._left_s() <= 0:
            await self._lock()
            return True
        self._mark(away=False)
        return False

    def _left_s(self) -> float:
        by_loop = asyncio.get_running_loop().time() - self._loop_s
        by_wall = abs((self._now() - self._wall).total_seconds())
        return (AWAY_S if self._away else IDLE_S) - max(by_loop, by_wall)

    async def _watch(self) -> None:
        while (left := self._left_s()) > 0:  # noqa: ASYNC110 - every touch moves the end
            await asyncio.sleep(left)
        # `lock` calls `stop`, which must not end the task that locks.
        self._locking, self._task = self._task, None
        await self._lock()
