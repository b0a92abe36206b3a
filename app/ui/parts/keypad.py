"""A PIN pad with keys for a thumb in the sun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.i18n import Translator
from app.ui.guard import part
from app.ui.theme import ACCENT, CARD, GREY, Sizes

KEY = 76


@part
def Dots(filled: int, total: int, t: Translator) -> ft.Control:  # noqa: N802
    """How many digits are in; never which."""
    return ft.Semantics(
        label=t("{n} of {total} digits entered", n=filled, total=total),
        content=ft.Row(
            [
                ft.Container(
                    width=16,
                    height=16,
                    border_radius=8,
                    bgcolor=ACCENT if i < filled else None,
                    border=ft.Border.all(2, ACCENT if i < filled else ft.Colors.OUTLINE),
                )
                for i in range(total)
            ],
            spacing=16,
            alignment=ft.MainAxisAlignment.CENTER,
        ),
    )


@part
def Keypad(press: Callable[[str], Any], t: Translator, sizes: Sizes, enabled: bool) -> ft.Control:  # noqa: N802
    """Ten digits and a way back; `press` gets the digit or `back`."""

    def key(name: str) -> ft.Control:
        def on_click() -> Any:
            return press(name)

        face: ft.Control = (
            ft.Icon(ft.Icons.BACKSPACE_OUTLINED, size=26, color=GREY, semantics_label=t("Delete"))
            if name == "back"
            else ft.Text(name, size=28, weight=ft.FontWeight.W_500)
        )
        return ft.Container(
            key=f"key-{name}",
            width=KEY,
            height=KEY,
            border_radius=KEY / 2,
            bgcolor=CARD if name != "back" else None,
            alignment=ft.Alignment.CENTER,
            content=face,
            ink=True,
            disabled=not enabled,
            opacity=1.0 if enabled else 0.4,
            on_click=_awaiting(on_click),
        )

    rows = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), ("", "0", "back"))
    return ft.Column(
        [
            ft.Row(
                [key(name) if name else ft.Container(width=KEY, height=KEY) for name in row],
                spacing=20,
                alignment=ft.MainAxisAlignment.CENTER,
            )
            for row in rows
        ],
        spacing=12,
        tight=True,
    )


def _awaiting(act: Callable[[], Any]) -> Callable[[], Any]:
    async def handler() -> None:
        await act()

    return handler
