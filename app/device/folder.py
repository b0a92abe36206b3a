"""The data folder: where it is, and that one app at a time holds it."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from app.device.files import flush_folder, make_folder
from app.domain.message import Message
from app.errors import Busy, NotebookError, is_full, no_room_to_open

APP: Final = "waifang"
KEYS: Final = "keys.json"
LOCK: Final = "lock"
LOOK: Final = "look.json"
MOVED: Final = "moved-from.json"  # where this notebook was moved from, while a copy is left there
IN_BROWSER: Final = sys.platform == "emscripten"


class NoFolder(NotebookError):
    """The data folder cannot be made or written."""


def default_folder() -> Path:
    """Where Flet says the app may keep its data, or the platform's folder for a user's data."""
    if given := os.environ.get("FLET_APP_STORAGE_DATA"):
        return Path(given)
    return own_folder()


def own_folder() -> Path:
    """The platform's folder for a user's data. Raises RuntimeError where there is no home, as on a phone."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / APP
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / APP
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / APP


class DataFolder:
    """One data folder, readable by its owner alone. `hold` keeps a second app out until `release` or the end of
    the process, however it ends.
    """

    def __init__(self, path: Path | None = None, settle: Callable[[], Awaitable[None]] | None = None) -> None:
        self.path = (path or default_folder()).expanduser().absolute()
        self._settle = settle
        self._lock: int | None = None

    async def settle(self) -> None:
        """Returns when what was written is on the medium: at once where the files are real, after a flush in the
        browser, whose files are in memory. Raises OSError.
        """
        if self._settle is not None:
            await self._settle()

    @property
    def held(self) -> bool:
        """Whether this object holds the folder."""
        return self._lock is not None

    def hold(self) -> None:
        """Make the folder and keep others out; again is fine. Raises Busy, NoFolder."""
        if self._lock is not None:
            return
        try:
            make_folder(self.path)
            handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as e:
            if is_full(e):
                raise NoFolder(no_room_to_open()) from e
            raise NoFolder(
                Message(
                    "The data folder cannot be used: {folder}. Choose another one, or ask whoever set up this device.",
                    {"folder": str(self.path)},
                )
            ) from e
        if not _lock(handle):
            os.close(handle)
            raise Busy(
                Message(
                    "This notebook is already open in another window or program. Close it there, then try again. Nothing is lost."
                )
            )
        self._lock = handle

    def release(self) -> None:
        """Let others in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def set_aside(self, under: str) -> None:
        """Move all files into the folder `under` in this one, the keys last: until then it is a locked notebook.

        Nothing is deleted; the word on where it was moved from stays, or that copy would be moved in anew, and so does
        the look: the phone is bound anew in it. Raises OSError.
        """
        aside = self.path / under
        make_folder(aside)
        files = [f for f in self.path.iterdir() if f.is_file() and f.name not in (LOCK, KEYS, LOOK, MOVED)]
        for file in [*files, self.path / KEYS]:
            file.rename(aside / file.name)
        flush_folder(aside)
        flush_folder(self.path)
        await self.settle()


def _lock(handle: int) -> bool:
    """Whether the file is now ours alone; the system lets go of it with the process."""
    if IN_BROWSER:
        return True  # one page, one worker: the page's own guard keeps a second tab out
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
