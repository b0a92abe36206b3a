"""Whether the officer looks at the page, and when the network comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import flet as ft

if TYPE_CHECKING:
    from app.ports import Notice

_AWAY: Final = frozenset({ft.AppLifecycleState.HIDE, ft.AppLifecycleState.PAUSE})
_BACK: Final = frozenset({ft.AppLifecycleState.SHOW, ft.AppLifecycleState.RESUME})


class Presence:
    """Tells `heard` when one page is put away (another app, the phone's own lock), taken up again, or finds a network."""

    def __init__(self, page: ft.Page, heard: Callable[[Notice], None]) -> None:
        self._heard = heard
        self._away = False
        self._connected = True
        self._connectivity = ft.Connectivity(on_change=self._network)
        page.on_app_lifecycle_state_change = self._shown

    def _shown(self, e: ft.AppLifecycleStateChangeEvent) -> None:
        if e.state in _AWAY and not self._away:
            self._away = True
            self._heard("away")
        elif e.state in _BACK and self._away:
            self._away = False
            self._heard("back")

    def _network(self, e: ft.ConnectivityChangeEvent) -> None:
        connected = any(kind is not ft.ConnectivityType.NONE for kind in e.connectivity)
        if connected and not self._connected:
            self._heard("online")
        self._connected = connected
