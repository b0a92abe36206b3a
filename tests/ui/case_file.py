"""An officer with a case open: the same page, a few more things they can do and see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.domain.records import Position
from tests.support.fake_notebook import FakeNotebook, case_id_of
from tests.ui.officer import FakeDevice, Officer, inside

WANG, ZHANG, CHEN, GONG = "王喆", "张国强", "陈玉珍", "龚䶮"


class CaseFile(Officer):
    """The officer in front of one case. Taps are counted from here."""

    async def dial(self) -> None:
        await self.screen.tap(key="dial")

    async def open_form(self, kind: str) -> None:
        await self.screen.tap(key=kind)

    async def choose(self, *keys: str) -> None:
        for key in keys:
            await self.screen.tap(key=key)

    async def save(self) -> None:
        await self.screen.tap(key="save")

    @property
    def saved(self) -> bool:
        return bool(self.screen.find_all(key="saved"))

    @property
    def kept(self) -> dict[str, Any]:
        """The form of the only draft there is."""
        (draft,) = self.notebook.kept_drafts.values()
        return dict(draft.form)

    def chosen(self, key: str) -> bool:
        """Whether a chip carries the tick."""
        icon = self.screen.find(key=key).icon
        return icon is not None and icon.semantics_label is not None


@asynccontextmanager
async def case_open(
    name: str = WANG,
    notebook: FakeNotebook | None = None,
    *,
    device: FakeDevice | None = None,
    position: Position | None = None,
) -> AsyncIterator[CaseFile]:
    """The case of `name`, opened from 今日, on a phone that knows `position`."""
    device = device or FakeDevice(position)
    async with inside(notebook, route=f"/case/{case_id_of(name)}", device=device) as officer:
        await officer.screen.settle()
        officer.screen.taps = 0
        yield CaseFile(officer.screen, officer.notebook, officer.device)
