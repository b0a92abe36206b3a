"""Cards, section heads, buttons, and what stands where there is nothing to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flet as ft

from app.ui.context import Session
from app.ui.parts.field import Field
from app.ui.parts.words import grey, text, warning
from app.ui.theme import CARD, CARD_RADIUS, FLOATING, GREY, SMALLEST, TOUCH, Sizes


def card(content: ft.Control, *, on_click: Any = None, padding: Any = 16, **more: Any) -> ft.Container:
    """A card: told from the page by its tone. With `on_click` the whole of it is the target."""
    return ft.Container(
        content=content,
        bgcolor=CARD,
        border_radius=CARD_RADIUS,
        padding=padding,
        on_click=on_click,
        ink=on_click is not None,
        **more,
    )


def section(title: str, sizes: Sizes, count: int | None = None, **more: Any) -> ft.Container:
    """The head of a list: its name and how many."""
    words: list[ft.Control] = [text(title, sizes.body, bold=True)]
    if count is not None:
        words.append(grey(str(count), sizes.body))
    return ft.Container(
        padding=ft.Padding.only(left=4, top=14, bottom=4),
        content=ft.Row(words, spacing=8, wrap=True),
        **more,
    )


def primary(label: str, sizes: Sizes, on_click: Any, *, icon: Any = None, **more: Any) -> ft.Control:
    """The one main action of a screen, full width, within the thumb's reach; at least 56 dp, its words wrap."""
    return ft.FilledButton(
        content=_button_words(label, sizes, icon, wraps=True),
        on_click=on_click,
        style=ft.ButtonStyle(padding=ft.Padding.symmetric(horizontal=20, vertical=17)),
        width=float("inf"),
        **more,
    )


def secondary(label: str, sizes: Sizes, on_click: Any, *, icon: Any = None, **more: Any) -> ft.Control:
    """Any other action."""
    return ft.FilledTonalButton(
        content=_button_words(label, sizes, icon),
        on_click=on_click,
        height=max(TOUCH, 36 * sizes.scale),
        **more,
    )


def _button_words(label: str, sizes: Sizes, icon: Any, *, wraps: bool = False) -> ft.Control:
    words = ft.Text(label, size=sizes.body, weight=ft.FontWeight.W_500, text_align=ft.TextAlign.CENTER)
    if icon is None:
        return words
    if wraps:  # only where the button's width is given: a row without one cannot share it out
        words.expand = words.expand_loose = True
    return ft.Row(
        [ft.Icon(icon, size=sizes.icon), words], spacing=8, tight=True, alignment=ft.MainAxisAlignment.CENTER
    )


def outlined(label: str, value: str, sizes: Sizes, on_change: Any, **more: Any) -> Field:
    """A field on a card, its label in the line around it."""
    return Field(
        label=label,
        value=value,
        text_size=sizes.body,
        border=ft.OutlineInputBorder(side=ft.BorderSide(1, ft.Colors.OUTLINE), border_radius=12),
        label_style=ft.TextStyle(size=max(sizes.body, SMALLEST / FLOATING)),
        on_change=on_change,
        **more,
    )


def nothing_here(
    title: str, hint: str, sizes: Sizes, *, icon: Any, actions: Sequence[ft.Control] = ()
) -> ft.Control:
    """An empty list says why it is empty and what to do."""
    return ft.Container(
        padding=ft.Padding.symmetric(horizontal=24, vertical=48),
        alignment=ft.Alignment.CENTER,
        content=ft.Column(
            [
                ft.Icon(icon, size=56, color=GREY),
                text(title, sizes.title, bold=True, text_align=ft.TextAlign.CENTER),
                grey(hint, sizes.body, text_align=ft.TextAlign.CENTER),
                *actions,
            ],
            spacing=12,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )


def waiting(session: Session) -> ft.Control:
    """Data is on its way from the phone's own store."""
    return ft.Container(
        padding=48,
        alignment=ft.Alignment.CENTER,
        content=ft.ProgressRing(semantics_label=session.t("Loading")),
    )


def failed(session: Session, error: Any, retry: Any = None) -> ft.Control:
    """A load went wrong: what, and the way on. `retry` loads anew; without one all that is shown is read again."""
    sizes = session.sizes

    def again(_: Any) -> None:
        session.reload()

    words = session.t("Try again")
    return ft.Column(
        [warning(session.t.say(error), sizes), secondary(words, sizes, retry or again, key="retry")],
        spacing=12,
    )
