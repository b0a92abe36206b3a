"""What a day of waiting costs, and what was paid since the figures were made (terms.md, 'figures')."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.domain.records import CENT, ZERO, Case, Figures

_YEAR_DAYS = 360


def penalty_of_days(case: Case, figures: Figures, days: int) -> Decimal:
    """罚息 of `days` days, CNY: overdue principal × annual rate × (1 + uplift) ÷ 360 a day, rounded once, at the end.

    An estimate: interest on unpaid interest is not in it.
    """
    yearly = figures.overdue_principal * case.loan.annual_rate * (1 + case.loan.penalty_uplift)
    return (yearly * days / _YEAR_DAYS).quantize(CENT, ROUND_HALF_UP)


def daily_penalty(case: Case, figures: Figures) -> Decimal:
    """罚息 of one day, CNY, rounded half up to the cent."""
    return penalty_of_days(case, figures, 1)


def payments_since(case: Case, figures: Figures) -> Decimal:
    """Payments dated after `as_of`, CNY: shown beside what is owed, never subtracted from it."""
    if figures.as_of is None:
        return ZERO
    as_of = figures.as_of
    return sum((p.amount for p in case.payments if p.date > as_of), ZERO)


@dataclass(frozen=True, slots=True)
class Estimate:
    """估算 of what is owed on a later day, CNY: 以柜面为准. The overdue parts as of `as_of`, and interest and penalty
    until `on`."""

    on: date
    as_of: date
    principal: Decimal
    interest: Decimal
    penalty: Decimal

    @property
    def total(self) -> Decimal:
        """What would have to be paid that day to be current."""
        return self.principal + self.interest + self.penalty


def estimate(case: Case, figures: Figures, on: date) -> Estimate | None:
    """What will be owed on `on`: instalments that fall due until then are not in it. None without figures.

    Penalty grows by a day's penalty for each day after `as_of`; the day itself is counted.
    """
    if figures.as_of is None:
        return None
    days = max((on - figures.as_of).days, 0)
    return Estimate(
        on,
        figures.as_of,
        figures.overdue_principal,
        figures.overdue_interest,
        figures.penalty_interest + penalty_of_days(case, figures, days),
    )


def in_capitals(amount: Decimal) -> str:
    """人民币大写: 1,020.50 is 壹仟零贰拾元伍角. Rounded half up to the fen; below 0 begins with 负."""
    fen = int((abs(amount) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    yuan, jiao, fen = fen // 100, fen // 10 % 10, fen % 10
    words = ("负" if amount < 0 else "") + (_capital_number(yuan) + "元" if yuan or not (jiao or fen) else "")
    if not jiao and not fen:
        return words + "整"
    if jiao:
        words += _DIGITS[jiao] + "角"
    elif yuan:
        words += "零"
    return words + (_DIGITS[fen] + "分" if fen else "")


_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")


def _capital_number(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    words, zero_due = "", False
    groups = []
    while number:
        groups.append(number % 10_000)
        number //= 10_000
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if group == 0:
            zero_due = bool(words)
            continue
        if words and (group < 1_000 or zero_due):
            words += _DIGITS[0]
        words += _capital_group(group) + _GROUPS[place]
        zero_due = False
    return words


def _capital_group(group: int) -> str:
    words, zero_due = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit == 0:
            zero_due = bool(words)
            continue
        words += (_DIGITS[0] if zero_due else "") + _DIGITS[digit] + _PLACES[place]
        zero_due = False
    return words
