"""Going from screen to screen without waiting for the client.

Flet's own `page.navigate` asks the client to push a route, waits until the client says that the route has changed,
and only then draws: one way there and back before the first frame of the new screen. Here it is drawn at once, and
what the client says afterwards changes nothing.
"""

from __future__ import annotations

from typing import Any

import flet as ft


class Way:
    """Where one page goes. Stands between the page and the router, which listens to the page's routes."""

    def __init__(self, page: ft.Page) -> None:
        self._page = page
        self._router: Any = None
        self._asked: list[str] = []

    def go(self, route: str) -> None:
        """Show a route now, and have the client keep it in its history."""
        self._listen()
        if self._router is not None and route != self._page.route:
            self._asked.append(route)
            self._router(ft.RouteChangeEvent("route_change", control=self._page, route=route))
        self._page.navigate(route)

    def _listen(self) -> None:
        if self._page.on_route_change != self._heard:
            self._router = self._page.on_route_change
            self._page.on_route_change = self._heard

    def _heard(self, e: ft.RouteChangeEvent) -> None:
        """The client is somewhere else: by its own doing, or as it was asked to, which is drawn already."""
        if e.route in self._asked:
            del self._asked[: self._asked.index(e.route) + 1]
        else:
            self._asked.clear()
        if not self._asked and self._router is not None:  # otherwise a later one is drawn and on its way
            self._router(e)
