"""Where the second half of the PIN's key lies: the OS keyring, or a file outside the data folder.

Without it the PIN alone opens nothing: whoever copies the data folder has not got it. A machine without a
keyring service must neither hang nor ask for anything, so a keyring is used only where it answers by itself.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from app.device.files import flush_folder, make_folder, write_durably
from app.device.folder import APP, IN_BROWSER

SERVICE: Final = "waifang-notebook"
TRIAL_S: Final = 10.0
ANSWER_S: Final = 120.0

_T = TypeVar("_T")


class KeystoreError(Exception):
    """The place of the secret does not answer."""


class Keystore(Protocol):
    """Keeps small secrets by name. `kind` is written beside the key, so that the same place is asked again."""

    kind: str

    async def get(self, name: str) -> Any:
        """The secret (the browser's: a key object that cannot be read), or None. Raises KeystoreError, OSError."""
        ...

    async def set(self, name: str, secret: bytes) -> None:
        """Keep it. Raises KeystoreError, OSError."""
        ...

    async def delete(self, name: str) -> None:
        """Forget it; an unknown one is fine. Raises KeystoreError, OSError."""
        ...


class FileKeystore:
    """One file a secret, mode 0600, outside the data folder. Weaker: whoever reads the user's files has it."""

    kind = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def get(self, name: str) -> bytes | None:
        """The secret, or None. Raises OSError."""
        try:
            return self.path_of(name).read_bytes()
        except FileNotFoundError:
            return None

    async def set(self, name: str, secret: bytes) -> None:
        """Durable when it returns. Raises OSError."""
        make_folder(self._folder)
        write_durably(self.path_of(name), secret)

    async def delete(self, name: str) -> None:
        """Forget it."""
        path = self.path_of(name)
        if path.exists():
            path.unlink()
            flush_folder(self._folder)

    def path_of(self, name: str) -> Path:
        """The file of one secret."""
        return self._folder / f"{name}.secret"


class OsKeystore:
    """The OS keyring behind one of its backends. Asked in a thread of its own with a limit: it may want to prompt."""

    kind = "keyring"

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    async def get(self, name: str) -> bytes | None:
        """The secret, or None. Raises KeystoreError."""
        kept = await _within(ANSWER_S, lambda: self._backend.get_password(SERVICE, name))
        return base64.b64decode(kept) if kept is not None else None

    async def set(self, name: str, secret: bytes) -> None:
        """Keep it, and read it back. Raises KeystoreError."""
        text = base64.b64encode(secret).decode()
        await _within(TRIAL_S, lambda: self._backend.set_password(SERVICE, name, text))
        if await _within(TRIAL_S, lambda: self._backend.get_password(SERVICE, name)) != text:
            raise KeystoreError("not kept")

    async def delete(self, name: str) -> None:
        """Forget it."""
        if await self.get(name) is not None:
            await _within(TRIAL_S, lambda: self._backend.delete_password(SERVICE, name))


def file_keystore(data_folder: Path) -> FileKeystore:
    """The file keystore of this machine; `WAIFANG_KEYSTORE_DIR` names another folder (tests, packagers)."""
    folder = _secret_folder(data_folder)
    if folder.absolute().is_relative_to(data_folder.absolute()):
        folder = data_folder.with_name(data_folder.name + ".keystore")
    return FileKeystore(folder)


def _secret_folder(data_folder: Path) -> Path:
    if given := os.environ.get("WAIFANG_KEYSTORE_DIR"):
        return Path(given)
    if sys.platform in ("android", "ios"):
        return data_folder.parent / "keystore"  # inside the app's own sandbox, outside what is exported
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / APP / "keystore"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Preferences" / APP / "keystore"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / APP / "keystore"


async def os_keystore() -> OsKeystore | None:
    """The OS keyring where there is one that answers by itself, else None."""
    if not _may_have_keyring():
        return None
    try:
        backend = await _within(TRIAL_S, _backend)
    except KeystoreError:
        return None
    return OsKeystore(backend) if backend is not None else None


def _may_have_keyring() -> bool:
    """Whether it is worth asking at all: importing the keyring costs time, and a given folder decides."""
    if os.environ.get("WAIFANG_KEYSTORE_DIR") or IN_BROWSER or sys.platform in ("android", "ios"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS")) or bool(runtime and Path(runtime, "bus").exists())


def _backend() -> Any:
    """The keyring's own choice, or the first acceptable one of a chain."""
    import keyring

    chosen = keyring.get_keyring()
    return next((b for b in getattr(chosen, "backends", None) or [chosen] if acceptable(b)), None)


def acceptable(backend: Any) -> bool:
    """A backend that is a real keyring: recommended by its own measure, not one that fails, forgets or writes plainly."""
    where = f"{type(backend).__module__}.{type(backend).__name__}".lower()
    if any(word in where for word in ("fail", "null", "plaintext", "chainer")):
        return False
    try:
        return float(backend.priority) >= 1
    except (RuntimeError, TypeError, ValueError, AttributeError):
        return False


async def _within(seconds: float, ask: Callable[[], _T]) -> _T:
    """Ask in a daemon thread: a keyring that waits for a prompt keeps neither the app nor its end waiting.

    Raises KeystoreError when it fails or takes longer.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()

    def tell(settle: Callable[[Any], None], value: Any) -> None:
        if not answer.done():
            settle(value)

    def run() -> None:
        try:
            value = ask()
        except Exception as e:  # noqa: BLE001 - backends raise what their services raise
            outcome: tuple[Callable[[Any], None], Any] = (
                answer.set_exception,
                KeystoreError(type(e).__name__),
            )
        else:
            outcome = (answer.set_result, value)
        with contextlib.suppress(RuntimeError):  # an answer after the loop has closed has nobody to go to
            loop.call_soon_threadsafe(tell, *outcome)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    waiting: Awaitable[_T] = answer
    try:
        return await asyncio.wait_for(waiting, seconds)
    except TimeoutError as e:
        raise KeystoreError("no answer") from e
