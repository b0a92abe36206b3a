from typing import Any

import flet as ft
import pytest
from flet.messaging.protocol import Message, MessageAction

from app.domain.message import Message as Said
from app.ports import NotSaved
from app.ui.guard import part, screen
from app.ui.start import page_of
from tests.support.fake_notebook import FakeNotebook
from tests.support.flet_driver import Screen
from tests.ui.officer import FakeDevice, inside


@part
def Fragile(broken: bool) -> Any:
    if broken:
        raise RuntimeError("made up")
    return ft.Text("whole")


@screen
def Page() -> Any:
    broken, set_broken = ft.use_state(False)
    return ft.View(
        controls=[
            Fragile(broken),
            ft.Text(f"broken: {broken}"),
            ft.Button("toggle", key="toggle", on_click=lambda: set_broken(lambda b: not b)),
        ]
    )


async def test_a_part_that_fails_while_drawn_again_leaves_the_rest_alive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = await Screen.open(lambda p: p.render_views(lambda: [Page()]))
    await page.tap(key="toggle")
    assert page.find(key="screen-error")
    assert page.shows("broken: True")
    assert "could not be drawn" in caplog.text
    await page.tap(key="toggle")
    assert page.shows("whole")
    page.assert_healthy()
    await page.close()


async def test_a_handler_that_fails_says_so_instead_of_replacing_the_app() -> None:
    async with inside(tab="me") as officer:

        async def refuse() -> None:
            raise NotSaved(Said("Not saved: the phone has no space left. The form is kept as a draft."))

        officer.notebook.lock = refuse  # type: ignore[method-assign]
        await officer.screen.tap(key="lock")
        assert "no space left" in officer.screen.snack() or "空间" in officer.screen.snack()


async def test_a_message_with_a_page_of_rows_is_not_written_out_for_a_log_nobody_reads() -> None:
    page_of(FakeNotebook(), lambda page: FakeDevice())
    message = Message(MessageAction.PATCH_CONTROL, {"rows": ["王喆"] * 1000})
    assert "王喆" not in f"{message}"
    assert len(f"{message}") < 100
