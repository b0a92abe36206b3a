"""The one place where the parts are put together."""

from __future__ import annotations

import contextlib
import os
import platform
import threading
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from app import VERSION
from app.device.clock import SystemClock
from app.device.folder import IN_BROWSER, KEYS, DataFolder, NoFolder
from app.device.keys import KeyRing
from app.device.look import KeptLook
from app.device.moving import notebook_folder
from app.domain.message import Message
from app.domain.places import ready_to_measure
from app.domain.procedure import Procedure, read_procedures
from app.i18n import mark
from app.i18n.pinyin import initials
from app.notebook import Notebook
from app.ports import Clock, NotebookError, Ports, SealedJournal, Sealer, Store
from app.store.opening import discard_store, open_store
from app.store.salvaging import read_sealed
from app.store.schema import SPOOL
from app.store.shelved_spool import ShelvedSpool
from app.store.spool import Shelf, Spool
from app.store.trouble import not_saved
from sync.client import BadAddress, HttpBranch, server_address
from sync.engine import Branch
from sync.salvage import pack_salvage

ASSETS: Final = Path(__file__).parent.parent / "assets"

_ADDRESS: Final = {
    "not_an_address": mark("This is not a server address. It looks like https://branch.example:8443; ask the branch for theirs."),
    "needs_tls": mark("The connection to the branch must be protected: the address has to begin with https://."),
}  # fmt: skip


def open_notebook(data: Path | None = None, clock: Clock | None = None) -> Notebook:
    """The notebook over a data folder (the app's own where none is given); nothing is opened or made yet, but a
    notebook that an earlier installation left elsewhere is moved in.

    `clock` is the phone's own unless a test brings another.
    """
    clock = clock or SystemClock()
    if IN_BROWSER:
        return _browser_notebook(clock)
    folder = DataFolder(data if data is not None else notebook_folder())
    keys = KeyRing(folder, clock)

    async def open_here(sealer: Sealer) -> Store:
        return await open_store(folder.path, sealer, clock, released=folder.release)

    async def discard() -> None:
        await discard_store(folder.path)
        await keys.discard()

    return _notebook(
        folder, keys, clock, open_here, discard, name=platform.node(), kind=platform.system().lower()
    )


def _notebook(
    folder: DataFolder,
    keys: KeyRing,
    clock: Clock,
    open_here: Callable[[Sealer], Awaitable[Store]],
    discard: Callable[[], Awaitable[None]],
    *,
    name: str,
    kind: str,
    shelf: Shelf | None = None,
    home: str = "",
) -> Notebook:
    return Notebook(
        Ports(
            keys=keys,
            open_store=open_here,
            discard=discard,
            release=folder.release,
            salvage=lambda: _salvage(folder, shelf),
            set_aside=lambda: _set_aside(folder, clock, shelf),
            address=_address,
            connect=_connect,
            clock=clock,
            initials=initials(),
            procedures=bundled_procedures(),
            wrap_anew=keys.wrap_anew,
            look=KeptLook(folder),
            device_name=name,
            platform=kind,
            home=home,
        )
    )


async def _salvage(folder: DataFolder, shelf: Shelf | None = None) -> SealedJournal:
    """The folder is left as it is. Raises NotebookError where there is no notebook, Busy where an app has it open."""
    keys_file = folder.path / KEYS
    if not keys_file.is_file():
        raise NotebookError(Message("There is no notebook in this data folder."))
    with contextlib.suppress(NoFolder):  # a medium that cannot be written: nobody else has it open either
        folder.hold()
    try:
        shelved = (await ShelvedSpool.open(shelf)).records if shelf is not None else ()
        found = read_sealed(folder.path, shelved)
        content = pack_salvage(keys_file.read_bytes(), found.rows)
    except OSError as e:
        raise NotebookError(Message("The data folder cannot be read.")) from e
    finally:
        folder.release()
    return SealedJournal(content, found.records, found.waiting, found.files, found.damaged)


async def _set_aside(folder: DataFolder, clock: Clock, shelf: Shelf | None = None) -> None:
    """Raises NotebookError where the files cannot be moved, Busy where another app has them open."""
    folder.hold()
    try:
        shelved = await ShelvedSpool.open(shelf) if shelf is not None else None
        if shelved is not None:
            beside = Spool(folder.path / SPOOL)
            try:
                await beside.append(shelved.records)
            finally:
                beside.close()
        await folder.set_aside(f"handed-in-{clock.now():%Y%m%dT%H%M%SZ}")
        if shelved is not None:
            await shelved.keep([])
    except OSError as e:
        raise NotebookError(Message("The old records could not be moved aside. Please try again.")) from e
    finally:
        folder.release()


def bundled_procedures() -> dict[str, Procedure]:
    """The procedures the app was shipped with, by name: what holds until the branch has sent its own."""
    files = sorted((ASSETS / "procedures").glob("*.toml"))
    return read_procedures(tomllib.loads(f.read_text("utf-8")) for f in files)


def serve(data: Path | None, *, port: int, browser: bool) -> None:
    """The app as a page on 127.0.0.1, until stopped; `browser` opens it."""
    from app.device.page_device import PageDevice
    from app.device.page_server import serve_page
    from app.ui.start import page_of

    notebook = open_notebook(data)
    _load_meanwhile()
    serve_page(page_of(notebook, PageDevice), assets=ASSETS, port=port, browser=browser)


def _browser_notebook(clock: Clock) -> Notebook:
    """The same over the browser's storage, keys and network; one page, one data folder."""
    from app.device.browser.cipher import BrowserCipher, BrowserKeystore
    from app.device.browser.page_link import page
    from app.device.browser.storage import DATA, FlushedStore, IndexedShelf, flush

    folder, shelf = DataFolder(Path(DATA), settle=flush), IndexedShelf()
    keys = KeyRing(folder, clock, BrowserKeystore(), BrowserCipher())

    async def open_here(sealer: Sealer) -> Store:
        try:
            store = await open_store(
                folder.path, sealer, clock, released=folder.release, shelf=shelf, settle=flush
            )
            await flush()
        except BaseException:
            page().shell.tell("unopened")  # a build just switched to gives its place back
            raise
        page().shell.tell("opened")
        page().shell.tell("persist")  # there are records now which the browser must not throw away
        return cast("Store", FlushedStore(store, not_saved))

    async def discard() -> None:
        await discard_store(folder.path, shelf)
        await keys.discard()

    came_from = urlsplit(page().address)
    home = f"{came_from.scheme}://{came_from.netloc}"
    return _notebook(folder, keys, clock, open_here, discard, name="", kind="browser", shelf=shelf, home=home)


def packaged() -> bool:
    """Whether Flet's shell runs this program inside an app that `flet build` put together."""
    return bool(os.environ.get("FLET_PLATFORM"))


def show() -> None:
    """The app in the window of the phone's own shell; no server, no port. Returns when the app is closed."""
    import flet as ft

    from app.device.page_device import PageDevice
    from app.ui.start import page_of

    _load_meanwhile()
    ft.run(page_of(open_notebook(), PageDevice))


def _load_meanwhile() -> None:
    """What lies behind the PIN, loaded while the officer types it."""
    threading.Thread(target=_load_what_lies_behind, name="load", daemon=True).start()


def _load_what_lies_behind() -> None:
    import app.ui.inside  # noqa: F401

    ready_to_measure()


def _address(typed: str) -> str:
    try:
        return server_address(typed)
    except BadAddress as e:
        raise NotebookError(Message(_ADDRESS[e.why])) from e


def _connect(server: str, token: str) -> Branch:
    if IN_BROWSER:
        from sync.fetching import FetchTransport

        return HttpBranch(server, token, VERSION, FetchTransport())
    return HttpBranch(server, token, VERSION)
