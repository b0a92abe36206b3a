"""The least a Flet app can do with a tap: one line more on an otherwise empty page. What the notebook's taps stand beside."""

from __future__ import annotations

import sys

import flet as ft

from app.bootstrap import ASSETS
from app.device.page_server import serve_page

BUTTON, ANSWER = "Tap here", "Tapped"


@ft.component
def Empty() -> ft.Control:
    """A button, and how often it was tapped."""
    taps, set_taps = ft.use_state(0)
    return ft.Column([ft.Button(BUTTON, on_click=lambda: set_taps(taps + 1)), ft.Text(f"{ANSWER} {taps}")])


def show(page: ft.Page) -> None:
    page.title = "empty"
    page.render(Empty)


if __name__ == "__main__":
    serve_page(show, assets=ASSETS, port=int(sys.argv[1]))
