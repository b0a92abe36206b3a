"""Asking for many rows at once: a statement each would cost more than what it brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

_AT_ONCE: Final = 500  # an older SQLite takes 999 parameters


def in_pieces(values: Sequence[str]) -> Iterator[tuple[Sequence[str], str]]:
    """The values in pieces that one statement can take, each with its question marks for `IN (…)`."""
    for at in range(0, len(values), _AT_ONCE):
        piece = values[at : at + _AT_ONCE]
        yield piece, ",".join("?" * len(piece))
