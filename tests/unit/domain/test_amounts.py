from decimal import Decimal

import pytest

from app.domain.amounts import daily_penalty, payments_since, penalty_of_days
from app.domain.records import Loan, money
from tests.unit.domain.made_up import START, d, made_case, made_figures, paid


def test_a_days_penalty_is_overdue_principal_by_rate_and_uplift_over_360() -> None:
    # 6589.16 × 0.0762 × 1.5 ÷ 360 = 2.092058…
    assert daily_penalty(made_case(), made_figures()) == Decimal("2.09")


def test_half_a_cent_is_rounded_up() -> None:
    loan = Loan(annual_rate=Decimal("0.36"), penalty_uplift=Decimal(0))
    assert daily_penalty(made_case(loan=loan), made_figures(overdue_principal=Decimal("12.50"))) == Decimal(
        "0.01"
    )
    assert daily_penalty(made_case(loan=loan), made_figures(overdue_principal=Decimal("4.99"))) == Decimal(
        "0.00"
    )
    assert daily_penalty(made_case(loan=loan), made_figures(overdue_principal=Decimal("5.00"))) == Decimal(
        "0.01"
    )


def test_the_penalty_of_a_month_is_rounded_once_not_daily() -> None:
    assert penalty_of_days(made_case(), made_figures(), 30) == Decimal("62.76")


def test_only_payments_after_the_figures_day_are_shown_beside_them() -> None:
    case = made_case(payments=(paid(START, "100.00"), paid(d(1), "20.50"), paid(d(2), "1.00")))
    assert payments_since(case, made_figures()) == Decimal("21.50")
    assert payments_since(case, made_figures(as_of=None)) == 0


def test_what_is_owed_is_the_three_overdue_parts() -> None:
    figures = made_figures(principal_outstanding=Decimal("26608.75"))
    assert figures.amount_due == Decimal("6770.68")
    assert figures.to_settle == Decimal("26790.27")


@pytest.mark.parametrize(
    "value", ["1e9999", "-1e9999", "1" + "0" * 15, 10**40, "NaN", "Infinity", 1.5, True, None]
)
def test_what_cannot_be_counted_in_fen_is_no_amount(value: object) -> None:
    """A supervisor may accept a record that no check let pass: the officer's plan and the exports go on."""
    assert money(value) is None


@pytest.mark.parametrize("value", ["999999999999.99", "-0.01", 7])
def test_an_amount_any_list_or_record_may_hold_is_read(value: object) -> None:
    assert money(value) == Decimal(str(value))
