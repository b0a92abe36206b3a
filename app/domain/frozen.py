"""Frozen dataclasses that are made by the ten thousand when a notebook opens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[_T]) -> type[_T]:
    """A dataclass with slots whose members nobody may set: mypy refuses it, as with `frozen=True`.

    What `frozen=True` adds while the program runs, setting each member through `object.__setattr__`, takes up to ten
    times as long as the object itself, and took a quarter of the time from the PIN to the day's plan.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
