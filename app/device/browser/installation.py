"""What the page around Python knows of itself: whether a newer build waits, and whether its storage may be thrown away."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

import flet as ft

from app.device.browser.page_link import page


@ft.observable
@dataclass(eq=False)
class Installation:
    """Implements app.ui.context.Installation; page/start.js and page/sw.js are the other end."""

    newer: str = ""
    failed: bool = False
    keeps: bool | None = None
    drawn: Callable[[], object] | None = None
    """Called once the first screen is on the glass."""
    _drawn_in: Context | None = field(default=None, init=False, repr=False)

    def listen(self) -> None:
        """Take up what the page says from now on, and what it has said so far."""
        page().shell.listen(importlib.import_module("pyodide.ffi").create_proxy(self.hear))

    def attach(self) -> None:
        """Called where the screens are drawn from: what is heard later is taken up there. The page's messages come from
        outside, where Flet knows of no screen that could be drawn anew.
        """
        self._drawn_in = copy_context()

    def hear(self, message: Any) -> None:
        """One message of the page; of a kind that means nothing here, it is for others."""
        if self._drawn_in is None:
            self._take_up(message)
        else:
            self._drawn_in.copy().run(self._take_up, message)

    def _take_up(self, message: Any) -> None:
        if message.kind == "builds":
            self.failed = bool(message.failed)
            self.newer = str(message.version) if message.newer else ""
        elif message.kind == "persisted":
            self.keeps = bool(message.kept)
        elif message.kind == "drawn" and self.drawn is not None:
            self.drawn()

    def look(self) -> None:
        """Ask the branch for a newer build now; `newer` says so once it is whole on this phone."""
        page().shell.tell("look")

    def switch(self) -> None:
        """Leave this page for the newer build. Whoever calls has closed the store."""
        page().shell.tell("switch")
