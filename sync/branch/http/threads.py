"""Where the database is asked for phones: threads apart from the framework's, and cheaper to hand work to.

At eight in the morning a third of the event loop's time went into handing work over by anyio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_READ_AT_ONCE: Final = 8
# Few: they queue for one lock, and meanwhile the others are for those who only read.
_PUSH_AT_ONCE: Final = 4

_T = TypeVar("_T")


class Threads:
    """The threads of one application; they end with it."""

    def __init__(self) -> None:
        self._reading = ThreadPoolExecutor(_READ_AT_ONCE, "read")
        self._pushing = ThreadPoolExecutor(_PUSH_AT_ONCE, "push")

    async def read(self, work: Callable[[], _T]) -> _T:
        """What `work` returns or raises; it writes nothing."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    async def push(self, work: Callable[[], _T]) -> _T:
        """The same for what takes in a phone's records."""
        return await asyncio.get_running_loop().run_in_executor(self._pushing, work)
