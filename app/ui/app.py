"""One page of the notebook: the door (绑定, 解锁), then the tabs with their screens.

`open_page` is what bootstrap calls for every page (a browser tab, the phone's one window).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakSet

import flet as ft

from app.errors import NotebookError
from app.i18n import translator
from app.ui import routes
from app.ui.context import TURNS_TO_SEND, Device, Preferences, Session, with_session
from app.ui.guard import screen
from app.ui.hooks import log
from app.ui.locking import LockWatch
from app.ui.parts.language import NAMES
from app.ui.screens.enrol import EnrolScreen
from app.ui.screens.unlock import UnlockScreen
from app.ui.syncing import SyncRun
from app.ui.theme import Sizes, theme
from app.ui.way import Way
from sync.binding import Binding, read_binding

if TYPE_CHECKING:
    from app.domain.records import Position
    from app.notebook import Notebook
    from app.ports import Notice


def _inside() -> list[ft.Route]:
    from app.ui.inside import INSIDE  # loaded at the latest when it is shown

    return INSIDE


LOCKED: Final = [ft.Route(path="/:rest*", component=UnlockScreen)]
UNBOUND: Final = [ft.Route(path="/:rest*", component=EnrolScreen)]


def open_page(
    page: ft.Page, notebook: Notebook, device: Device, beside: WeakSet[LockWatch] | None = None
) -> None:
    """Show the notebook on a page. `notebook` is shared by all pages of the process; `device` is this page's.

    `beside`: the watches of those pages. While another is in use, one left alone locks itself and not the notebook.
    """
    page.title = "外访"
    page.padding = 0
    page.locale_configuration = ft.LocaleConfiguration(
        supported_locales=[ft.Locale("zh", "CN"), ft.Locale("en", "GB")], current_locale=ft.Locale("zh", "CN")
    )
    dress(page, look_of(notebook.look()))
    page.render_views(App, notebook, device, WeakSet() if beside is None else beside)


def dress(page: ft.Page, preferences: Preferences) -> None:
    """Give the page its themes and the language of Flet's own words."""
    sizes = Sizes(preferences.text_size / 100)
    page.theme = theme(False, sizes, bundled_font=page.web)
    page.dark_theme = theme(True, sizes, bundled_font=page.web)
    page.theme_mode = ft.ThemeMode(preferences.theme)
    language, country = (
        ("zh", "CN") if preferences.language == "zh" else ("en", "GB")
    )  # the day before the month
    assert page.locale_configuration is not None
    page.locale_configuration = replace(
        page.locale_configuration, current_locale=ft.Locale(language, country)
    )


CHOSEN: Final = ("language", "theme", "text_size")


def look_of(kept: Mapping[str, str]) -> Preferences:
    """What was chosen on this phone before; what is missing or cannot be read counts as not chosen."""
    default = Preferences()
    language, theme, size = (kept.get(name, "") for name in CHOSEN)
    return Preferences(
        language=language if language in NAMES else default.language,
        theme=theme if theme in [mode.value for mode in ft.ThemeMode] else default.theme,
        text_size=min(200, max(100, int(size))) if size.isdecimal() and len(size) < 4 else default.text_size,
    )


def _as_look(chosen: Preferences) -> dict[str, str]:
    return {name: str(getattr(chosen, name)) for name in CHOSEN}


async def kept_preferences(notebook: Notebook) -> Preferences:
    """What the officer of this notebook chose before."""
    return look_of({name: await notebook.preference(name) for name in CHOSEN})


async def keep_preferences(notebook: Notebook, chosen: Preferences) -> None:
    """Keep them for the next start."""
    for name, value in _as_look(chosen).items():
        await notebook.set_preference(name, value)
    await notebook.keep_look(_as_look(chosen))


@screen
def App(notebook: Notebook, device: Device, beside: WeakSet[LockWatch]) -> Any:  # noqa: N802 - components are named like the things they draw
    """The whole page. Which routes there are depends on whether this page has proved its officer."""
    page = ft.context.page
    preferences, set_preferences = ft.use_state(cast("Preferences", lambda: look_of(notebook.look())))
    edition, set_edition = ft.use_state(0)
    here, set_here = ft.use_state(cast("Position | None", None))
    unlocked, set_unlocked = ft.use_state(False)
    unlocked_now: Any = ft.use_ref(False)
    unlocked_now.current = unlocked
    # The language chosen before the PIN: nothing can be kept until the notebook is open.
    at_the_door: Any = ft.use_ref(None)
    enrolling, set_enrolling = ft.use_state(notebook.state == "unbound")
    sync: SyncRun = ft.use_state(cast("Any", SyncRun))[0]
    way: Way = ft.use_memo(lambda: Way(page), [])
    # Opened by the branch's QR code: what it holds is taken out of the address before anything else.
    scanned: Binding | None = ft.use_memo(lambda: read_binding(page.route or ""), [])

    def forget_address() -> None:
        if scanned is not None:
            way.go(routes.TODAY)

    ft.use_effect(forget_address, [], cleanup=_nothing)

    def restyle() -> None:
        dress(page, preferences)
        page.update()

    ft.use_effect(restyle, [preferences], cleanup=_nothing)

    def reload() -> None:
        set_edition(lambda n: n + 1)

    def look_for_newer() -> None:
        if sync.too_old and device.installation is not None:
            device.installation.look()

    ft.use_effect(look_for_newer, [edition], cleanup=_nothing)

    async def after_opening() -> None:
        try:
            kept = await kept_preferences(notebook)
            if at_the_door.current is not None:
                kept = replace(kept, language=at_the_door.current)
                await keep_preferences(notebook, kept)
            else:
                await notebook.keep_look(_as_look(kept))
            set_preferences(kept)
        except NotebookError as e:
            log.warning("preferences could not be read: %s", e.message.text)
        await sync.refresh(notebook)
        sync.start(notebook, reload)
        set_here(await device.locate())

    opened = _use_task(after_opening)

    def enter() -> None:
        set_enrolling(False)
        set_unlocked(True)
        opened.start()
        watch.start()

    def leave() -> None:
        watch.stop()
        opened.stop()
        sync.stop()
        set_unlocked(False)
        set_here(None)

    async def lock() -> None:
        leave()
        if notebook.state != "locked":
            await notebook.lock()

    async def lock_by_itself() -> None:
        leave()
        if notebook.state != "locked" and not any(other.watching for other in beside):
            try:
                await notebook.lock()
            except NotebookError as e:
                log.error("could not be locked: %s", e.message.text)

    watch: LockWatch = ft.use_memo(lambda: LockWatch(notebook.now, lock_by_itself), [])

    async def come_back() -> None:
        if watch.watching and not await watch.back():
            sync.start(notebook, reload)

    def heard(notice: Notice) -> None:
        if notice == "away":
            watch.away()
        elif notice == "online" and watch.watching:
            sync.start(notebook, reload)
        elif notice == "back":
            _keep.append(asyncio.ensure_future(come_back()))

    def attend() -> None:
        beside.add(watch)
        device.watch(heard)

    ft.use_effect(attend, [], cleanup=watch.stop)

    async def after_saving() -> None:
        for _ in range(TURNS_TO_SEND):
            await asyncio.sleep(0)
        reload()
        sync.start(notebook, reload)

    def saved() -> None:
        _keep.append(asyncio.ensure_future(after_saving()))

    def choose(chosen: Preferences) -> None:
        set_preferences(chosen)
        at_the_door.current = None if unlocked_now.current else chosen.language
        if unlocked_now.current:
            _keep.append(asyncio.ensure_future(keep_preferences(notebook, chosen)))

    _keep: list[Any] = cast("Any", ft.use_ref(cast("Any", list))).current
    session = ft.use_memo(
        lambda: Session(
            notebook=notebook,
            device=device,
            t=translator(preferences.language),
            sizes=Sizes(preferences.text_size / 100),
            preferences=preferences,
            sync=sync,
            edition=edition,
            here=here,
            go=way.go,
            say=lambda words: page.show_dialog(
                ft.SnackBar(ft.Text(words), behavior=ft.SnackBarBehavior.FLOATING)
            ),
            reload=reload,
            saved=saved,
            choose=choose,
            touch=watch.touch,
            enter=enter,
            begin_anew=lambda: set_enrolling(True),
            lock=lock,
            scanned=scanned,
        ),
        [preferences, edition, here],
    )
    table = (
        UNBOUND
        if enrolling
        else LOCKED
        if not unlocked
        else _inside()
        if notebook.state != "binding"
        else UNBOUND
    )
    return with_session(session, lambda: ft.Router(table, manage_views=True))


def _nothing() -> None:
    """Flet ends an effect's task only where there is a cleanup."""


class _Task:
    """One background task of a component that can be started again and stopped."""

    def __init__(self) -> None:
        self.run: Callable[[], Any] = _nothing
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.stop()
        self.task = asyncio.create_task(self.run())

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            self.task = None


def _use_task(run: Callable[[], Any]) -> _Task:
    task: _Task = cast("Any", ft.use_ref(cast("Any", _Task))).current
    task.run = run
    ft.use_effect(lambda: None, [], cleanup=task.stop)
    return task
