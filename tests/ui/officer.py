"""An officer at one page over the notebook in memory: what they do, in their words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import flet as ft

from app.domain.records import Position
from app.ports import Notice
from app.ui.app import open_page
from app.ui.locking import LockWatch
from tests.support.fake_notebook import HERE, PIN, FakeNotebook
from tests.support.flet_driver import Screen

TABS = ("today", "customers", "promises", "me")


@ft.observable
@dataclass(eq=False)
class FakeInstallation:
    """What an installed page knows of itself; `on_switch` is called where a real one would start anew."""

    newer: str = ""
    failed: bool = False
    keeps: bool | None = None
    looked: int = 0
    on_switch: Any = None

    def look(self) -> None:
        self.looked += 1

    def switch(self) -> None:
        self.on_switch()


class FakeDevice:
    """A page's device: remembers what was dialled and where the map was opened."""

    def __init__(self, position: Position | None = HERE, installation: Any = None) -> None:
        self.position = position
        self.installation = installation
        self.dialled: list[str] = []
        self.places: list[tuple[Any, ...]] = []
        self.photos: list[bytes] = []

    def watch(self, heard: Callable[[Notice], None]) -> None:
        self.notice = heard

    async def dial(self, number: str) -> None:
        self.dialled.append(number)

    async def locate(self) -> Position | None:
        return self.position

    async def pick_photo(self) -> bytes | None:
        return self.photos.pop(0) if self.photos else None

    async def navigate(self, *place: Any) -> None:
        self.places.append(place)


class Officer:
    """Holds the phone. `screen.taps` counts touches."""

    def __init__(self, screen: Screen, notebook: FakeNotebook, device: FakeDevice) -> None:
        self.screen, self.notebook, self.device = screen, notebook, device

    async def enter_pin(self, pin: str = PIN) -> None:
        for digit in pin:
            await self.screen.tap(key=f"key-{digit}")

    async def go_to(self, tab: str) -> None:
        await self.screen.tab(TABS.index(tab))

    @property
    def route(self) -> str:
        return str(self.screen.page.route)


@asynccontextmanager
async def at_the_door(
    notebook: FakeNotebook | None = None,
    *,
    route: str = "/",
    device: FakeDevice | None = None,
    beside: WeakSet[LockWatch] | None = None,
) -> AsyncIterator[Officer]:
    """The page as it opens. Whatever the test does, nothing may have crashed or failed to draw in the end."""
    notebook, device = notebook or FakeNotebook(), device or FakeDevice()
    screen = await Screen.open(lambda page: open_page(page, notebook, device, beside), route=route)
    try:
        yield Officer(screen, notebook, device)
        screen.assert_healthy()
    finally:
        await screen.close()


@asynccontextmanager
async def inside(
    notebook: FakeNotebook | None = None,
    *,
    tab: str = "today",
    route: str = "/",
    device: FakeDevice | None = None,
    beside: WeakSet[LockWatch] | None = None,
) -> AsyncIterator[Officer]:
    """The same, unlocked, on a tab."""
    async with at_the_door(notebook, route=route, device=device, beside=beside) as officer:
        await officer.enter_pin()
        if tab != "today":
            await officer.go_to(tab)
        officer.screen.taps = 0
        yield officer
