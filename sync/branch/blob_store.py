"""Where the files of activities lie: a folder beside the database, or any store obstore knows (S3 and its kin).

A file is kept under its SHA-256, once, however many activities declare it. No file is ever deleted here. It is kept
before the database says that it is here, and outside of any transaction: the store may be far away and slow, and what is
cut in between is a file too many, never one too few.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from app.domain.message import Message
from sync.branch.errors import BranchError, FilesFailed

if TYPE_CHECKING:
    from obstore.store import RetryConfig

FOLDER: Final = "blobs"
# A phone waits for the answer: a store that does not answer is said soon, and the phone comes again.
_RETRY: Final[RetryConfig] = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
# Longer than any write goes on. Were one still alive, it would fail and its phone come again.
_LEFT_BEHIND_S: Final = 86_400


class BlobStore:
    """Files by their hash. `url` is one of obstore's (`s3://bucket/prefix`, credentials from the environment); without
    one they lie in the data folder. Raises BranchError where the store cannot be opened.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        try:
            self._folder = folder / FOLDER if url is None else None
            self._store = (
                _in_folder(self._folder)
                if self._folder is not None
                else from_url(str(url), retry_config=_RETRY)
            )
        except (BaseError, ValueError, OSError) as e:
            raise BranchError(
                Message("The store of files cannot be opened: {why}.", {"why": type(e).__name__})
            ) from e

    def put(self, sha256: str, content: bytes) -> None:
        """Keep a file, durably; the same again is fine. Raises FilesFailed; nothing half-written is ever read."""
        try:
            obstore.put(self._store, _path(sha256), content)
            if self._folder is not None:
                _flush(self._folder, self._folder / _path(sha256))
                _clear((self._folder / _path(sha256)).parent)
        except (BaseError, OSError) as e:
            raise FilesFailed(Message("A file could not be kept: {why}.", {"why": type(e).__name__})) from e

    def get(self, sha256: str) -> bytes | None:
        """The file, None where there is none. Raises FilesFailed."""
        try:
            return bytes(obstore.get(self._store, _path(sha256)).bytes())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as e:
            raise FilesFailed(Message("A file could not be read: {why}.", {"why": type(e).__name__})) from e


def _in_folder(folder: Path) -> LocalStore:
    folder.mkdir(mode=0o700, exist_ok=True)
    return LocalStore(str(folder.absolute()))


def _flush(folder: Path, file: Path) -> None:
    """To the medium, with its name: what the database says afterwards must not outlive it."""
    if sys.platform == "win32":
        return  # it refuses to be asked about folders
    for path in (file, file.parent, folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _clear(folder: Path) -> None:
    """Delete what killed processes left: obstore writes to `<name>#<n>` and gives the file its name at the end."""
    for left in folder.glob("*#*"):
        with suppress(OSError):  # another process clears too
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND_S:
                left.unlink()


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
