"""A pad for amounts: figures for a thumb, no keyboard that covers half the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.ui.context import Session
from app.ui.parts.chips import Handler
from app.ui.parts.words import text

_ROWS = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), (".", "0", "back"))


def amount_pad(session: Session, typed: str, press: Callable[[str], Handler]) -> ft.Control:
    """What was typed so far, and the keys; `press` gets a digit, `.` or `back`. Keys `amount-1` … `amount-back`."""
    s, t = session.sizes, session.t

    def key(name: str) -> ft.Control:
        face: Any = (
            ft.Icon(ft.Icons.BACKSPACE_OUTLINED, size=s.icon, semantics_label=t("Delete"))
            if name == "back"
            else ft.Text(name, size=s.title, weight=ft.FontWeight.W_500)
        )
        return ft.Button(
            key=f"amount-{name}",
            content=face,
            on_click=press(name),
            height=max(52, 36 * s.scale),
            expand=True,
            elevation=0,
            style=ft.ButtonStyle(
                bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
                color=ft.Colors.ON_SURFACE,
                shape=ft.RoundedRectangleBorder(radius=14),
                padding=0,
            ),
        )

    whole, point, cents = (typed or "0").partition(".")
    shown = f"¥{int(whole):,}{point}{cents}"
    return ft.Column(
        [
            ft.Semantics(
                content=text(shown, s.in_one_line(s.number, shown), bold=True, key="amount-typed"),
                live_region=True,
            ),
            *(ft.Row([key(name) for name in row], spacing=8) for row in _ROWS),
        ],
        spacing=8,
        tight=True,
    )
