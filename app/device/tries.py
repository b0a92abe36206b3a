"""Counting wrong PINs so that guessing takes longer than a life: durable, and robust against a clock moved back."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from app.device.files import write_durably
from app.ports import Clock

WAITS_S: Final = (0.0, 0.0, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0)
"""Seconds to wait after the first, second … wrong PIN."""
MOST: Final = 10
"""After so many it stays locked."""

_SLOT_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Count:
    number: int
    tries: int
    at: datetime | None


class Tries:
    """The counter of one data folder. Whoever can write the folder can set it back; the keystore secret is what
    keeps a copied folder safe, this keeps a lost phone safe.

    The file has two slots of a disk block each, written in turn and in place: a power cut spoils at most the one
    being written, and a full disk still lets an officer in.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._since_ms: int | None = None

    def count(self) -> int:
        """Tries since the last right PIN. A counter with no readable slot counts as full: that is no accident."""
        return self._read().tries

    def wait_s(self) -> float:
        """Seconds until the next try is looked at; 0 when it may come now. Raises OSError.

        A wall clock behind the last try was moved: the wait starts again from here rather than lasting a year.
        Where this run of the app saw the last try itself, a clock moved ahead does not shorten the wait either.
        """
        kept = self._read()
        if not 0 < kept.tries <= len(WAITS_S) or kept.at is None:
            return 0.0
        wait = WAITS_S[kept.tries - 1]
        if wait == 0:
            return 0.0
        passed = (self._clock.now() - kept.at).total_seconds()
        if self._since_ms is not None:
            passed = (self._clock.monotonic_ms() - self._since_ms) / 1000
        elif passed < 0:
            self._keep(kept.tries)
            passed = 0.0
        return max(0.0, wait - passed)

    def add(self) -> int:
        """One try more, durable before anything is looked at. Raises OSError."""
        tries = self.count() + 1
        self._keep(tries)
        return tries

    def reset(self) -> None:
        """The PIN was right. Raises OSError."""
        self._keep(0)
        self._since_ms = None

    def _keep(self, tries: int) -> None:
        kept = _Count(self._read().number + 1, tries, self._clock.now())
        if not self._path.exists():
            write_durably(self._path, _slot(kept) * 2)
        else:
            handle = os.open(self._path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
            try:
                os.lseek(handle, _SLOT_BYTES * (kept.number % 2), os.SEEK_SET)
                os.write(handle, _slot(kept))
                os.fsync(handle)
            finally:
                os.close(handle)
        self._since_ms = self._clock.monotonic_ms()

    def _read(self) -> _Count:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return _Count(0, 0, None)
        slots = (_read_slot(content[at : at + _SLOT_BYTES]) for at in (0, _SLOT_BYTES))
        return max((s for s in slots if s), key=lambda s: s.number, default=_Count(0, MOST, None))


def _slot(kept: _Count) -> bytes:
    text = json.dumps([kept.number, kept.tries, kept.at.isoformat() if kept.at else None])
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode().ljust(_SLOT_BYTES)


def _read_slot(content: bytes) -> _Count | None:
    check, _, text = content.rstrip().partition(b" ")
    if check != b"%08x" % zlib.crc32(text):
        return None
    number, tries, at = json.loads(text)
    return _Count(number, tries, datetime.fromisoformat(at) if at else None)
