from contextvars import ContextVar, copy_context
from types import SimpleNamespace
from typing import Any

from app.device.browser.installation import Installation

PLACE: ContextVar[str] = ContextVar("place", default="outside")


def test_a_newer_build_that_comes_while_screens_are_shown_is_taken_up_where_they_are_drawn() -> None:
    installation: Any = Installation()
    drawn_anew: list[tuple[str, str]] = []

    def draw_anew(_: object, name: str) -> None:
        drawn_anew.append((name, PLACE.get()))

    installation.subscribe(draw_anew)  # held weakly

    def draw() -> None:
        PLACE.set("the page")
        installation.attach()

    copy_context().run(draw)
    installation.hear(SimpleNamespace(kind="builds", newer=True, failed=False, version="0.2.0"))
    installation.hear(SimpleNamespace(kind="persisted", kept=False))

    assert drawn_anew == [("newer", "the page"), ("keeps", "the page")]
    assert PLACE.get() == "outside"


def test_what_the_page_says_before_anything_is_drawn_is_known() -> None:
    installation = Installation()

    installation.hear(SimpleNamespace(kind="builds", newer=True, failed=True, version="0.3.0"))

    assert (installation.newer, installation.failed) == ("0.3.0", True)
