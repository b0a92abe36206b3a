"""What every screen needs, handed down the tree: `use_session()`.

One `Session` is one officer at one page. The process may serve several pages of one notebook; each unlocks by
itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import flet as ft

from app.ui.theme import Sizes

if TYPE_CHECKING:
    from app.domain.records import Position
    from app.i18n import Translator
    from app.notebook import Notebook
    from app.ports import Notice
    from app.ui.syncing import SyncRun
    from sync.binding import Binding

# Turns of the event loop until a frame that was asked for has been drawn and written to the page's connection. What
# can wait waits for that, so that a tap is answered before everything else is drawn.
TURNS_TO_SEND: Final = 10


class Installation(Protocol):
    """The app as a page that is installed in the phone's own browser; an observable."""

    @property
    def newer(self) -> str:
        """The version of a build that is whole on this phone and waits to be used; "" where none does."""
        ...

    @property
    def failed(self) -> bool:
        """Whether that build was used already and did not open."""
        ...

    @property
    def keeps(self) -> bool | None:
        """Whether the browser has promised never to throw the app's data away; None before it has answered."""
        ...

    def look(self) -> None:
        """Ask the branch for a newer build now."""
        ...

    def switch(self) -> None:
        """Start anew with the newer build. Whoever calls has locked the notebook: then its store is closed."""
        ...


class Device(Protocol):
    """What the machine under the page can do; app.device has one for each page, bootstrap hands it in."""

    def watch(self, heard: Callable[[Notice], None]) -> None:
        """Tell `heard` from now on when the page is put away, taken up again, or finds a network."""
        ...

    @property
    def installation(self) -> Installation | None:
        """Where the app is a page of the phone's own browser; None on a desk and in a packaged app."""
        ...

    async def dial(self, number: str) -> None:
        """Open the dialler with the number in it (`tel:`)."""
        ...

    async def locate(self) -> Position | None:
        """Where the phone is now, WGS-84; None where it cannot or may not be known. Never raises."""
        ...

    async def pick_photo(self) -> bytes | None:
        """A file from camera or gallery as it is; None when none was chosen. Raises OSError where none can be had."""
        ...

    async def navigate(self, lat: float | None, lon: float | None, address: str) -> None:
        """Open the map app at a place; by the address where there is no position."""
        ...


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the officer chose in 我的. `language` zh or en, `theme` light, dark or system, `text_size` in percent."""

    language: str = "zh"
    theme: str = "system"
    text_size: int = 100


@dataclass(frozen=True)
class Session:
    """One officer at one page.

    `edition` grows with every save, sync and new day: a screen that shows data loads it anew when it changes
    (`use_loaded(load, [session.edition])`). `here` is the last known position of this page, if any.
    """

    notebook: Notebook
    device: Device
    t: Translator
    sizes: Sizes
    preferences: Preferences
    sync: SyncRun
    edition: int
    here: Position | None
    go: Callable[[str], None]
    """Show a route of app.ui.routes."""
    say: Callable[[str], None]
    """Tell the officer something in passing (a snack bar)."""
    reload: Callable[[], None]
    """Data has changed: every screen loads anew."""
    saved: Callable[[], None]
    """After a save: once that is on the screen, every screen reloads and the sync starts in the background."""
    choose: Callable[[Preferences], None]
    """Take new preferences and keep them."""
    touch: Callable[[], None]
    """The officer does something at this page: it need not lock itself yet."""
    enter: Callable[[], None]
    """The officer has proved to be the one: show what is inside."""
    begin_anew: Callable[[], None]
    """The notebook was set aside: ask for a binding."""
    lock: Callable[[], Awaitable[None]]
    """Forget the keys and ask for the PIN again, on this page and on every other of this notebook."""
    scanned: Binding | None = None
    """What the branch's QR code held, where the page was opened by it."""


_session: ft.ContextProvider[Session | None] = ft.create_context(None)


def with_session(session: Session, draw: Callable[[], object]) -> object:
    """Draw `draw()` with this session below it."""
    return _session(session, draw)


def use_session() -> Session:
    """The session of the page; a hook, so call it at the top of a component."""
    session = ft.use_context(_session)
    assert session is not None, "no session above this component"
    return session


def use_session_while_shown() -> Session:
    """The session for a screen of the stack: while another one covers it, still the session it was last drawn with.

    What lies below need not be drawn anew at every save and sync; it takes up the newest session when it is uncovered.
    """
    newest = use_session()
    held: Any = ft.use_ref(newest)
    if ft.use_route_location() == ft.use_view_path():
        held.current = newest
    shown: Session = held.current
    return shown
