"""`python -m sync.branch` as faults befall it: its own `main`, with one thread for all its work.

strace counts the calls of each thread by itself: with several, what the second does first is never what the fault befalls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio.to_thread

from sync.branch import cli
from sync.branch.http import threads


def main(words: list[str]) -> int:
    """One command; returns its exit code."""
    only = ThreadPoolExecutor(1)

    async def in_thread(work: Callable[..., Any], *args: Any, **_: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(only, work, *args)

    vars(anyio.to_thread)["run_sync"] = in_thread
    vars(threads)["ThreadPoolExecutor"] = lambda *_: only
    return cli.main(words)
