"""Which of our apps may still pull (protocol.md: push from every version ever released, pull from the last three)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

RELEASED: Final = ("0.1.0",)  # oldest first; a release appends its line
PULLING: Final = 3


def may_pull(app: str | None, released: Sequence[str] = RELEASED) -> bool:
    """Whether an app of this version (`Waifang-App`) may pull: not older than the third newest release.

    One that does not say, or says something that is no version, is not known to be older.
    """
    version = _version(app or "")
    oldest = _version(released[-PULLING:][0])
    return version is None or oldest is None or version >= oldest


def _version(text: str) -> tuple[int, ...] | None:
    parts = text.strip().split("+")[0].split("-")[0].split(".")
    if not all(p.isascii() and p.isdigit() and len(p) < 10 for p in parts):
        return None
    return tuple(int(p) for p in parts)
