"""The spool: sealed records in an append-only file, flushed before a save is confirmed.

It is the second copy of what the branch has not acknowledged: should the database be lost or rolled back, what
waits is still here. A record is `length (4 bytes) + CRC-32 (4) + payload`; the payload names device, record,
sequence number and the drafts that the record replaced, and carries the sealed row in state waiting.
"""

from __future__ import annotations

import logging
import os
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

MAGIC: Final = b"waifang spool 1\n"
RECORD_MOST_BYTES: Final = 1 << 20
_log = logging.getLogger(__name__)

_HEAD: Final = struct.Struct(">II")
_SIZE: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Spooled:
    """One record of the spool, sealed as waiting."""

    device_id: str
    activity_id: str
    seq: int
    sealed: bytes
    drafts: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The frame."""
        parts = [
            self.device_id.encode(),
            self.activity_id.encode(),
            str(self.seq).encode(),
            self.sealed,
            *(d.encode() for d in self.drafts),
        ]
        payload = b"".join(_SIZE.pack(len(p)) + p for p in parts)
        return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload

    @classmethod
    def decode(cls, payload: bytes) -> Spooled:
        """Raises ValueError."""
        parts, at = [], 0
        while at < len(payload):
            if at + _SIZE.size > len(payload):
                raise ValueError("spool")
            (size,) = _SIZE.unpack_from(payload, at)
            at += _SIZE.size
            if at + size > len(payload):
                raise ValueError("spool")
            parts.append(payload[at : at + size])
            at += size
        if len(parts) < 4:
            raise ValueError("spool")
        device, activity, seq, sealed, *drafts = parts
        return cls(device.decode(), activity.decode(), int(seq), sealed, tuple(d.decode() for d in drafts))


class Shelf(Protocol):
    """Where the browser keeps the spool's frames, each under a key of its own, in order."""

    async def all(self) -> list[tuple[int, bytes]]:
        """Key and frame of everything kept. Raises OSError."""
        ...

    async def add(self, frames: Sequence[bytes]) -> list[int]:
        """Durable when it returns; all of them or none. Raises OSError."""
        ...

    async def remove(self, keys: Sequence[int]) -> None:
        """Durable when it returns. Raises OSError."""
        ...


class Spool:
    """One spool file. All calls are made under the store's lock."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._path = path
        new = not path.exists()
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        self.records: list[Spooled] = []
        self.spoiled = 0
        try:
            self._end = self._scan()
            if new:
                flush_folder(path.parent)
        except BaseException:
            os.close(self._handle)
            raise

    def _scan(self) -> int:
        """Read all sound frames; a torn tail is what a cut save left, and is written over by the next one.

        Behind a spoiled frame the next sound one is looked for byte by byte: what waits is worth it.
        """
        content = self._path.read_bytes()
        if MAGIC.startswith(content):
            self._write(0, MAGIC)
            return len(MAGIC)
        at = end = len(MAGIC)
        if not content.startswith(MAGIC):
            self.spoiled += 1
        while at + _HEAD.size <= len(content):
            found = _frame_at(content, at)
            if found is None:
                at += 1
                continue
            record, after = found
            self.spoiled += at != end
            self.records.append(record)
            at = end = after
        return end

    def mark(self) -> tuple[int, int]:
        """What `cut_back` goes back to."""
        return self._end, len(self.records)

    async def append(self, records: Sequence[Spooled]) -> None:
        """Durable when it returns. Raises OSError; `cut_back` then takes away what was written of it."""
        frames = b"".join(r.encode() for r in records)
        self._write(self._end, frames)
        self._end += len(frames)
        self.records += records

    def cut_back(self, mark: tuple[int, int]) -> None:
        """Take back what was appended since `mark`, so that a save that failed does not come back by itself."""
        self._end, count = mark
        del self.records[count:]
        try:
            os.ftruncate(self._handle, self._end)
            flush(self._handle)
        except OSError as e:
            # Cutting needs no room; a disk that refuses even that has the next record written over the rest.
            _log.warning("spool not cut back: errno %s", e.errno)

    async def keep(self, records: Sequence[Spooled]) -> None:
        """Leave only these: what the branch has acknowledged goes. Raises OSError; the old spool stays then."""
        if not records:
            os.ftruncate(self._handle, len(MAGIC))
            flush(self._handle)
            self._end = len(MAGIC)
        else:
            self._replace(records)
        self.records = list(records)
        self.spoiled = 0

    def _replace(self, records: Sequence[Spooled]) -> None:
        content = MAGIC + b"".join(r.encode() for r in records)
        beside = self._path.with_name(self._path.name + ".new")
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        try:
            write_all(handle, content)
            flush(handle)
            if sys.platform == "win32":
                os.close(self._handle)  # Windows replaces no open file
                os.close(handle)
                beside.replace(self._path)
                handle = os.open(self._path, os.O_RDWR | os.O_BINARY)
            else:
                beside.replace(self._path)
                os.close(self._handle)
                flush_folder(self._path.parent)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        self._handle, self._end = handle, len(content)

    def _write(self, at: int, content: bytes) -> None:
        os.lseek(self._handle, at, os.SEEK_SET)
        write_all(self._handle, content)
        flush(self._handle)

    def close(self) -> None:
        """Release the file."""
        os.close(self._handle)


def frame_of(content: bytes) -> Spooled | None:
    """The record of one whole frame; None where it is not sound."""
    found = _frame_at(content, 0) if len(content) >= _HEAD.size else None
    return found[0] if found is not None and found[1] == len(content) else None


def _frame_at(content: bytes, at: int) -> tuple[Spooled, int] | None:
    """The record whose frame starts there, and where the next one would; None where no sound frame starts."""
    size, check = _HEAD.unpack_from(content, at)
    start = at + _HEAD.size
    if size > RECORD_MOST_BYTES or start + size > len(content):
        return None
    payload = content[start : start + size]
    if zlib.crc32(payload) != check:
        return None
    try:
        return Spooled.decode(payload), start + size
    except ValueError:
        return None


def write_all(handle: int, content: bytes) -> None:
    """A full disk may take a part first and refuse the rest."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def flush(handle: int) -> None:
    """To the medium itself: on Apple's systems fsync stops at the drive's cache."""
    if sys.platform in ("darwin", "ios"):
        import fcntl

        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def flush_folder(folder: Path) -> None:
    """A file is only safe once its name is; Windows sees to that by itself and refuses to be asked."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
