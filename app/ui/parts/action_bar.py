"""The four things one does with a case, always within the thumb's reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import flet as ft

from app.ui.parts.words import text
from app.ui.theme import Sizes

Action = tuple[str, Any, str, Any, Any]
"""key, icon, label, on_click, on_long_press"""

_ROOM: Final = 8  # what a button takes beside its letters, in letters


def action_bar(actions: Sequence[Action], sizes: Sizes) -> ft.Control:
    """Buttons side by side at the bottom; the first is the main one."""
    # Five buttons side by side: labels grow as far as the longest still fits a phone of 360 dp, and a longer one has
    # the wider button. In Chinese all are alike.
    label_size = 14 * (1 + (sizes.scale - 1) * 0.12)

    def button(n: int, action: Action) -> ft.Control:
        key, icon, label, on_click, on_long_press = action
        ground, color = (
            (ft.Colors.PRIMARY, ft.Colors.ON_PRIMARY)
            if n == 0
            else (ft.Colors.PRIMARY_CONTAINER, ft.Colors.ON_PRIMARY_CONTAINER)
        )
        return ft.Button(
            key=key,
            expand=_ROOM + len(label),
            elevation=0,
            on_click=on_click,
            on_long_press=on_long_press,
            content=ft.Column(
                [
                    ft.Icon(icon, size=24, color=color),
                    text(label, label_size, color=color, text_align=ft.TextAlign.CENTER, no_wrap=True),
                ],
                spacing=2,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
            style=ft.ButtonStyle(
                bgcolor=ground,
                color=color,
                shape=ft.RoundedRectangleBorder(radius=18),
                padding=ft.Padding.symmetric(horizontal=0, vertical=10),
            ),
        )

    return ft.SafeArea(
        ft.Container(
            ft.Row([button(n, a) for n, a in enumerate(actions)], spacing=4),
            bgcolor=ft.Colors.SURFACE_CONTAINER,
            padding=ft.Padding.symmetric(horizontal=12, vertical=10),
        ),
        avoid_intrusions_top=False,
    )
