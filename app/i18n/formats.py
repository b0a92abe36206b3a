"""Money, days and times the way each language writes them. Pure: no clock, no zone of its own."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_CENT: Final = Decimal("0.01")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS: Final = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def money(amount: Decimal) -> str:
    """¥12,470.50: two places, half a fen rounded up, the sign before the ¥."""
    if not amount.is_finite():
        return str(amount)
    rounded = amount.quantize(_CENT, ROUND_HALF_UP)
    sign = "-" if rounded < 0 else ""
    return f"{sign}¥{abs(rounded):,.2f}"


def day(language: str, d: date, *, year: bool) -> str:
    """11月23日 / 23 Nov, with `year` 2026年11月23日 / 23 Nov 2026; a line does not break inside an English one."""
    if language == "zh":
        short = f"{d.month}月{d.day}日"
        return f"{d.year}年{short}" if year else short
    short = f"{d.day}\u00a0{_MONTHS[d.month - 1]}"
    return f"{short}\u00a0{d.year}" if year else short


def weekday(language: str, d: date) -> str:
    """周一 / Mon."""
    return _WEEKDAYS["zh" if language == "zh" else "en"][d.weekday()]


def clock(at: datetime) -> str:
    """09:05, in the instant's own offset."""
    return f"{at:%H:%M}"
