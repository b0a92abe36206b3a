"""Branch, phone and page on a day of the test's choosing, and on to the next: the procedure takes days.

python -m tests.support.moved_day DATA PORT CLOCK_FILE      what `MovedDay` runs: the app over a moved clock
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.bootstrap import ASSETS, open_notebook
from app.device.clock import SystemClock
from app.notebook import Notebook
from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.payments import import_payments
from sync.branch.importing.report import Report
from tests.support.branch_server import ROOT, RunningBranch, free_port
from tests.sync.branch.importing.lists import write

ZONE = ZoneInfo("Asia/Shanghai")
PIN = "246810"
STARTS_WITHIN_S = 60


class MovedClock(SystemClock):
    """The machine's clock plus as many seconds as stand in a file; every process that reads it is on the same day."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))

    def move_to(self, on: date, at: clock_time) -> None:
        """From now on it is that day, at that time of the branch's zone; the seconds go on by themselves."""
        ahead = datetime.combine(on, at, ZONE) - datetime.now(UTC)
        written = self._file.with_suffix(".new")
        written.write_text(str(ahead.total_seconds()))
        written.replace(self._file)


class MovedDay:
    """A branch with officer w001 赵敏, a phone of theirs, and its page; all of it on the day of `clock`."""

    def __init__(self, folder: Path, on: date, at: clock_time = clock_time(9, 0)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = MovedClock(folder / "clock")
        self.clock.move_to(on, at)
        self.branch = RunningBranch(folder / "branch", "石桥支行", self.clock.now)
        self.branch.officer("w001", "赵敏")
        self.port = free_port()
        self._app: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def listed(self, rows: Iterable[Mapping[str, str]]) -> Report:
        """Import the day's whole overdue list."""
        path = write(self.folder / "list.csv", rows)
        return import_overdue(self.branch.office, path, full_list=True, yes=True)

    def paid(self, rows: Iterable[Mapping[str, str]], covers: date) -> Report:
        """Import the day's payments."""
        path = write(self.folder / "payments.csv", rows)
        return import_payments(self.branch.office, path, covers=covers)

    async def on_the_phone(self, do: Callable[[Notebook], Awaitable[Any]]) -> Any:
        """Something done with the phone's notebook while no page has it open."""
        notebook = open_notebook(self.folder / "phone", self.clock)
        try:
            if notebook.state == "unbound":
                await notebook.bind(self.branch.url, "w001", self.branch.code(), PIN)
            else:
                await notebook.unlock(PIN)
            return await do(notebook)
        finally:
            await notebook.lock()

    def open_app(self) -> None:
        """Serve the page; returns when it listens."""
        words = [str(self.folder / "phone"), str(self.port), str(self.folder / "clock")]
        self._app = subprocess.Popen([sys.executable, "-m", "tests.support.moved_day", *words], cwd=ROOT)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not _listens(self.port):
            assert self._app.poll() is None, "the app ended"
            assert time.monotonic() < deadline, "the app did not start"
            time.sleep(0.05)

    def close_app(self) -> None:
        """Returns when the phone's folder is free again."""
        if self._app is not None:
            self._app.terminate()
            self._app.wait(30)
            self._app = None

    def close(self) -> None:
        self.close_app()
        self.branch.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _serve(data: str, port: str, clock: str) -> None:
    from app.device.page_device import PageDevice
    from app.device.page_server import serve_page
    from app.ui.start import page_of

    notebook = open_notebook(Path(data), MovedClock(Path(clock)))
    serve_page(page_of(notebook, PageDevice), assets=ASSETS, port=int(port))


if __name__ == "__main__":
    _serve(*sys.argv[1:])
