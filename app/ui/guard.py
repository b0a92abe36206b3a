"""A screen that fails to draw must not take the app with it.

In Flet 1.0.5 an exception while a component re-renders stops the session's updates for good, and one in a
handler replaces the app by a crash screen. So every component is made by `screen` or `part`, and every handler
and every load goes through `use_action` or `use_loaded` (app.ui.hooks).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, cast

import flet as ft

log = logging.getLogger(__name__)

# Both languages: what failed may be the translator itself.
SORRY = "此页面暂时无法显示，已保存的记录都在。请返回再试。\nThis page cannot be shown now. What was saved is safe. Please go back and try again."

P = ParamSpec("P")


def _fallback() -> ft.Control:
    return ft.Container(key="screen-error", padding=24, content=ft.Text(SORRY, size=16, selectable=True))


def part(fn: Callable[P, Any]) -> Callable[P, Any]:
    """A component inside a screen; shows a sentence in its place when its body raises."""

    @functools.wraps(fn)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return fn(*args, **kwargs)
        except Exception:  # the boundary: whatever it is, the app goes on
            log.exception("%s could not be drawn", fn.__name__)
            return _fallback()

    return cast("Callable[P, Any]", ft.component(guarded))


def screen(fn: Callable[P, Any]) -> Callable[P, Any]:
    """A component that returns a `ft.View`; the same, with a way back."""

    @functools.wraps(fn)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return fn(*args, **kwargs)
        except Exception:
            log.exception("screen %s could not be drawn", fn.__name__)
            # No hook here: the failed body's hooks may be half done, and hooks are told apart by position.
            return ft.View(route=ft.context.page.route, appbar=ft.AppBar(), controls=[_fallback()])

    return cast("Callable[P, Any]", ft.component(guarded))


def memo(component: Callable[P, Any]) -> Callable[..., Any]:
    """The component, drawn anew only when an argument changed; takes `key=` besides its own arguments."""
    return cast("Callable[..., Any]", ft.memo(component))  # type: ignore[no-untyped-call]
