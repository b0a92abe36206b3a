"""法定节假日: China's public holidays and the weekends worked for them, from the library, as the setting `holidays`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import holidays as library

from sync.branch.feed import Changes
from sync.branch.office import put_meta, read_meta, setting
from sync.branch.settings import encode

CLERK, LIBRARY = "clerk", "library"
_BY = "holidays_by"


def holidays_of(years: Iterable[int]) -> dict[str, list[str]]:
    """The setting's document for those years.

    A year whose notice the State Council has not given out yet holds the statutory days alone.
    """
    wanted = sorted(set(years))
    known = library.country_holidays("CN", years=wanted)
    off = sorted(d for d in known if d.year in wanted)
    worked = sorted(d for d in known.weekend_workdays if d.year in wanted)
    return {"holidays": [d.isoformat() for d in off], "workdays": [d.isoformat() for d in worked]}


def years_around(today: date) -> range:
    """Last year to ten years on: a loan's last instalment is years away, and the limitation of action ends three after it."""
    return range(today.year - 1, today.year + 11)


def keep_current(changes: Changes, today: date) -> bool:
    """Bring the setting up to the library's days, unless a clerk has put days of the branch's own; whether it changed."""
    if read_meta(changes.conn).get(_BY) == CLERK or _by_hand(setting(changes.conn, "holidays")):
        return False
    return bool(changes.store("settings", {"holidays": encode(holidays_of(years_around(today)))}))


def take_from_library(changes: Changes, today: date) -> bool:
    """The library's days, whatever was there; whether anything changed."""
    put_meta(changes.conn, {_BY: LIBRARY})
    return bool(changes.store("settings", {"holidays": encode(holidays_of(years_around(today)))}))


def put_by_clerk(changes: Changes) -> None:
    """From now on the days are the clerk's."""
    put_meta(changes.conn, {_BY: CLERK})


def _by_hand(kept: dict[str, Any]) -> bool:
    """Days that are not the library's, in a branch made before it was asked."""
    days = kept.get("holidays") or []
    return bool(days) and days != holidays_of({int(d[:4]) for d in days})["holidays"]
