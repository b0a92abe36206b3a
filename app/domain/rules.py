"""The branch's figures for every rule of a day, read from its settings; what it did not send keeps its default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.domain.calendar import Calendar
from app.domain.cash import NO_MARKETS, MarketDays
from app.domain.limits import Limits, SettingError
from app.domain.wording import Words

_T = TypeVar("_T")


@dataclass(frozen=True)
class Rules:
    """What steps, plan, clocks and gate go by. `broken`: settings that could not be used, as (name, key path)."""

    calendar: Calendar = field(default_factory=Calendar)
    limits: Limits = field(default_factory=Limits)
    market: MarketDays = NO_MARKETS
    words: Words = field(default_factory=lambda: Words.read(None))
    broken: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, settings: Mapping[str, Mapping[str, Any]]) -> Rules:
        """From the settings documents by name. A broken one costs nothing but itself: its defaults hold."""
        broken: list[tuple[str, str]] = []

        def of(name: str, read: Callable[[Mapping[str, Any] | None], _T]) -> _T:
            try:
                return read(settings.get(name))
            except SettingError as e:
                broken.append((name, e.path))
                return read(None)

        return cls(
            calendar=Calendar.from_settings(settings.get("holidays")),
            limits=of("limits", Limits.read),
            market=of("market_days", MarketDays.read),
            words=of("words", Words.read),
            broken=tuple(broken),
        )
