"""How a page begins: what the page server and the phone's window call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft
from flet.messaging.protocol import Message

from app.ui.app import open_page
from app.ui.context import Device

if TYPE_CHECKING:
    from app.notebook import Notebook


def page_of(notebook: Notebook, device_of: Callable[[ft.Page], Device]) -> Callable[[ft.Page], None]:
    """The page function: every page shows the same notebook, each with its own device (dialler, position)."""
    _say_messages_in_short()

    def show(page: ft.Page) -> None:
        open_page(page, notebook, device_of(page))

    return show


def _say_messages_in_short() -> None:
    """Flet 1.0.5 writes out every message, rows and contexts of all components included, for a debug line nobody reads.

    With 60 rows on the page that took half a minute and 4 GB (flet_web/fastapi/flet_app.py, `send_message`).
    """
    Message.__repr__ = _in_short  # type: ignore[method-assign,assignment]


def _in_short(message: Message) -> str:
    return f"Message({message.action})"
