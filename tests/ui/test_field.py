"""What is typed stays, whatever is drawn meanwhile."""

from collections.abc import Callable
from typing import Any

import flet as ft

from app.ui.parts.field import Field
from tests.support.flet_driver import Screen

SET: dict[str, Callable[[Any], None]] = {}


@ft.component
def Form() -> Any:
    words, set_words = ft.use_state("")
    _, draw = ft.use_state(0)
    SET.update(words=set_words, draw=draw)
    field = Field(key="words", value=words, on_change=lambda e: set_words(e.control.value or ""))
    return [ft.View(route="/", controls=[field, ft.Text(f"taken: {words}")])]


async def open_form() -> Screen:
    return await Screen.open(lambda page: page.render_views(Form))


def told(screen: Screen, words: str) -> None:
    """The first of a letter's two messages."""
    screen.session.apply_patch(screen.find(key="words")._i, {"value": words})


async def event(screen: Screen) -> None:
    """The second."""
    field = screen.find(key="words")
    await screen.session.dispatch_event(field._i, "change", field.value)
    await screen.settle()


def written_over(screen: Screen) -> list[Any]:
    """What was put into the field by the program since the screen was opened."""
    changes = [change for patch in screen.client.patches for change in patch.patch[1:]]
    return [value for _, _, name, value in changes if name == "value" and not str(value).startswith("taken")]


async def test_a_screen_drawn_between_the_letter_and_its_event_does_not_take_the_letter_back() -> None:
    screen = await open_form()
    told(screen, "a")
    SET["draw"](1)
    await screen.settle()
    assert screen.find(key="words").value == "a"
    await event(screen)
    assert screen.shows("taken: a")
    assert not written_over(screen)
    await screen.close()


async def test_the_second_letter_that_comes_before_the_first_is_drawn_stays() -> None:
    screen = await open_form()
    told(screen, "a")
    field = screen.find(key="words")
    await screen.session.dispatch_event(field._i, "change", "a")
    told(screen, "ab")  # before the screen is drawn with the first
    await screen.settle()
    assert screen.find(key="words").value == "ab"
    await event(screen)
    assert screen.shows("taken: ab")
    assert not written_over(screen)
    await screen.close()


async def test_what_the_program_writes_into_the_field_stands_there() -> None:
    screen = await open_form()
    told(screen, "a")
    await event(screen)
    SET["words"]("abc")
    await screen.settle()
    assert screen.find(key="words").value == "abc"
    assert written_over(screen) == ["abc"]
    SET["words"]("")
    await screen.settle()
    assert not screen.find(key="words").value
    await screen.close()
