"""The least a Flet app can do with a tap: a line that changes, and a screen of plain text that opens. What the notebook's
taps stand beside, behind the same page server and the same router.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import flet as ft

from app.bootstrap import ASSETS
from app.device.page_server import serve_page
from app.ui.terse import keep_messages_terse

LINES = 16
TAP, OPEN, TAPPED, OPENED, BACK = "Tap here", "Open it", "Tapped", "Opened", "Back"


def _go(route: str) -> Any:
    page = ft.context.page
    return lambda: asyncio.create_task(page.push_route(route))


@ft.component
def Start() -> ft.View:
    """Two buttons, and how often the first was tapped."""
    taps, set_taps = ft.use_state(0)
    return ft.View(
        route="/",
        controls=[
            ft.Button(TAP, on_click=lambda: set_taps(taps + 1)),
            ft.Text(f"{TAPPED} {taps}"),
            ft.Button(OPEN, on_click=_go("/there")),
        ],
    )


@ft.component
def There() -> ft.View:
    """A screenful of plain lines and the way back."""
    lines = [ft.Text(f"{n + 1}. 一行普通的文字") for n in range(LINES)]
    return ft.View(route="/there", controls=[ft.Text(OPENED), ft.Button(BACK, on_click=_go("/")), *lines])


@ft.component
def Empty() -> Any:
    """The router as the notebook has it."""
    there = ft.Route(path="there", component=There)
    return ft.Router([ft.Route(path="/", component=Start, children=[there])], manage_views=True)


def show(page: ft.Page) -> None:
    """One page."""
    page.title = "empty"
    page.render_views(Empty)


if __name__ == "__main__":
    keep_messages_terse()
    serve_page(show, assets=ASSETS, port=int(sys.argv[1]))
