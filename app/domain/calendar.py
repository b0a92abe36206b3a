"""Working days by the branch's holiday setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.domain.records import day

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """`holidays` are off on whatever weekday they fall; `workdays` are weekend days worked to make up for them."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    @classmethod
    def from_settings(cls, doc: Mapping[str, Any] | None) -> Calendar:
        """From the branch's setting `holidays`: `{"holidays": [dates], "workdays": [dates]}`; unreadable days are left out."""

        def days(member: str) -> frozenset[date]:
            listed = (doc or {}).get(member)
            return frozenset(d for d in map(day, listed if isinstance(listed, list) else ()) if d)

        return cls(days("holidays"), days("workdays"))

    def is_working_day(self, on: date) -> bool:
        """Whether the branch works on that day."""
        if on in self.workdays:
            return True
        return on.weekday() < _SATURDAY and on not in self.holidays

    def nth_working_day(self, from_day: date, n: int, inclusive: bool) -> date:
        """The `n`-th working day from `from_day`; `inclusive` counts that day itself when it is one.

        Raises ValueError when `n` is below 1.
        """
        if n < 1:
            raise ValueError("working days are counted from 1")
        on = from_day if inclusive else from_day + _DAY
        while True:
            if self.is_working_day(on):
                n -= 1
                if n == 0:
                    return on
            on += _DAY

    def add_working_days(self, from_day: date, n: int) -> date:
        """`n` working days later; `from_day` itself is not counted, and 0 gives it back."""
        return from_day if n == 0 else self.nth_working_day(from_day, n, inclusive=False)

    def working_days_past(self, due: date, today: date, enough: int) -> int:
        """Working days after `due` up to and with `today`, counted no further than `enough`."""
        passed = 0
        on = due + _DAY
        while on <= today and passed < enough:
            passed += self.is_working_day(on)
            on += _DAY
        return passed
