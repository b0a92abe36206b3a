"""Text and small signs in the sizes and colours of the theme."""

from __future__ import annotations

from datetime import date
from typing import Any

import flet as ft

from app.i18n import Translator
from app.ui.theme import GREY, QUIET, Sizes


def text(value: str, size: float, *, bold: bool = False, color: Any = None, **more: Any) -> ft.Text:
    """Text of a size from `Sizes`; figures and names wrap, they are never cut."""
    weight = ft.FontWeight.BOLD if bold else None
    return ft.Text(value, size=size, weight=weight, color=color or ft.Colors.ON_SURFACE, **more)


def grey(value: str, size: float, **more: Any) -> ft.Text:
    """What a figure is, where something lies: read after the rest."""
    return text(value, size, color=GREY, **more)


def stacked(*lines: tuple[str, float, Any], **more: Any) -> ft.Text:
    """Lines that belong together, each of a size and colour, in one text: a third of what a control each would cost."""
    return ft.Text(
        spans=[
            ft.TextSpan(words if n == 0 else f"\n{words}", ft.TextStyle(size=size, color=color))
            for n, (words, size, color) in enumerate(lines)
        ],
        **more,
    )


def line_width(words: str, size: float) -> float:
    """About what a line takes, in logical pixels: a Chinese character is as wide as high, a letter about half."""
    return size * sum(1 if c >= "·" else 0.55 for c in words)


def mid_line(words: str) -> str:
    """Words that can begin a line, as they stand inside one; in Chinese the same."""
    return words[:1].lower() + words[1:]


def day_with_weekday(day: date, t: Translator) -> str:
    """11月25日 周三, Wed 25 Nov."""
    return t("{weekday} {day}", day=t.date(day), weekday=t.weekday(day))


def headline(value: str, sizes: Sizes) -> ft.Control:
    """The name of the screen; a heading for those who hear it."""
    return spoken_alone(text(value, sizes.headline, bold=True), heading_level=1)


def spoken_alone(content: ft.Control, **more: Any) -> ft.Semantics:
    """Read out as a thing of its own: without this, all that stands in one item of a list is read as one."""
    return ft.Semantics(content=content, container=True, **more)


def pill(
    value: str, sizes: Sizes, *, color: Any = GREY, ground: Any = QUIET, icon: Any = None
) -> ft.Container:
    """A short fact on a rounded ground."""
    words = text(value, sizes.label, color=color)
    content: ft.Control = words
    if icon is not None:
        content = ft.Row([ft.Icon(icon, size=sizes.label * 1.2, color=color), words], spacing=4, tight=True)
    return ft.Container(
        content=content,
        bgcolor=ground,
        border_radius=10 * sizes.scale,
        padding=ft.Padding.symmetric(horizontal=10, vertical=3),
    )


def warning(value: str, sizes: Sizes, *, icon: Any = ft.Icons.ERROR_OUTLINE, **more: Any) -> ft.Container:
    """Something that went wrong or must not be missed; a sign beside the words, not the colour alone."""
    return ft.Container(
        bgcolor=ft.Colors.ERROR_CONTAINER,
        border_radius=16,
        padding=ft.Padding.symmetric(horizontal=16, vertical=12),
        content=ft.Row(
            [
                ft.Icon(icon, size=sizes.icon, color=ft.Colors.ON_ERROR_CONTAINER),
                ft.Semantics(
                    content=text(value, sizes.body, color=ft.Colors.ON_ERROR_CONTAINER),
                    live_region=True,
                    container=True,
                    expand=True,
                ),
            ],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
        **more,
    )
