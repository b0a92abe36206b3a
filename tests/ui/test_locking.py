import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.ui import locking
from app.ui.locking import LockWatch


class Page:
    """A clock that is turned by hand, and whether the page was locked."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
        self.locked = asyncio.Event()
        self.watch = LockWatch(lambda: self.now, self.lock)

    async def lock(self) -> None:
        self.watch.stop()
        await asyncio.sleep(0)
        self.locked.set()


async def test_a_page_nobody_touches_locks_itself_and_stopping_the_watch_does_not_end_the_locking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locking, "IDLE_S", 0.01)
    page = Page()
    page.watch.start()
    await asyncio.wait_for(page.locked.wait(), 10)
    assert not page.watch.watching


async def test_a_page_put_away_locks_itself_sooner_than_one_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "AWAY_S", 0.01)
    page = Page()
    page.watch.start()
    page.watch.away()
    await asyncio.wait_for(page.locked.wait(), 10)


async def test_a_touch_counts_from_now() -> None:
    page = Page()
    page.watch.start()
    page.now += timedelta(minutes=14)
    page.watch.touch()
    page.now += timedelta(minutes=14)
    assert not await page.watch.back()
    page.watch.away()
    page.now += timedelta(minutes=5)
    assert await page.watch.back()
    assert page.locked.is_set()
