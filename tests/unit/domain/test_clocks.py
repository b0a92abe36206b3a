"""law.md, the clocks: by the statutes' examples."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.clocks import GuaranteeClock, Limitation, guarantee_clocks, limitation
from app.domain.limits import Limits
from app.domain.records import Activity, Case, Debtor, Guarantor, Loan, Payment
from tests.unit.domain.made_up import activity, at, call, made_case, visit

DUE = date(2024, 6, 20)
TODAY = date(2026, 11, 24)
LIMITS = Limits()


def case_of(due: date | None = DUE, **members: Any) -> Case:
    return made_case(loan=Loan(maturity=due, annual_rate=Decimal("0.1")), **members)


def ledger(*activities: Activity, case: Case | None = None, calendar: Calendar = Calendar()) -> Limitation:  # noqa: B008
    known = [(a.happened_at.date(), a) for a in activities]
    return limitation(case or case_of(), known, calendar, LIMITS, TODAY)


def notice(on: date, result: str = "signed", addressee: object = "borrower", **body: Any) -> Activity:
    given = {"addressee": addressee, "method": "in_person", "result": result}
    return activity("notice", at(on), {**given, **body})


def demand(on: date, who: str = "g1", agreed: str = "urges_borrower") -> Activity:
    return activity("guarantor_demand", at(on), {"guarantor_id": who, "method": "visit", "agreed": agreed})


def clock(
    *activities: Activity, case: Case | None = None, today: date = TODAY, **guarantor: Any
) -> GuaranteeClock:
    given: dict[str, Any] = {
        "guarantor_id": "g1",
        "name": "胡国强",
        "role": "guarantor",
        "liability": "joint",
    }
    who = Guarantor(**{**given, **guarantor})
    case = replace(case or case_of(), guarantors=(who,))
    known = [(a.happened_at.date(), a) for a in activities]
    [found] = guarantee_clocks(case, known, Calendar(), LIMITS, today)
    return found


# ---- limitation


def test_three_years_from_the_last_instalment() -> None:
    # 20 June 2027 is a Sunday.
    assert ledger().expires_on == date(2027, 6, 21)
    assert ledger(case=case_of(date(2024, 2, 29))).expires_on == date(2027, 3, 1)


def test_a_due_date_that_is_not_known_is_no_date() -> None:
    found = ledger(case=case_of(None))
    assert found.expires_on is None
    assert found.unknown is not None


@pytest.mark.parametrize(
    ("act", "effect", "missing"),
    [
        (notice(date(2026, 3, 2)), "interrupts", ()),
        (notice(date(2026, 3, 2), "fingerprint"), "interrupts", ()),
        (notice(date(2026, 3, 2), "refused_witnessed", witness="李四"), "interrupts", ()),
        (notice(date(2026, 3, 2), "refused_witnessed"), "weak", ("witness",)),
        (notice(date(2026, 3, 2), "left", method="left_at_place"), "weak", ("receipt",)),
        (notice(date(2026, 3, 2), "posted", method="posted"), "weak", ("post_no", "delivery")),
        (notice(date(2026, 3, 2), "posted", method="posted", post_no="EMS1"), "weak", ("delivery",)),
        (notice(date(2026, 3, 2), addressee="g1"), "no", ()),
        (notice(date(2026, 3, 2), addressee={"of": "g1"}), "no", ()),  # a supervisor accepted it all the same
        (activity("promise", at(date(2026, 3, 2)), {"party": "borrower", "amount": "1", "due_on": "2026-03-05", "signed": True}), "interrupts", ()),
        (activity("promise", at(date(2026, 3, 2)), {"party": "borrower", "amount": "1", "due_on": "2026-03-05"}), "interrupts", ("signature",)),
        (activity("promise", at(date(2026, 3, 2)), {"party": "g1", "amount": "1", "due_on": "2026-03-05"}), "no", ()),
        (call(date(2026, 3, 2), "asks_relief"), "interrupts", ("written_request",)),
        (call(date(2026, 3, 2), "refused"), "weak", ("recording",)),
        (call(date(2026, 3, 2), "no_answer"), "no", ()),
        (visit(date(2026, 3, 2), with_officer="w002"), "interrupts", ()),
        (visit(date(2026, 3, 2)), "weak", ("witness",)),
        (visit(date(2026, 3, 2), met=[]), "no", ()),
        (demand(date(2026, 3, 2)), "no", ()),
        (activity("note", at(date(2026, 3, 2)), {"text": "x"}), "no", ()),
    ],
)  # fmt: skip
def test_what_an_activity_does_to_the_limitation(
    act: Activity, effect: str, missing: tuple[str, ...]
) -> None:
    found = ledger(act)
    line = found.lines[-1]
    assert (line.source_id, line.effect, line.missing) == (act.activity_id, effect, missing)
    # 2 March 2029 is a Friday.
    assert found.expires_on == (date(2029, 3, 2) if effect == "interrupts" else date(2027, 6, 21))
    assert line.expires_on == found.expires_on


def test_a_part_payment_of_the_debtor_interrupts_and_a_guarantors_does_not() -> None:
    paid = [
        Payment("p1", date(2026, 3, 2), Decimal("10.00")),
        Payment("p2", date(2026, 4, 1), Decimal("10.00"), "g1"),
    ]
    found = ledger(case=case_of(payments=tuple(paid)))
    assert [(x.source_id, x.effect) for x in found.lines[1:]] == [("p1", "interrupts"), ("p2", "no")]
    assert found.expires_on == date(2029, 3, 2)


def test_before_the_last_instalment_is_due_an_interruption_shortens_nothing() -> None:
    found = ledger(notice(date(2024, 1, 10)))
    assert found.expires_on == date(2027, 6, 21)


def test_what_comes_after_the_end_is_for_counsel_and_moves_no_date() -> None:
    found = ledger(notice(date(2026, 3, 2)), case=case_of(date(2020, 6, 22)))
    assert found.expires_on == date(2023, 6, 22)
    assert (found.lines[-1].effect, found.lines[-1].missing) == ("weak", ("counsel",))
    assert found.days_left is not None and found.days_left < 0


def test_a_spouses_promise_is_a_debtors() -> None:
    told = activity("promise", at(date(2026, 3, 2)), {"party": "s1", "amount": "1", "due_on": "2026-03-05"})
    case = case_of(debtors=(Debtor("s1", "spouse", "赵敏"),))
    assert ledger(told, case=case).lines[-1].effect == "interrupts"


# ---- guarantee periods


@pytest.mark.parametrize(
    ("due", "agreed", "ends"),
    [
        (date(2026, 8, 31), None, date(2027, 3, 1)),  # 28 February is a Sunday
        (date(2026, 6, 1), None, date(2026, 12, 1)),
        (date(2026, 6, 1), date(2027, 6, 1), date(2027, 6, 1)),
        (date(2026, 6, 1), date(2026, 6, 1), date(2026, 12, 1)),  # on the due date: not agreed
        (date(2026, 6, 1), date(2026, 5, 1), date(2026, 12, 1)),
    ],
)
def test_the_guarantee_period_is_as_agreed_or_six_months(due: date, agreed: date | None, ends: date) -> None:
    found = clock(case=case_of(due), guarantee_ends=agreed)
    assert found.ends_on == ends
    assert found.how is not None
    assert (found.caution is not None) == (ends == date(2027, 3, 1))
    assert ("counts as not agreed" in found.how.text) == (agreed is not None and agreed <= due)


@pytest.mark.parametrize(
    ("left", "level"), [(31, 0), (30, 1), (11, 1), (10, 2), (4, 2), (3, 3), (0, 3), (-1, 4)]
)
def test_the_countdown_turns_red_at_thirty_ten_and_three_days(left: int, level: int) -> None:
    end = date(2026, 12, 1)
    today = date.fromordinal(end.toordinal() - left)
    found = clock(case=case_of(date(2026, 6, 1)), today=today)
    assert (found.days_left, found.level) == (left, level)


def test_joint_liability_is_met_by_a_demand_on_that_guarantor_within_the_period() -> None:
    case = case_of(date(2026, 6, 1))
    assert clock(demand(date(2026, 9, 1)), case=case).met_on == date(2026, 9, 1)
    assert clock(demand(date(2026, 9, 1)), case=case).level == 0
    assert clock(demand(date(2026, 9, 1), "g2"), case=case).met_on is None
    assert clock(demand(date(2026, 9, 1), agreed="unreached"), case=case).met_on is None
    assert clock(demand(date(2026, 5, 1)), case=case).met_on is None
    assert clock(demand(date(2026, 12, 2)), case=case).met_on is None
    assert clock(notice(date(2026, 9, 1), addressee="g1"), case=case).met_on == date(2026, 9, 1)
    assert clock(notice(date(2026, 9, 1), "left", addressee="g1"), case=case).met_on is None


@pytest.mark.parametrize("liability", ["general", "unstated"])
def test_general_and_unclear_liability_ask_for_a_suit_that_no_demand_replaces(liability: str) -> None:
    found = clock(demand(date(2026, 9, 1)), case=case_of(date(2026, 6, 1)), liability=liability)
    assert (found.task, found.met_on) == ("sue", None)


def test_a_counter_guarantee_is_computed_only_where_its_end_is_agreed() -> None:
    found = clock(case=case_of(date(2026, 6, 1)), role="counter_guarantor")
    assert found.ends_on is None
    assert found.unknown is not None
    agreed = clock(case=case_of(date(2026, 6, 1)), role="counter_guarantor", guarantee_ends=date(2027, 1, 4))
    assert agreed.ends_on == date(2027, 1, 4)


ACTS = st.lists(
    st.builds(
        lambda kind, day: {"notice": notice, "demand": demand, "call": call, "visit": visit}[kind](day),
        st.sampled_from(["notice", "demand", "call", "visit"]),
        st.dates(date(2023, 1, 1), TODAY),
    ),
    max_size=8,
)


@given(ACTS, st.randoms())
def test_the_order_of_arrival_changes_no_date(acts: Sequence[Activity], random: Any) -> None:
    shuffled = list(acts)
    random.shuffle(shuffled)
    assert ledger(*acts) == ledger(*shuffled)


@given(ACTS)
def test_one_more_activity_never_brings_an_end_nearer(acts: Sequence[Activity]) -> None:
    ends = [ledger(*acts[:n]).expires_on or date.max for n in range(len(acts) + 1)]
    by_day = sorted(acts, key=lambda a: a.happened_at)
    ends = [ledger(*by_day[:n]).expires_on or date.max for n in range(len(by_day) + 1)]
    assert ends == sorted(ends)
