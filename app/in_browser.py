"""The start of the page in the phone's own browser: the PIN's keys first, and all that lies behind them once they are drawn.

Loading the whole program took half a second before the first screen; an officer takes longer than that to type the PIN.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from app.device.browser.page_link import page
from app.device.clock import SystemClock

if TYPE_CHECKING:
    from app.notebook import Notebook

log = logging.getLogger(__name__)

# Loaded one by one, so that a digit is answered between two of them: each after what it needs, the sync last.
BEHIND: Final = (
    "sync.protocol", "app.domain.records", "app.domain.procedure", "app.domain.rules", "app.domain.gate",
    "app.domain.book", "app.domain.plan", "app.domain.cash", "app.ports", "app.views", "app.held", "app.showing", "app.notebook",
    "dateutil.parser", "pluggy", "click", "sqlite_utils.db", "app.store.sealed", "app.store.opening",
    "app.ui.parts.chips", "app.ui.screens.today", "app.ui.screens.customers", "app.ui.screens.me",
    "app.ui.screens.home", "app.ui.screens.case", "app.ui.screens.visit", "app.ui.inside", "geopy.distance",
    "httpx", "sync.client", "app.bootstrap", "flet_geolocator", "app.device.position",
)  # fmt: skip


class ClosedNotebook:
    """A notebook that nobody has opened yet. It knows whether there is one; for whatever else is asked of it the whole
    one is made, and answers from then on.

    `keys`: the file that is there once a PIN was set. `make`: the whole one.
    """

    def __init__(self, keys: Path, make: Callable[[], Notebook]) -> None:
        self._keys = keys
        self._make = make
        self._made: Notebook | None = None

    @property
    def state(self) -> str:
        """As app.notebook's."""
        if self._made is not None:
            return self._made.state
        return "locked" if self._keys.exists() else "unbound"

    def now(self) -> datetime:
        """Now; in the branch's zone once the whole one is made."""
        return SystemClock().now() if self._made is None else self._made.now()

    def whole(self) -> Notebook:
        """The notebook itself."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole(), name)


def whole_notebook() -> Notebook:
    """With every part of the program loaded before its store is opened: a build just switched to that lacks one gives its
    place back, as one that does not start.
    """
    try:
        import app.ui.inside  # noqa: F401
        from app.bootstrap import open_notebook

        return open_notebook()
    except BaseException:
        page().shell.tell("unopened")
        raise


async def load(notebook: ClosedNotebook) -> None:
    """Load what lies behind the PIN, and make the notebook. What cannot be loaded is tried again when it is needed."""
    try:
        for name in BEHIND:
            importlib.import_module(name)
            await asyncio.sleep(0)
        notebook.whole()
    except Exception:
        log.exception("not loaded in advance")


def run() -> None:
    """Begin the page: called once, by page/python-worker.js, inside a running loop."""
    import flet as ft

    from app.device.browser.installation import Installation
    from app.device.browser.storage import DATA
    from app.device.folder import KEYS
    from app.device.page_device import PageDevice
    from app.ui.start import page_of

    notebook = ClosedNotebook(Path(DATA) / KEYS, whole_notebook)
    loading: list[asyncio.Task[None]] = []
    installation = Installation(drawn=lambda: loading.append(asyncio.ensure_future(load(notebook))))
    installation.listen()
    ft.run(page_of(cast("Notebook", notebook), lambda shown: PageDevice(shown, installation)))
