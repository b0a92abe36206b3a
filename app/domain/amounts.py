"""What a day of waiting costs, and what was paid since the figures were made (terms.md, 'figures')."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

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
