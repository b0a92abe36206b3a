"""Where the phone is, once, at an activity; never a track, never in the background."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any, Final

import flet as ft
import flet_geolocator as fg  # type: ignore[import-untyped]

from app.domain.records import Position

log = logging.getLogger(__name__)

# A fix outdoors takes seconds; indoors it may never come, and nobody waits for it.
GIVE_UP_S: Final = 45
_ALLOWED: Final = frozenset(
    {
        fg.GeolocatorPermissionStatus.ALWAYS,
        fg.GeolocatorPermissionStatus.WHILE_IN_USE,
        fg.GeolocatorPermissionStatus.UNABLE_TO_DETERMINE,  # a browser that asks only when the position is wanted
    }
)


def position_of(fix: Any) -> Position | None:
    """The record's position of a geolocator's fix; None where it makes no sense."""
    if fix is None or fix.latitude is None or fix.longitude is None:
        return None
    lat, lon = float(fix.latitude), float(fix.longitude)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    at = fix.timestamp if isinstance(fix.timestamp, datetime) else None
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return Position(
        lat=lat,
        lon=lon,
        accuracy_m=float(fix.accuracy) if fix.accuracy is not None else None,
        mocked=fix.mocked,
        fixed_at=at,
    )


class Locator:
    """The position of one page's phone. Held for as long as the page lives."""

    def __init__(self) -> None:
        self._geolocator = fg.Geolocator(
            configuration=fg.GeolocatorConfiguration(
                accuracy=fg.GeolocatorPositionAccuracy.BEST, time_limit=ft.Duration(seconds=GIVE_UP_S)
            )
        )

    async def locate(self) -> Position | None:
        """Where the phone is now, WGS-84; None when it may not or cannot be known. Never raises."""
        try:
            async with asyncio.timeout(GIVE_UP_S + 5):
                if await self._geolocator.request_permission() not in _ALLOWED:
                    return None
                return position_of(await self._geolocator.get_current_position())
        except Exception as e:  # noqa: BLE001 - whatever the platform says, the visit goes on without a position
            log.warning("no position: %s", type(e).__name__)
            return None
