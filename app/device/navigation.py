"""The link that opens the map app at a door.

China's map apps draw in GCJ-02, a shifted grid; everything inside is WGS-84 (design.md, decision 10). The shift is
made here, in the link, and nowhere else.
"""

from __future__ import annotations

from math import cos, pi, sin, sqrt
from typing import Final
from urllib.parse import quote

import flet as ft

_A: Final = 6378245.0  # Krasovsky 1940, which GCJ-02 is built on
_EE: Final = 0.00669342162296594323


def gcj02(lat: float, lon: float) -> tuple[float, float]:
    """GCJ-02 degrees of a WGS-84 position, good to about a metre; outside China's box the position itself.

    The public approximation of the shift (eviltransform): a sum of sines around 35° N 105° E.
    """
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    waves = 20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves * 2.0 / 3.0
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves * 2.0 / 3.0
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    at = lat / 180.0 * pi
    magic = 1 - _EE * sin(at) ** 2
    root = sqrt(magic)
    d_lat = north * 180.0 / ((_A * (1 - _EE)) / (magic * root) * pi)
    d_lon = east * 180.0 / (_A / root * cos(at) * pi)
    return lat + d_lat, lon + d_lon


def map_link(lat: float | None, lon: float | None, address: str, *, android: bool) -> str:
    """Where a tap on 导航 goes: `geo:` on Android (whatever map app there is, signal or not), elsewhere Amap's link.

    Without a position the address is searched for.
    """
    name = quote(address, safe="")
    if lat is None or lon is None:
        return f"geo:0,0?q={name}" if android else f"https://uri.amap.com/search?keyword={name}&callnative=1"
    north, east = gcj02(lat, lon)
    if android:
        at = f"{north:.6f},{east:.6f}"
        return f"geo:{at}?q={at}({name})"
    return f"https://uri.amap.com/marker?position={east:.6f},{north:.6f}&name={name}&coordinate=gaode&callnative=1"


class Map:
    """The map app of one page."""

    def __init__(self, *, android: bool) -> None:
        self._launcher = ft.UrlLauncher()
        self._android = android

    async def navigate(self, lat: float | None, lon: float | None, address: str) -> None:
        """Open the map at a WGS-84 position, or at an address where there is none."""
        await self._launcher.launch_url(
            map_link(lat, lon, address, android=self._android), mode=ft.LaunchMode.EXTERNAL_APPLICATION
        )
