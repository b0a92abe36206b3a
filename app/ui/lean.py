"""Keeps Flet from looking for controls inside what cannot hold any.

For every control that comes or goes, Flet 1.0.5 asks each of its fifty or sixty members, nearly all of them never
given a value, whether a control hangs on it, and begins a generator for each to do so. That was more than half of
what Python did between a tap and the frame that answers it (6,300 generators for the hundred controls of a case).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any, Final

from flet.controls import object_patch
from flet.controls.object_patch import DiffBuilder

_PLAIN: Final = frozenset({type(None), str, int, float, bool})


class _MembersGiven:
    """What those two know as `dataclasses`: of a control, only the members that were given a value or hold several."""

    is_dataclass = staticmethod(dataclasses.is_dataclass)

    @staticmethod
    def fields(item: Any) -> Sequence[dataclasses.Field[Any]]:
        """As `dataclasses.fields`; Flet keeps what was given in `_values`, and no default of its own is a control."""
        given, several = getattr(item, "_values", None), getattr(item, "_structural_fields", None)
        if given is None or several is None:
            return dataclasses.fields(item)
        known = item.__dataclass_fields__
        return [known[name] for name in (*given, *several) if name in known]


def _with_members_given(function: Any) -> Any:
    names = {**vars(object_patch), "dataclasses": _MembersGiven}
    return FunctionType(function.__code__, names, function.__name__, function.__defaults__)


_looked_into = _with_members_given(DiffBuilder._configure_dataclass)
_let_go_of = _with_members_given(DiffBuilder._removed_controls)


def look_for_controls_where_there_can_be_some() -> None:
    """From here on Flet passes over None, words, figures and members at their default. Again is fine."""
    DiffBuilder._configure_dataclass = _configured  # type: ignore[assignment,method-assign]
    DiffBuilder._removed_controls = _removed  # type: ignore[assignment,method-assign]


def _configured(
    self: DiffBuilder, item: Any, parent: Any, frozen: bool, configure_setattr_only: bool = False
) -> Iterator[Any] | tuple[()]:
    if type(item) in _PLAIN:
        return ()
    found: Iterator[Any] = _looked_into(self, item, parent, frozen, configure_setattr_only)
    return found


def _removed(self: DiffBuilder, item: Any, recurse: bool) -> Iterator[Any] | tuple[()]:
    if type(item) in _PLAIN:
        return ()
    found: Iterator[Any] = _let_go_of(self, item, recurse)
    return found
