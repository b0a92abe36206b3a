"""Keeps Flet from looking for controls inside what cannot hold any.

For every control that comes or goes, Flet 1.0.5 begins a generator for each of its fifty or sixty members, nearly all
of them None, to see whether a control hangs on it. That was more than half of what Python did between a tap and the
frame that answers it (6,300 generators for the hundred controls of a case).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flet.controls.object_patch import DiffBuilder

_PLAIN: Final = frozenset({type(None), str, int, float, bool})
_looked_into = DiffBuilder._configure_dataclass
_let_go_of = DiffBuilder._removed_controls


def look_for_controls_where_there_can_be_some() -> None:
    """From here on Flet passes over None, words and figures. Again is fine."""
    DiffBuilder._configure_dataclass = _configured  # type: ignore[assignment,method-assign]
    DiffBuilder._removed_controls = _removed  # type: ignore[assignment,method-assign]


def _configured(
    self: DiffBuilder, item: Any, parent: Any, frozen: bool, configure_setattr_only: bool = False
) -> Iterator[Any] | tuple[()]:
    return () if type(item) in _PLAIN else _looked_into(self, item, parent, frozen, configure_setattr_only)


def _removed(self: DiffBuilder, item: Any, recurse: bool) -> Iterator[Any] | tuple[()]:
    return () if type(item) in _PLAIN else _let_go_of(self, item, recurse)
