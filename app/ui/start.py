"""How a page begins: what the page server and the phone's window call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

import flet as ft

from app.ui.app import open_page
from app.ui.context import Device
from app.ui.lean import look_for_controls_where_there_can_be_some
from app.ui.locking import LockWatch
from app.ui.terse import keep_messages_terse

if TYPE_CHECKING:
    from app.notebook import Notebook


def page_of(notebook: Notebook, device_of: Callable[[ft.Page], Device]) -> Callable[[ft.Page], None]:
    """The page function: every page shows the same notebook, each with its own device (dialler, position)."""
    keep_messages_terse()
    look_for_controls_where_there_can_be_some()

    watches: WeakSet[LockWatch] = WeakSet()

    def show(page: ft.Page) -> None:
        open_page(page, notebook, device_of(page), watches)

    return show
