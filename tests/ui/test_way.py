"""Going from screen to screen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from app.ui.way import Way


class FakePage:
    """A page whose client answers when told to: `drawn` is what the router was last told."""

    def __init__(self) -> None:
        self.route = "/"
        self.pushed: list[str] = []
        self.drawn: list[str] = []
        self.on_route_change: Any = lambda e: self.drawn.append(e.route)

    def navigate(self, route: str) -> None:
        self.pushed.append(route)

    def client_says(self, route: str) -> None:
        self.route = route
        self.on_route_change(SimpleNamespace(route=route))


def way_on(page: FakePage) -> Way:
    return Way(page)  # type: ignore[arg-type]


def test_a_screen_is_drawn_before_the_client_has_answered() -> None:
    page = FakePage()
    way_on(page).go("/case/1")
    assert page.drawn == ["/case/1"]
    assert page.pushed == ["/case/1"]


def test_an_answer_to_an_earlier_step_does_not_bring_its_screen_back() -> None:
    page = FakePage()
    way = way_on(page)
    way.go("/case/1")
    way.go("/case/1/visit")
    page.client_says("/case/1")
    assert page.drawn[-1] == "/case/1/visit"
    page.client_says("/case/1/visit")
    assert page.drawn[-1] == "/case/1/visit"


def test_where_the_client_goes_by_itself_is_followed() -> None:
    page = FakePage()
    way_on(page).go("/case/1")
    page.client_says("/customers")
    assert page.drawn[-1] == "/customers"
    page.client_says("/")
    assert page.drawn[-1] == "/"
