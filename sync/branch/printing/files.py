"""Putting a paper into a file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from app.domain.message import Message
from sync.branch.errors import BranchError


def put_file(path: Path, content: bytes) -> None:
    """Write a paper whole or not at all. Raises BranchError."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    except OSError as e:
        with suppress(OSError):  # where nothing can be written nothing was
            half.unlink(missing_ok=True)
        raise BranchError(Message("The file {file} cannot be written.", {"file": path.name})) from e
