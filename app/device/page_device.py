"""What the machine under one page can do: dial, say where it is, open the map."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from app.device.dialling import Dialler
from app.device.navigation import Map
from app.device.photos import PhotoPicker
from app.device.presence import Presence

if TYPE_CHECKING:
    from app.device.browser.installation import Installation
    from app.device.position import Locator
    from app.domain.records import Position
    from app.ports import Notice


class PageDevice:
    """The device of one page; made while that page is being shown, because its services belong to the page.

    `installation` only in the phone's own browser.
    """

    def __init__(self, page: ft.Page, installation: Installation | None = None) -> None:
        if installation is not None:
            installation.attach()
        self.installation = installation
        self._page = page
        self._presence: Presence | None = None
        self._dialler = Dialler()
        self._locator: Locator | None = None
        self._photos = PhotoPicker()
        self._map = Map(android=page.platform == ft.PagePlatform.ANDROID and not page.web)

    def watch(self, heard: Callable[[Notice], None]) -> None:
        """Tell `heard` from now on when the page is put away, taken up again, or finds a network."""
        self._presence = Presence(self._page, heard)

    async def dial(self, number: str) -> None:
        """Open the dialler with the number in it."""
        await self._dialler.dial(number)

    async def locate(self) -> Position | None:
        """Where the phone is now; None where it cannot or may not be known. Never raises."""
        if self._locator is None:
            from app.device.position import (
                Locator,  # its extension is loaded when a position is wanted, not before
            )

            self._locator = Locator()
        return await self._locator.locate()

    async def pick_photo(self) -> bytes | None:
        """A photo from camera or gallery; None when none was chosen. Raises OSError where none can be had."""
        return await self._photos.pick()

    async def navigate(self, lat: float | None, lon: float | None, address: str) -> None:
        """Open the map app at a place (WGS-84), or at an address."""
        await self._map.navigate(lat, lon, address)
