"""The sync as the screens see it: in the background, one at a time, with counts and the last error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.message import Message
from app.ui.hooks import message_of

if TYPE_CHECKING:
    from app.notebook import Notebook
    from app.views import SyncState
    from sync.engine import Progress, SyncReport

log = logging.getLogger(__name__)


@ft.observable
@dataclass(eq=False)
class SyncRun:
    """One page's sync. `running` while at work, `progress` its live counts, `state` the last known counts."""

    running: bool = False
    progress: Any = None
    state: SyncState | None = None
    report: SyncReport | None = None
    error: Message | None = None
    _task: asyncio.Task[None] | None = field(default=None, repr=False)
    _again: bool = False

    def start(self, notebook: Notebook, done: Callable[[], None]) -> None:
        """Begin one attempt; while one is under way, another follows it: what was saved meanwhile wants to go too.

        `done` is called after each, whatever came of it.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._attempts(notebook, done))
        else:
            self._again = True

    def stop(self) -> None:
        """The page is locked or closed: what was done stays done."""
        if self._task is not None:
            self._task.cancel()
        self.running = self._again = False

    async def _attempts(self, notebook: Notebook, done: Callable[[], None]) -> None:
        while True:
            self._again = False
            await self._run(notebook, done)
            if not self._again or self.error is not None:
                return

    async def _run(self, notebook: Notebook, done: Callable[[], None]) -> None:
        self.running, self.progress, self.report = True, None, None
        try:
            self.report = await notebook.sync(self._tell)
            self.error = None
        except Exception as e:  # noqa: BLE001 - a task's exception would vanish unseen
            self.error = message_of(e)
        finally:
            self.running = False
        await self.refresh(notebook)
        done()

    async def refresh(self, notebook: Notebook) -> None:
        """Read the counts again."""
        try:
            self.state = await notebook.sync_state()
        except Exception as e:  # noqa: BLE001
            self.error = message_of(e)

    def _tell(self, progress: Progress) -> None:
        self.progress = progress
