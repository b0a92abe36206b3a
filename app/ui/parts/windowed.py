"""Long lists: a window of rows that grows ahead of the scroll.

Flet builds rows lazily on the screen only; Python would build, send and compare all of them at every change. So
rows come in chunks, each drawn again only when one of its rows changed, and chunks are added four screens ahead
of the end. Nothing is taken away again, so scrolling back never shows a gap.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import flet as ft

from app.ui.guard import memo, part
from app.ui.theme import GAP

CHUNK: Final = 2
FIRST: Final = 60
MORE: Final = 120
SCREENS_AHEAD: Final = 4
PULL_PX: Final = 8
# How far beyond the screen's edge Flutter lays rows out. Each of them is built anew when a case is opened over the
# list, which was half of the time from the tap to the case.
AHEAD_PX: Final = 80


@part
def _rows(rows: tuple[Any, ...], draw: Callable[[Any], ft.Control]) -> ft.Control:
    return ft.Column(
        [draw(row) for row in rows],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


_chunk = memo(_rows)


def chunks(
    rows: Sequence[Any], shown: int, draw: Callable[[Any], ft.Control], name: str = "rows"
) -> list[ft.Control]:
    """The first `shown` rows in chunks. `draw` must keep its identity from one drawing to the next; `name` tells
    several lists on one page apart.
    """
    return [
        _chunk(tuple(rows[at : at + CHUNK]), draw, key=f"{name}-{at}")
        for at in range(0, min(shown, len(rows)), CHUNK)
    ]


def use_window(
    total: int, on_pull: Callable[[], Awaitable[None]] | None = None, of: object = None
) -> tuple[int, Callable[[Any], Awaitable[None]]]:
    """How many rows to show, and the list's `on_scroll`.

    `on_pull`: what a pull beyond the top asks for. `of` is what the list is of (a search): another one starts at the
    top with a small window again.
    """
    grown, set_grown = ft.use_state((of, FIRST))
    shown = grown[1] if grown[0] == of else FIRST
    latest: Any = ft.use_ref(None)
    latest.current = (total, on_pull, of, shown)

    async def on_scroll(e: ft.OnScrollEvent) -> None:
        total_now, pull, of_now, shown_now = latest.current
        if e.event_type == ft.ScrollType.OVERSCROLL and (e.overscroll or 0) < -PULL_PX and e.pixels <= 0:
            if pull is not None:
                await pull()
        elif shown_now < total_now and e.max_scroll_extent - e.pixels < SCREENS_AHEAD * e.viewport_dimension:
            set_grown((of_now, shown_now + MORE))

    return shown, ft.use_callback(on_scroll, [])
