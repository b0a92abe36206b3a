"""One choice out of a few, in a chip that opens a menu."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.ui.context import use_session
from app.ui.guard import part
from app.ui.parts.words import text
from app.ui.theme import CARD, TOUCH


@part
def Choice(  # noqa: N802
    name: str,
    icon: Any,
    options: dict[str, str],
    chosen: str,
    title: str,
    everything: str,
    pick: Callable[[str], Any],
) -> ft.Control:
    """`options`: value → words. `everything`: the words for no choice at all; empty where one must be chosen."""
    s = use_session()
    sizes = s.sizes
    active = bool(chosen) and bool(everything)
    color = ft.Colors.ON_SECONDARY_CONTAINER if active else ft.Colors.ON_SURFACE
    offered = ({"": everything} if everything else {}) | options

    def item(value: str, words: str) -> ft.PopupMenuItem:
        return ft.PopupMenuItem(
            content=text(words, sizes.body, bold=value == chosen),
            icon=ft.Icons.CHECK if value == chosen else None,
            height=max(TOUCH, 34 * sizes.scale),
            on_click=lambda _: pick(value),
            key=f"{name}-{value or 'all'}",
        )

    label = options.get(chosen, title)
    return ft.PopupMenuButton(
        key=f"choose-{name}",
        tooltip=title,
        padding=0,
        items=[item(value, words) for value, words in offered.items()],
        content=ft.Container(
            bgcolor=ft.Colors.SECONDARY_CONTAINER if active else CARD,
            border_radius=TOUCH / 2,
            height=max(TOUCH, 34 * sizes.scale),
            padding=ft.Padding.only(left=14, right=8),
            content=ft.Row(
                [
                    *([ft.Icon(icon, size=sizes.icon, color=color)] if icon is not None else []),
                    text(label, sizes.body, color=color),
                    ft.Icon(ft.Icons.ARROW_DROP_DOWN, size=sizes.icon, color=color),
                ],
                spacing=4,
                tight=True,
            ),
        ),
    )
