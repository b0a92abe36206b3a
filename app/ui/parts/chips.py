"""Chips: the answers of a form, each large enough for a thumb; a chosen one carries a tick, not the colour alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import flet as ft

from app.ui.context import Session
from app.ui.parts.words import grey, text
from app.ui.theme import Sizes

Handler = Callable[[], Coroutine[Any, Any, None]]


def tap(act: Callable[..., Awaitable[None]], *args: Any, **members: Any) -> Handler:
    """A handler that does `act(*args, **members)`: Flet awaits coroutine functions only, not what a lambda returns."""

    async def handler() -> None:
        await act(*args, **members)

    return handler


def tap_go(session: Session, route: str) -> Handler:
    """A handler that shows a route."""

    async def handler() -> None:
        session.go(route)

    return handler


def chip(
    session: Session,
    label: str,
    on_tap: Any,
    *,
    chosen: bool = False,
    key: str | None = None,
    icon: Any = None,
) -> ft.Control:
    """One answer. At least 48 dp high at every text size; a long label wraps."""
    s = session.sizes
    sign = ft.Icons.CHECK if chosen else icon
    color = ft.Colors.ON_PRIMARY if chosen else ft.Colors.ON_SURFACE
    return ft.Button(
        key=key,
        content=label,
        elevation=0,
        icon=ft.Icon(sign, size=s.icon, color=color, semantics_label=session.t("Chosen") if chosen else None)
        if sign is not None
        else None,
        on_click=on_tap,
        style=ft.ButtonStyle(
            color=color,
            bgcolor=ft.Colors.PRIMARY if chosen else ft.Colors.SURFACE_CONTAINER_HIGHEST,
            padding=ft.Padding.symmetric(horizontal=14 if not s.large else 12, vertical=13),
            shape=ft.RoundedRectangleBorder(radius=14),
            text_style=ft.TextStyle(size=s.body, weight=ft.FontWeight.W_500),
        ),
    )


def chips(controls: Iterable[ft.Control]) -> ft.Control:
    """Chips one after another, in as many lines as they need."""
    return ft.Row(list(controls), wrap=True, spacing=8, run_spacing=8)


def question(title: str, sizes: Sizes, *body: ft.Control, hint: str = "", **more: Any) -> ft.Column:
    """A question of a form: its name, what it is for, its answers."""
    head: list[ft.Control] = [text(title, sizes.body, bold=True)]
    if hint:
        head.append(grey(hint, sizes.label))
    return ft.Column(
        [ft.Column(head, spacing=2, tight=True), *body],
        spacing=8,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        **more,
    )


def one_of(
    session: Session,
    name: str,
    options: Iterable[tuple[str, str]],
    chosen: str,
    pick: Callable[[str], Handler],
) -> ft.Control:
    """Chips of which one is chosen; `options` are (value, label), keys `name-value`."""
    return chips(
        chip(session, label, pick(value), chosen=value == chosen, key=f"{name}-{value}")
        for value, label in options
    )


def some_of(
    session: Session,
    name: str,
    options: Iterable[tuple[str, str]],
    chosen: Iterable[str],
    toggle: Callable[[str], Handler],
) -> ft.Control:
    """Chips of which any number is chosen; `toggle` gets the one that was tapped."""
    held = set(chosen)
    return chips(
        chip(session, label, toggle(value), chosen=value in held, key=f"{name}-{value}")
        for value, label in options
    )
