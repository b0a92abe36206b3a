"""The sync as the screens see it: in the background, one at a time, with counts and the last error.

A try that did not reach the branch is made again by itself, later each time (sync.retry); one that is asked for goes
at once. Between them a background sync runs each half hour, at this phone's own place in it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.message import Message
from app.errors import BranchRefused, NoConnection
from app.ui.hooks import message_of
from sync.retry import until_background_s, wait_s

if TYPE_CHECKING:
    from app.notebook import Notebook
    from app.views import SyncState
    from sync.engine import Progress, SyncReport
    from sync.protocol import Refused

BUSY = frozenset({429, 503})

log = logging.getLogger(__name__)


@ft.observable
@dataclass(eq=False)
class SyncRun:
    """One page's sync. `running` while at work, `progress` its live counts, `state` the last known counts; `too_old`: the
    branch sends nothing to this version any more.
    """

    running: bool = False
    progress: Any = None
    state: SyncState | None = None
    report: SyncReport | None = None
    error: Message | None = None
    too_old: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)
    _again: bool = False
    _failures: int = 0
    _next: asyncio.TimerHandle | None = field(default=None, repr=False)

    def start(self, notebook: Notebook, done: Callable[[], None]) -> None:
        """Begin one attempt; while one is under way, another follows it: what was saved meanwhile wants to go too.

        `done` is called after each, whatever came of it.
        """
        self._forget_next()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._attempts(notebook, done))
        else:
            self._again = True

    def stop(self) -> None:
        """The page is locked or closed: what was done stays done."""
        if self._task is not None:
            self._task.cancel()
        self._forget_next()
        self._failures = 0
        self.running = self._again = False

    def _forget_next(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _later(self, failure: Exception | None, notebook: Notebook, done: Callable[[], None]) -> None:
        """When to try again by itself; not after a no that asking again would not change."""
        if failure is None:
            self._failures = 0
            delay = until_background_s(notebook.now().timestamp(), notebook.device_id)
        elif (wait := _worth_a_retry(failure)) is not None:
            self._failures += 1
            delay = wait_s(self._failures, random.random, wait)
        else:
            return
        self._forget_next()
        self._next = asyncio.get_running_loop().call_later(delay, self._by_itself, notebook, done)

    def _by_itself(self, notebook: Notebook, done: Callable[[], None]) -> None:
        if notebook.state == "open":
            self.start(notebook, done)

    async def _attempts(self, notebook: Notebook, done: Callable[[], None]) -> None:
        while True:
            self._again = False
            await self._run(notebook, done)
            if not self._again:
                return
            self._forget_next()  # asked for meanwhile: by a tap perhaps, which goes at once

    async def _run(self, notebook: Notebook, done: Callable[[], None]) -> None:
        self.running, self.progress, self.report = True, None, None
        failure: Exception | None = None
        try:
            self.report = await notebook.sync(self._tell)
            self.error = None
        except Exception as e:  # noqa: BLE001 - a task's exception would vanish unseen
            self.error, failure = message_of(e), e
        finally:
            self.running = False
        self.too_old = _is_too_old(failure)
        await self.refresh(notebook)
        if notebook.state == "open":
            self._later(failure, notebook, done)
        done()

    async def refresh(self, notebook: Notebook) -> None:
        """Read the counts again."""
        try:
            self.state = await notebook.sync_state()
        except Exception as e:  # noqa: BLE001
            self.error = message_of(e)

    def _tell(self, progress: Progress) -> None:
        self.progress = progress


def _refusal(failure: Exception | None) -> Refused | None:
    """The branch's own no; None where it was not the branch."""
    from sync.protocol import Refused  # here, because the PIN's keys are drawn without the wire

    cause = failure.__cause__ if failure is not None else None
    return cause if isinstance(cause, Refused) else None


def _is_too_old(failure: Exception | None) -> bool:
    from sync.engine import APP_TOO_OLD

    refusal = _refusal(failure)
    return refusal is not None and refusal.code == APP_TOO_OLD


def _worth_a_retry(failure: Exception) -> float | None:
    """The seconds the branch asked for, 0 where it said nothing; None where a retry changes nothing."""
    if isinstance(failure, NoConnection):
        return 0.0
    refusal = _refusal(failure)
    if isinstance(failure, BranchRefused) and refusal is not None and refusal.status in BUSY:
        return refusal.retry_after or 0.0
    return None
