"""Where the files of activities lie: a folder beside the database, or any store obstore knows (S3 and its kin).

A file is kept under its SHA-256, once, however many activities declare it. Nothing is ever deleted here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from app.domain.message import Message
from sync.branch.errors import BranchError

FOLDER: Final = "blobs"


class BlobStore:
    """Files by their hash. `url` is one of obstore's (`s3://bucket/prefix`, credentials from the environment); without
    one they lie in the data folder. Raises BranchError where the store cannot be opened.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        try:
            self._store = _in_folder(folder / FOLDER) if url is None else from_url(url)
        except (BaseError, ValueError, OSError) as e:
            raise BranchError(
                Message("The store of files cannot be opened: {why}.", {"why": type(e).__name__})
            ) from e

    def put(self, sha256: str, content: bytes) -> None:
        """Keep a file. Raises BranchError; nothing half-written is ever read."""
        try:
            obstore.put(self._store, _path(sha256), content)
        except (BaseError, OSError) as e:
            raise BranchError(Message("A file could not be kept: {why}.", {"why": type(e).__name__})) from e

    def get(self, sha256: str) -> bytes | None:
        """The file, None where there is none. Raises BranchError."""
        try:
            return bytes(obstore.get(self._store, _path(sha256)).bytes())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as e:
            raise BranchError(Message("A file could not be read: {why}.", {"why": type(e).__name__})) from e


def _in_folder(folder: Path) -> LocalStore:
    folder.mkdir(mode=0o700, exist_ok=True)
    return LocalStore(str(folder.absolute()))


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
