"""Durable storage in the browser: the spool in IndexedDB first, the files' changed blocks behind it."""

from __future__ import annotations

import asyncio
import errno
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from app.device.browser.page_link import page, to_js

if TYPE_CHECKING:
    from app.ports import NotSaved, Store

log = logging.getLogger(__name__)

DATA: Final = "/data"
_BEHIND: Final = frozenset({"append"})  # durable by the spool alone; the file follows


async def flush() -> None:
    """Everything written so far is on the medium when this returns. Raises OSError."""
    try:
        await page().disk.flush()
    except Exception as e:
        raise _as_os_error(e) from e


class IndexedShelf:
    """The spool's frames, one IndexedDB put each with strict durability. Implements app.store.spool.Shelf."""

    async def all(self) -> list[tuple[int, bytes]]:
        """Key and frame of everything kept. Raises OSError."""
        try:
            kept = await page().disk.spooled()
        except Exception as e:
            raise _as_os_error(e) from e
        return [(int(k), bytes(f.to_bytes())) for k, f in zip(kept.keys, kept.frames, strict=True)]

    async def add(self, frames: Sequence[bytes]) -> list[int]:
        """All of them or none, durable when it returns. Raises OSError."""
        try:
            return [int(k) for k in await page().disk.spool(to_js(cast("Any", list(frames))))]
        except Exception as e:
            raise _as_os_error(e) from e

    async def remove(self, keys: Sequence[int]) -> None:
        """Durable when it returns. Raises OSError."""
        if not keys:
            return
        try:
            await page().disk.unspool(to_js(cast("Any", list(keys))))
        except Exception as e:
            raise _as_os_error(e) from e


class FlushedStore:
    """A store whose every change is on the medium before the call returns; a save's record is in the spool by then
    and its file follows by itself.
    """

    def __init__(self, store: Store, not_saved: Callable[[], NotSaved]) -> None:
        self._store = store
        self._not_saved = not_saved
        self._following: asyncio.Task[None] | None = None

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not inspect.iscoroutinefunction(member):
            return member

        async def flushed(*given: Any, **named: Any) -> Any:
            try:
                return await cast("Callable[..., Awaitable[Any]]", member)(*given, **named)
            finally:
                if page().disk.changed:
                    await self._settle(behind=name in _BEHIND)

        return flushed

    async def _settle(self, *, behind: bool) -> None:
        if behind:
            self._following = asyncio.ensure_future(_follow())
            return
        try:
            await flush()
        except OSError as e:
            raise self._not_saved() from e


async def _follow() -> None:
    try:
        await flush()
    except OSError as e:
        # The record is in the spool; the next flush takes these blocks again.
        log.warning("the file is behind the spool: %s", e)


def _as_os_error(error: Exception) -> OSError:
    name = str(
        getattr(error, "name", type(error).__name__)
    )  # JavaScript's own name of it; its words say nothing more
    return OSError(errno.ENOSPC if name == "QuotaExceededError" else errno.EIO, f"IndexedDB: {name}")
