"""A sync that did not get through is tried again by itself; one that is asked for goes at once."""

import asyncio

from app.domain.message import Message
from app.ports import BranchRefused, NoConnection
from app.ui.syncing import SyncRun, _worth_a_retry
from sync.engine import OnProgress, SyncReport
from sync.protocol import Refused
from tests.support.fake_notebook import PIN, FakeNotebook


async def opened() -> FakeNotebook:
    notebook = FakeNotebook()
    await notebook.unlock(PIN)
    return notebook


async def attempt(run: SyncRun, notebook: FakeNotebook) -> None:
    over = asyncio.Event()
    run.start(notebook, over.set)
    await over.wait()


async def test_after_a_failure_and_after_a_success_the_next_try_is_set_and_locking_forgets_it() -> None:
    notebook = await opened()
    run = SyncRun()
    await attempt(run, notebook)
    assert run.error is None
    assert run._next is not None
    assert 0 < run._next.when() - asyncio.get_running_loop().time() <= 1800
    run.stop()
    assert run._next is None


def refused(status: int, retry_after: float | None = None) -> BranchRefused:
    error = BranchRefused(Message("no"))
    error.__cause__ = Refused(status, "x", retry_after=retry_after)
    return error


def test_only_what_may_pass_by_itself_is_tried_again() -> None:
    assert _worth_a_retry(NoConnection(Message("gone"))) == 0
    assert _worth_a_retry(refused(503, 7)) == 7
    assert _worth_a_retry(refused(401)) is None
    assert _worth_a_retry(ValueError("a bug")) is None


class LostAtFirst(FakeNotebook):
    """The branch is not reached the first time, and that takes as long as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.under_way, self.go_on = asyncio.Event(), asyncio.Event()

    async def sync(self, progress: OnProgress | None = None) -> SyncReport:
        self.asked += 1
        if self.asked == 1:
            self.under_way.set()
            await self.go_on.wait()
            raise NoConnection(Message("gone"))
        return await super().sync(progress)


async def test_a_tap_while_an_attempt_is_failing_is_another_attempt_at_once() -> None:
    notebook, over = LostAtFirst(), asyncio.Queue[None]()
    await notebook.unlock(PIN)
    run = SyncRun()
    run.start(notebook, lambda: over.put_nowait(None))
    await notebook.under_way.wait()
    run.start(notebook, lambda: over.put_nowait(None))
    notebook.go_on.set()
    await over.get()
    await over.get()
    assert (notebook.asked, run.error) == (2, None)
    run.stop()
