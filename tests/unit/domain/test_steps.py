"""procedure.md's table, row by row: the day before, the day, undone, done."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.cash import MarketDays
from app.domain.message import Text
from app.domain.records import (
    Activity,
    Address,
    Borrower,
    Case,
    CaseFile,
    Decision,
    Guarantor,
    History,
    Loan,
)
from app.domain.rules import Rules
from app.domain.steps import LONG_PAST, next_step, steps_of, unclear_date, urgency
from app.i18n import translator
from tests.unit.domain.made_up import (
    RULES,
    SMALL_LOAN,
    START,
    ZONE,
    activity,
    at,
    call,
    d,
    file_of,
    made_case,
    made_figures,
    paid,
    promise,
    state_of,
    steps_on_day,
    the,
    unseen,
    visit,
)

HOME_ONLY = Borrower("龚龑", addresses=(Address("home", "桑园村2组"),))
OLD = made_case(assigned_on=d(20))
OWED = "500.00"


def no_answer(on: date, hour: int) -> Activity:
    return call(on, "no_answer", hour)


@pytest.mark.parametrize(
    ("step", "today", "activities", "expected"),
    [
        # first_visit: from D 1 until a visit that has everything
        ("first_visit", d(0), [], "absent"),
        ("first_visit", d(1), [], "open"),
        ("first_visit", d(60), [], "open"),
        ("first_visit", d(1), [visit(d(1))], "done"),
        ("first_visit", d(2), [visit(d(1))], "absent"),
        ("first_visit", d(1), [visit(d(1), met=["s1"])], "done"),
        ("first_visit", d(1), [visit(d(1), met=["g1"])], "open"),
        ("first_visit", d(1), [visit(d(1), met=["other:mother"])], "open"),
        ("first_visit", d(1), [visit(d(1), met=[])], "open"),
        ("first_visit", d(1), [visit(d(1), business_state="")], "open"),
        ("first_visit", d(1), [visit(d(1), reason="")], "open"),
        ("first_visit", d(1), [visit(d(1), explained=[])], "open"),
        ("first_visit", d(1), [visit(d(1), "met_family")], "open"),
        ("first_visit", d(1), [call(d(1), "promised")], "open"),
        ("first_visit", d(1), [visit(START)], "open"),
        # daily_call: D 1, 2, 3, each day anew
        ("daily_call", d(0), [], "absent"),
        ("daily_call", d(1), [], "open"),
        ("daily_call", d(3), [call(d(2))], "open"),
        ("daily_call", d(4), [], "absent"),
        ("daily_call", d(2), [call(d(2))], "done"),
        ("daily_call", d(2), [call(d(2), party="s1")], "done"),
        ("daily_call", d(2), [call(d(2), party="g1")], "open"),
        ("daily_call", d(2), [call(d(2), party="other:neighbour")], "open"),
        ("daily_call", d(2), [visit(d(2))], "done"),
        ("daily_call", d(2), [visit(d(2), met=[])], "open"),
        ("daily_call", d(2), [no_answer(d(2), 9)], "open"),
        ("daily_call", d(2), [no_answer(d(2), 9), no_answer(d(2), 11)], "open"),
        ("daily_call", d(2), [no_answer(d(2), 9), no_answer(d(2), 12)], "done"),
        ("daily_call", d(2), [no_answer(d(2), 9), unseen(d(2), hour=12)], "done"),
        ("daily_call", d(2), [no_answer(d(1), 9), no_answer(d(2), 12)], "open"),
        ("daily_call", d(2), [no_answer(d(2), 9), call(d(2), "no_answer", 15, party="g1")], "open"),
        # second_visit: from D 4, at the business
        ("second_visit", d(3), [], "absent"),
        ("second_visit", d(4), [], "open"),
        ("second_visit", d(40), [], "open"),
        ("second_visit", d(4), [visit(d(3))], "open"),
        ("second_visit", d(4), [visit(d(4))], "done"),
        ("second_visit", d(5), [visit(d(4))], "absent"),
        ("second_visit", d(4), [visit(d(4), place="home")], "open"),
        ("second_visit", d(4), [visit(d(4), met=[])], "open"),
        ("second_visit", d(4), [visit(d(2), business_state="gone"), visit(d(4), place="home", business_state="not_seen")], "done"),
        # promise_remind: the day before
        ("promise_remind", d(7), [promise(d(5), OWED, d(9))], "absent"),
        ("promise_remind", d(8), [promise(d(5), OWED, d(9))], "open"),
        ("promise_remind", d(9), [promise(d(5), OWED, d(9))], "absent"),
        ("promise_remind", d(8), [promise(d(5), OWED, d(9)), call(d(8))], "done"),
        ("promise_remind", d(8), [promise(d(5), OWED, d(9)), call(d(7))], "open"),
        ("promise_remind", d(8), [promise(d(5), OWED, d(9), party="g1"), call(d(8))], "open"),
        ("promise_remind", d(8), [promise(d(5), OWED, d(9), party="g1"), call(d(8), party="g1")], "done"),
        # promise_due: on the day
        ("promise_due", d(8), [promise(d(5), OWED, d(9))], "absent"),
        ("promise_due", d(9), [promise(d(5), OWED, d(9))], "open"),
        ("promise_due", d(9), [promise(d(5), OWED, d(9)), call(d(9))], "done"),
        ("promise_due", d(9), [promise(d(5), OWED, d(9)), no_answer(d(9), 9)], "open"),
        ("promise_due", d(10), [promise(d(5), OWED, d(9))], "absent"),
        # promise_verify: past the day, the data does not reach it (it reaches D 10 here)
        ("promise_verify", d(11), [promise(d(5), OWED, d(11))], "absent"),
        ("promise_verify", d(12), [promise(d(5), OWED, d(11))], "open"),
        ("promise_verify", d(12), [promise(d(5), OWED, d(11)), visit(d(12))], "open"),
        ("promise_verify", d(12), [promise(d(5), OWED, d(10))], "absent"),
        # promise_broken: past the day, the data covers it
        ("promise_broken", d(9), [promise(d(5), OWED, d(9))], "absent"),
        ("promise_broken", d(10), [promise(d(5), OWED, d(9))], "open"),
        ("promise_broken", d(10), [promise(d(5), OWED, d(9)), call(d(10), "promised")], "open"),
        ("promise_broken", d(10), [promise(d(5), OWED, d(9)), visit(d(9))], "open"),
        ("promise_broken", d(10), [promise(d(5), OWED, d(9)), visit(d(10))], "done"),
        ("promise_broken", d(12), [promise(d(5), OWED, d(9)), visit(d(10))], "absent"),
        ("promise_broken", d(10), [promise(d(5), OWED, d(9), party="g1"), visit(d(10))], "open"),
        (
            "promise_broken",
            d(10),
            [promise(d(5), OWED, d(9), party="g1"), visit(d(10), party="g1", met=[])],
            "done",
        ),
    ],
)  # fmt: skip
def test_a_step_is_open_from_its_day_until_it_is_done(
    step: str, today: date, activities: Sequence[Activity], expected: str
) -> None:
    file = file_of(*activities, figures=made_figures(payments_cover=d(10)))
    assert state_of(file, step, today) == expected


@pytest.mark.parametrize(
    ("step", "today", "due_on", "overdue"),
    [
        ("first_visit", d(1), d(2), 0),
        ("first_visit", d(2), d(2), 0),
        ("first_visit", d(5), d(2), 3),
        ("daily_call", d(3), d(3), 0),
        ("second_visit", d(6), d(6), 0),
        ("second_visit", d(9), d(6), 3),
    ],
)
def test_a_step_past_its_due_day_says_by_how_many_days(
    step: str, today: date, due_on: date, overdue: int
) -> None:
    found = the(steps_on_day(file_of(), today), step)
    assert (found.due_on, found.overdue_days) == (due_on, overdue)


@pytest.mark.parametrize(
    ("start", "due_on"),
    [
        (date(2026, 11, 5), date(2026, 11, 9)),  # D 1 a Friday: counted, then Monday
        (date(2026, 11, 6), date(2026, 11, 10)),  # D 1 a Saturday: Monday and Tuesday
        (date(2026, 11, 9), date(2026, 11, 11)),
    ],
)
def test_by_the_second_working_day_counts_day_one_when_it_is_one(start: date, due_on: date) -> None:
    file = file_of(episode_start=start)
    assert the(steps_on_day(file, date(2026, 11, 13)), "first_visit").due_on == due_on


def test_the_branchs_holidays_move_the_due_day() -> None:
    off = Rules(Calendar(frozenset({d(2), d(3)})))
    assert the(steps_on_day(file_of(), d(1), off), "first_visit").due_on == d(4)


def test_a_visit_that_met_nobody_asks_for_another_within_two_working_days_and_says_so() -> None:
    step = the(steps_on_day(file_of(unseen(d(4))), d(4)), "first_visit")  # a Friday
    assert (step.done, step.due_on) == (False, d(8))
    assert translator("zh").say(step.why).startswith("已上门未见")
    done = the(steps_on_day(file_of(unseen(d(4)), visit(d(4))), d(4)), "first_visit")
    assert done.done and not translator("zh").say(done.why).startswith("已上门未见")


def test_the_visit_that_met_nobody_counts_from_the_last_one() -> None:
    step = the(steps_on_day(file_of(unseen(d(2)), unseen(d(1))), d(7)), "first_visit")
    assert (step.due_on, step.overdue_days) == (d(4), 3)


def test_a_first_visit_from_before_this_system_counts_when_it_was_in_this_episode() -> None:
    inside = file_of(history=History(first_visit_on=d(1)))
    before = file_of(history=History(first_visit_on=date(2026, 9, 1)))
    assert state_of(inside, "first_visit", d(3)) == "absent"
    assert state_of(before, "first_visit", d(3)) == "open"


def test_a_case_that_comes_back_after_being_current_starts_anew() -> None:
    returned = file_of(visit(d(2)), promise(d(2), OWED, d(4)), episode_start=d(20), assigned_on=d(1))
    assert state_of(returned, "first_visit", d(21)) == "open"
    assert state_of(returned, "promise_broken", d(21)) == "absent"


def test_a_part_payment_moves_the_days_shown_and_no_step() -> None:
    moved = file_of(figures=made_figures(due_since=d(20)))
    assert state_of(moved, "daily_call", d(21)) == "absent"
    assert state_of(moved, "second_visit", d(21)) == "open"


@pytest.mark.parametrize(("assigned", "second"), [(d(7), "open"), (d(8), "absent")])
def test_a_case_assigned_after_day_seven_never_asks_a_second_visit(assigned: date, second: str) -> None:
    known = file_of(assigned_on=assigned, history=History(last_contact_on=d(5)))
    assert state_of(known, "second_visit", d(9)) == second
    assert state_of(known, "first_visit", d(9)) == "open"
    assert state_of(known, "takeover_visit", d(9)) == "absent"


@pytest.mark.parametrize(
    ("case", "before", "takeover"),
    [
        (OLD, [], "open"),
        (made_case(assigned_on=d(8)), [], "open"),
        (made_case(assigned_on=d(7)), [], "absent"),
        (made_case(assigned_on=None), [], "absent"),
        (replace(OLD, history=History(notice_served_on=d(9))), [], "absent"),
        (replace(OLD, history=History(last_contact_on=date(2026, 6, 1))), [], "open"),
        (OLD, [call(d(12))], "absent"),
        (OLD, [call(d(20))], "open"),
    ],
)
def test_a_takeover_visit_is_for_cases_that_come_in_old_with_nothing_known(
    case: Case, before: list[Activity], takeover: str
) -> None:
    file = file_of(*before, case=case)
    assert state_of(file, "takeover_visit", d(21)) == takeover
    assert state_of(file, "first_visit", d(21)) == ("absent" if takeover == "open" else "open")
    if takeover == "open":
        assert state_of(file, "second_visit", d(21)) == "absent"


def test_a_takeover_visit_opens_when_assigned_and_is_done_as_a_first_visit() -> None:
    assert state_of(file_of(case=OLD), "takeover_visit", d(19)) == "absent"
    assert state_of(file_of(visit(d(20)), case=OLD), "takeover_visit", d(20)) == "done"
    assert state_of(file_of(visit(d(20)), case=OLD), "takeover_visit", d(21)) == "absent"


def test_only_the_due_day_of_a_takeover_is_spread() -> None:
    case = replace(OLD, assigned_on=d(21))  # a Monday: the tenth working day is the Friday of the next week
    for slot, due_on in ((0, d(21)), (1, d(22)), (5, d(28)), (9, d(32))):
        step = the(steps_on_day(file_of(case=case), d(21), slot=slot), "takeover_visit")
        assert (step.opens_on, step.due_on) == (d(21), due_on)


@pytest.mark.parametrize("reason", ["", "under_deposit", "wrong_account", "family"])
def test_where_little_is_missing_a_call_with_the_exact_amount_takes_the_visits_place(reason: str) -> None:
    little = made_figures(missing=Decimal("100.00"))
    told = [visit(d(1), reason=reason, met=[])] if reason else []
    for today in (d(2), d(5)):
        steps = steps_on_day(file_of(*told, figures=little), today)
        assert [s for s in steps if s.kind == "visit"] == []
        exact = the(steps, "exact_amount_call")
        said = translator("zh").say(exact.why)
        assert (exact.kind, "¥100.00" in said, "1934" in said) == ("call", True, True)


def test_a_takeover_visit_gets_to_know_the_case_though_little_is_missing_and_the_call_goes_before_it() -> (
    None
):
    old = file_of(case=OLD, figures=made_figures(missing=Decimal("25.97")))
    assert {s.step: s.kind for s in steps_on_day(old, d(21))} == {
        "takeover_visit": "visit",
        "exact_amount_call": "call",
        "contact_guarantors": "guarantor_demand",
        "serve_notice": "notice",
    }


@pytest.mark.parametrize("missing", ["0.00", "100.01"])
def test_a_visit_stays_a_visit_where_nothing_or_more_is_missing(missing: str) -> None:
    file = file_of(figures=made_figures(missing=Decimal(missing)))
    assert state_of(file, "first_visit", d(2)) == "open"
    assert state_of(file, "exact_amount_call", d(2)) == "absent"


@pytest.mark.parametrize(
    ("today", "activities", "expected"),
    [
        (d(0), [], "absent"),
        (d(1), [], "open"),
        (d(1), [no_answer(d(1), 9), no_answer(d(1), 15)], "open"),
        (d(1), [call(d(1))], "done"),
        (d(2), [call(d(1))], "absent"),
        (d(4), [call(d(1))], "open"),
        (d(4), [call(d(4))], "done"),
        (d(5), [call(d(4))], "absent"),
        (d(30), [visit(d(2)), visit(d(5))], "absent"),
    ],
)
def test_the_exact_amount_is_told_once_for_each_visit_it_replaces(
    today: date, activities: list[Activity], expected: str
) -> None:
    little = made_figures(missing=Decimal("3.27"))
    assert state_of(file_of(*activities, figures=little), "exact_amount_call", today) == expected


@pytest.mark.parametrize(
    ("paid_on", "amount", "expected"),
    [(d(9), "500.00", "done"), (d(7), "500.00", "absent"), (d(9), "499.99", "open")],
)
def test_a_promise_paid_on_its_day_is_done_and_one_paid_before_was_never_asked(
    paid_on: date, amount: str, expected: str
) -> None:
    file = file_of(promise(d(5), "500.00", d(9)), case=made_case(payments=(paid(paid_on, amount),)))
    assert state_of(file, "promise_due", d(9)) == expected


def test_a_promise_kept_in_part_is_visited_and_says_what_is_missing() -> None:
    file = file_of(
        promise(d(5), "500.00", d(9)),
        case=made_case(payments=(paid(d(8), "120.00"),)),
        figures=made_figures(payments_cover=d(9)),
    )
    step = the(steps_on_day(file, d(10)), "promise_broken")
    assert step.kind == "visit"
    assert "¥380.00" in translator("zh").say(step.why)


def test_a_new_promise_by_telephone_does_not_spare_the_visit_a_broken_one_asks_for() -> None:
    again = [
        promise(d(5), OWED, d(9), "a"),
        call(d(10), "promised"),
        promise(d(10), OWED, d(14), "b", replaces="a"),
    ]
    file = file_of(*again, figures=made_figures(payments_cover=d(9)))
    assert state_of(file, "promise_broken", d(10)) == "open"
    assert state_of(replace(file, activities=(*again, visit(d(11)))), "promise_broken", d(11)) == "done"


def test_a_promise_replaced_in_time_asks_nothing_more() -> None:
    file = file_of(
        promise(d(5), OWED, d(9), "a"),
        promise(d(8), OWED, d(12), "b", replaces="a"),
        figures=made_figures(payments_cover=d(10)),
    )
    assert [s for s in steps_on_day(file, d(10)) if s.step.startswith("promise")] == []


def test_what_the_days_own_records_closed_stays_listed_as_done() -> None:
    due_today = [promise(d(5), OWED, d(9), "a"), promise(d(9), OWED, d(12), "b", replaces="a")]
    assert state_of(file_of(*due_today), "promise_due", d(9)) == "done"


def test_a_corrected_visit_opens_the_step_again() -> None:
    wrong = visit(d(1))
    undone = activity("correction", at(d(2)), {"of": wrong.activity_id, "why": "another customer"})
    assert state_of(file_of(wrong, undone), "first_visit", d(2)) == "open"


def test_home_is_the_place_of_trade_where_there_is_no_business() -> None:
    file = file_of(visit(d(4), place="home"), borrower=HOME_ONLY)
    assert state_of(file, "second_visit", d(4)) == "done"


@pytest.mark.parametrize("status", ["watch", "off_list", "legal", "closed", "something new"])
def test_only_an_open_case_is_asked_for_these_steps(status: str) -> None:
    decided = (Decision("legal", "", "s1", d(3)),)
    file = file_of(promise(d(1), OWED, d(2)), status=status, decisions=decided)
    assert steps_of(file, SMALL_LOAN, RULES, d(2), ZONE) == ()


def test_a_case_without_an_episode_is_only_asked_about_its_promises() -> None:
    file = file_of(promise(d(1), OWED, d(2)), episode_start=None)
    assert [s.step for s in steps_on_day(file, d(2))] == ["promise_due"]


@pytest.mark.parametrize(
    ("activities", "unclear"),
    [
        ([], False),
        ([call(d(1))], False),
        ([visit(d(1))], True),
        ([visit(d(1), "promised")], True),
        ([visit(d(1)), promise(d(1), OWED, d(9))], False),
        ([visit(d(1), "refused")], False),
        ([visit(d(1)), call(d(3), "unable")], False),
        ([visit(d(1)), call(d(3), "unable", party="g1")], True),
    ],
)
def test_a_visited_case_without_promise_refusal_or_inability_says_so(
    activities: list[Activity], unclear: bool
) -> None:
    assert unclear_date(file_of(*activities), d(5), ZONE) is unclear


@pytest.mark.parametrize(
    ("since", "unclear"),
    [
        ([], False),
        ([call(d(5), "will_pay_undated")], True),
        ([call(d(5), "will_pay_undated"), call(d(6), "unable")], False),
        ([call(d(4), "will_pay_undated")], False),
        ([call(d(5), "will_pay_undated"), promise(d(5), OWED, d(9))], False),
    ],
)
def test_a_wish_to_pay_without_a_date_after_a_broken_promise_leaves_the_date_unclear(
    since: list[Activity], unclear: bool
) -> None:
    broken = promise(d(1), OWED, d(4))
    file = file_of(visit(d(1)), broken, *since, figures=made_figures(payments_cover=d(6)))
    assert unclear_date(file, d(7), ZONE) is unclear


def test_a_case_not_open_says_nothing_about_its_date() -> None:
    assert not unclear_date(file_of(visit(d(1)), status="watch"), d(5), ZONE)


def test_three_working_days_past_its_due_day_a_step_goes_to_the_front() -> None:
    first = file_of()  # due on D 2, a Wednesday
    assert urgency(the(steps_on_day(first, d(6)), "first_visit"), RULES, d(6)) > LONG_PAST
    assert urgency(the(steps_on_day(first, d(7)), "first_visit"), RULES, d(7)) == LONG_PAST


def test_the_next_step_is_a_promise_then_what_is_late_then_what_closes_first() -> None:
    late = steps_on_day(file_of(), d(4))
    broken = file_of(promise(d(1), OWED, d(2)), figures=made_figures(payments_cover=d(3)))
    first = steps_on_day(file_of(), d(1))
    assert [s.step if (s := next_step(x)) else "" for x in (late, steps_on_day(broken, d(3)), first)] == [
        "first_visit",
        "promise_broken",
        "daily_call",
    ]
    assert next_step([replace(s, done=True) for s in first]) is None


def test_every_step_says_why_in_both_languages_with_no_gap_left() -> None:
    file = file_of(
        promise(d(1), OWED, d(2), "a"),
        promise(d(1), OWED, d(3), "b"),
        promise(d(1), OWED, d(4), "c"),
        unseen(d(1)),
        figures=made_figures(payments_cover=d(2)),
    )
    small: CaseFile = replace(file, figures=made_figures(missing=Decimal("5.00")))
    seen = [*steps_on_day(file, d(3)), *steps_on_day(file, d(4)), *steps_on_day(small, d(3))]
    assert {s.step for s in seen} >= {"promise_broken", "promise_due", "promise_remind", "promise_verify"}
    for step in seen:
        for language in ("zh", "en"):
            for text in (step.title, step.why):
                assert isinstance(text, Text)
                assert "{" not in translator(language).say(text)


# ---- guarantors, notice, what follows it


def notice(on: date, addressee: str = "borrower", hour: int = 10, **body: object) -> Activity:
    given = {"addressee": addressee, "method": "in_person", "result": "signed"}
    return activity("notice", at(on, hour), {**given, **body})


def demand(on: date, agreed: str = "urges_borrower", who: str = "g1", hour: int = 12) -> Activity:
    return activity(
        "guarantor_demand", at(on, hour), {"guarantor_id": who, "method": "call", "agreed": agreed}
    )


def referral(on: date, to: str = "legal") -> Activity:
    return activity("referral", at(on), {"to": to, "why": "x"})


ONE = (Guarantor("g1", "胡国强", "guarantor"),)
SERVED = notice(d(8))


@pytest.mark.parametrize(
    ("step", "today", "activities", "expected"),
    [
        # contact_guarantors: from D 4, one per guarantor
        ("contact_guarantors", d(3), [], "absent"),
        ("contact_guarantors", d(4), [], "open"),
        ("contact_guarantors", d(30), [], "open"),
        ("contact_guarantors", d(4), [demand(d(4))], "done"),
        ("contact_guarantors", d(5), [demand(d(4))], "absent"),
        ("contact_guarantors", d(4), [demand(d(3))], "open"),
        ("contact_guarantors", d(4), [demand(d(4), "unreached")], "open"),
        ("contact_guarantors", d(4), [demand(d(4), who="g2")], "open"),
        ("contact_guarantors", d(4), [call(d(4), party="g1")], "done"),
        ("contact_guarantors", d(4), [call(d(4), "no_answer", party="g1")], "open"),
        ("contact_guarantors", d(4), [visit(d(4), party="g1", met=["g1"])], "done"),
        # serve_notice: from D 7
        ("serve_notice", d(6), [], "absent"),
        ("serve_notice", d(7), [], "open"),
        ("serve_notice", d(40), [], "open"),
        ("serve_notice", d(7), [notice(d(7))], "done"),
        ("serve_notice", d(8), [notice(d(7))], "absent"),
        ("serve_notice", d(7), [notice(d(6))], "open"),
        ("serve_notice", d(7), [notice(d(7), "g1")], "open"),
        ("serve_notice", d(7), [notice(d(7), "s1")], "open"),
        # call_after_notice: every day after the day of service
        ("call_after_notice", d(8), [SERVED], "absent"),
        ("call_after_notice", d(9), [], "absent"),
        ("call_after_notice", d(9), [SERVED], "open"),
        ("call_after_notice", d(60), [SERVED], "open"),
        ("call_after_notice", d(9), [SERVED, call(d(9))], "done"),
        ("call_after_notice", d(10), [SERVED, call(d(9))], "open"),
        ("call_after_notice", d(9), [SERVED, call(d(9), "no_answer", 9)], "open"),
        ("call_after_notice", d(9), [SERVED, call(d(9), "no_answer", 9), call(d(9), "busy", 11)], "open"),
        ("call_after_notice", d(9), [SERVED, call(d(9), "no_answer", 9), call(d(9), "busy", 12)], "done"),
        ("call_after_notice", d(9), [notice(d(6))], "absent"),
        # guarantor_repay: from the moment of service
        ("guarantor_repay", d(7), [], "absent"),
        ("guarantor_repay", d(8), [SERVED], "open"),
        ("guarantor_repay", d(8), [SERVED, demand(d(8))], "done"),
        ("guarantor_repay", d(8), [SERVED, demand(d(8), hour=9)], "open"),
        ("guarantor_repay", d(9), [SERVED, demand(d(9), "unreached")], "open"),
        ("guarantor_repay", d(9), [SERVED, demand(d(9), "pays")], "open"),
        ("guarantor_repay", d(9), [SERVED, demand(d(9), "pays"), promise(d(9), OWED, d(12))], "open"),
        ("guarantor_repay", d(9), [SERVED, demand(d(9), "pays"), promise(d(9), OWED, d(12), party="g1")], "done"),
        ("guarantor_repay", d(10), [SERVED, demand(d(9), "pays"), promise(d(9), OWED, d(12), party="g1")], "absent"),
        ("guarantor_repay", d(10), [SERVED, demand(d(9), "pays"), promise(d(10), OWED, d(12), party="g1")], "done"),
        ("guarantor_repay", d(9), [SERVED, demand(d(9), "refuses")], "done"),
        ("guarantor_repay", d(15), [SERVED, demand(d(9), "refuses")], "absent"),
        ("guarantor_repay", d(16), [SERVED, demand(d(9), "refuses")], "open"),
        ("guarantor_repay", d(16), [SERVED, demand(d(9), "refuses"), demand(d(16), "refuses")], "done"),
        ("guarantor_repay", d(22), [SERVED, demand(d(9), "refuses"), demand(d(16), "refuses")], "absent"),
        ("guarantor_repay", d(23), [SERVED, demand(d(9), "refuses"), demand(d(16), "refuses")], "open"),
        ("guarantor_repay", d(40), [SERVED, demand(d(9), "refuses"), demand(d(16))], "absent"),
        ("guarantor_repay", d(40), [SERVED, demand(d(9), "refuses"), demand(d(11))], "absent"),
        ("guarantor_repay", d(18), [SERVED, demand(d(9)), demand(d(12), "refuses")], "absent"),
        ("guarantor_repay", d(19), [SERVED, demand(d(9)), demand(d(12), "refuses")], "open"),
        ("guarantor_repay", d(19), [SERVED, demand(d(9)), demand(d(12), "refuses"), demand(d(19))], "done"),
        # legal_referral: served, and one of three
        ("legal_referral", d(89), [SERVED], "absent"),
        ("legal_referral", d(90), [], "absent"),
        ("legal_referral", d(90), [SERVED], "open"),
        ("legal_referral", d(90), [SERVED, referral(d(90))], "done"),
        ("legal_referral", d(91), [SERVED, referral(d(90))], "absent"),
        ("legal_referral", d(90), [SERVED, referral(d(90), "supervisor")], "open"),
        ("legal_referral", d(9), [SERVED, call(d(9), "refused")], "open"),
        ("legal_referral", d(9), [SERVED, call(d(7), "refused")], "absent"),
        ("legal_referral", d(8), [SERVED, call(d(8), "refused", 9)], "absent"),
        ("legal_referral", d(8), [SERVED, call(d(8), "refused", 11)], "open"),
        ("legal_referral", d(11), [SERVED, call(d(9), "unable"), call(d(10), "unable")], "absent"),
        ("legal_referral", d(11), [SERVED, call(d(9), "unable"), demand(d(11), "refuses")], "absent"),
        ("legal_referral", d(11), [SERVED, call(d(9), "unable"), call(d(10), "unable"), demand(d(11), "refuses")], "open"),
        ("legal_referral", d(13), [SERVED, call(d(9), "unable"), call(d(10), "unable"), demand(d(11), "refuses"), demand(d(12))], "absent"),
    ],
)  # fmt: skip
def test_the_steps_around_the_notice(
    step: str, today: date, activities: Sequence[Activity], expected: str
) -> None:
    assert state_of(file_of(*activities, guarantors=ONE), step, today) == expected


def test_every_guarantor_is_asked_by_name() -> None:
    steps = [s for s in steps_on_day(file_of(), d(4)) if s.step == "contact_guarantors"]
    assert [s.party for s in steps] == ["g1", "g2"]
    assert ["胡国强" in translator("zh").say(s.why) for s in steps] == [True, False]


def test_a_notice_is_due_by_the_tenth_day() -> None:
    step = the(steps_on_day(file_of(guarantors=ONE), d(12)), "serve_notice")
    assert (step.due_on, step.overdue_days, step.kind) == (d(10), 2, "notice")


def test_a_notice_served_before_this_system_counts_and_starts_what_follows() -> None:
    file = file_of(history=History(notice_served_on=d(8)), assigned_on=d(9), guarantors=ONE)
    assert state_of(file, "serve_notice", d(9)) == "absent"
    assert state_of(file, "call_after_notice", d(9)) == "open"
    assert state_of(file, "guarantor_repay", d(9)) == "open"
    earlier = file_of(history=History(notice_served_on=date(2026, 5, 1)), guarantors=ONE)
    assert state_of(earlier, "serve_notice", d(9)) == "open"


def test_what_was_due_before_the_case_came_is_counted_from_its_coming() -> None:
    late = file_of(call(d(1)), assigned_on=d(40), guarantors=ONE)
    assert the(steps_on_day(late, d(41)), "serve_notice").due_on == d(43)
    taken = file_of(assigned_on=d(40), guarantors=ONE)
    visit_due = the(steps_on_day(taken, d(41), slot=9), "takeover_visit").due_on
    assert the(steps_on_day(taken, d(41), slot=9), "serve_notice").due_on == visit_due


def test_misuse_goes_to_court_only_once_the_supervisor_has_confirmed_it() -> None:
    told = visit(d(1), reason="misuse")
    assert state_of(file_of(told, guarantors=ONE), "legal_referral", d(2)) == "absent"
    confirmed = file_of(told, guarantors=ONE, decisions=(Decision("misuse", "x", "主管", d(2)),))
    assert state_of(confirmed, "legal_referral", d(1)) == "absent"
    assert state_of(confirmed, "legal_referral", d(2)) == "open"


# ---- cash dates, the end of a case


@pytest.mark.parametrize(
    ("today", "activities", "expected"),
    [
        (d(10), [], "absent"),
        (d(11), [], "open"),
        (d(12), [], "open"),
        (d(13), [], "open"),
        (d(14), [], "absent"),
        (d(11), [call(d(11))], "done"),
        (d(12), [call(d(11))], "absent"),
        (d(11), [call(d(11), "no_answer")], "open"),
        (d(11), [call(d(10))], "open"),
    ],
)
def test_a_cash_date_is_asked_for_from_a_day_before_to_a_day_after(
    today: date, activities: Sequence[Activity], expected: str
) -> None:
    told = visit(d(2), cash_outlook={"on": d(12).isoformat(), "amount": "800.00", "source": "卖猪"})
    file = file_of(told, *activities)
    assert state_of(file, "cash_date", today) == expected
    if expected == "open":
        assert "卖猪" in translator("zh").say(the(steps_on_day(file, today), "cash_date").why)


def test_a_market_day_of_the_village_is_a_cash_date() -> None:
    market = MarketDays.read({"villages": {"桑园村": {"calendar": "solar", "days": [3]}}})
    rules = Rules(market=market)
    days = [n for n in range(30) if "cash_date" in [s.step for s in steps_on_day(file_of(), d(n), rules)]]
    assert [d(n).day for n in days] == [2, 3, 4, 12, 13, 14, 22, 23, 24]


def watched(*activities: Activity, longest: int = 20, status: str = "watch") -> CaseFile:
    dates = [date(2026, month, 20) for month in (8, 9, 10, 11, 12)]
    loan = Loan(instalment_dates=(*dates, date(2027, 1, 20), date(2027, 2, 20)))
    figures = made_figures(longest_dpd=longest)
    return file_of(*activities, status=status, status_since=START, loan=loan, figures=figures)


@pytest.mark.parametrize(
    ("today", "activities", "expected"),
    [
        (date(2026, 11, 16), [], "absent"),
        (date(2026, 11, 17), [], "open"),
        (date(2026, 11, 19), [], "open"),
        (date(2026, 11, 20), [], "absent"),
        (date(2026, 11, 17), [call(date(2026, 11, 17), "no_answer")], "done"),
        (date(2026, 11, 18), [call(date(2026, 11, 17))], "absent"),
        (date(2026, 12, 17), [call(date(2026, 11, 17))], "open"),
        (date(2027, 1, 18), [], "open"),
        (date(2027, 2, 18), [], "absent"),
    ],
)
def test_a_repaid_case_is_called_before_each_of_its_next_three_instalments(
    today: date, activities: Sequence[Activity], expected: str
) -> None:
    assert state_of(watched(*activities), "watch_check", today) == expected


@pytest.mark.parametrize(
    ("longest", "status", "activities", "expected"),
    [
        (89, "watch", [], "absent"),
        (90, "watch", [], "open"),
        (90, "closed", [], "open"),
        (90, "open", [], "absent"),
        (90, "watch", [referral(d(30), "blacklist")], "done"),
        (90, "watch", [activity("note", at(d(30)), {"text": "不列入：家中变故，已还清"})], "done"),
        (90, "watch", [activity("note", at(d(30)), {"text": "还在考虑"})], "open"),
    ],
)
def test_a_long_overdue_case_is_reviewed_for_the_blacklist_once_repaid(
    longest: int, status: str, activities: Sequence[Activity], expected: str
) -> None:
    assert (
        state_of(watched(*activities, longest=longest, status=status), "blacklist_review", d(30)) == expected
    )


def test_the_limitation_is_a_step_in_its_last_thirty_days_and_gone_once_interrupted() -> None:
    due = START + timedelta(days=20) - timedelta(days=3 * 365 + 1)
    case = {"loan": Loan(maturity=due), "guarantors": ()}
    file = file_of(**case)
    step = the(steps_on_day(file, d(10)), "limitation_period")
    assert (step.kind, step.due_on) == ("notice", d(21))  # D 20 is a Sunday
    assert urgency(step, RULES, d(10)) > 0
    assert urgency(step, RULES, d(11)) == 0
    signed = file_of(notice(d(10)), **case)
    assert state_of(signed, "limitation_period", d(10)) == "done"
    assert state_of(signed, "limitation_period", d(11)) == "absent"


def test_a_joint_guarantee_is_a_step_in_its_last_thirty_days_and_done_by_a_demand() -> None:
    members = {
        "loan": Loan(maturity=date(2026, 6, 1)),
        "guarantors": (Guarantor("g1", "胡国强", "guarantor", "joint"),),
    }
    ends = date(2026, 12, 1)
    assert state_of(file_of(**members), "guarantee_demand", date(2026, 10, 31)) == "absent"
    assert state_of(file_of(**members), "guarantee_demand", date(2026, 11, 1)) == "open"
    assert state_of(file_of(**members), "guarantee_demand", ends) == "open"
    assert state_of(file_of(**members), "guarantee_demand", date(2026, 12, 2)) == "absent"
    asked = file_of(demand(d(5)), **members)
    assert state_of(asked, "guarantee_demand", d(5)) == "done"
    assert state_of(asked, "guarantee_demand", d(6)) == "absent"


ACTS = st.lists(
    st.tuples(st.sampled_from([call, visit, unseen]), st.integers(1, 12))
    | st.tuples(st.sampled_from(["g1", "g2"]), st.integers(4, 12)),
    max_size=8,
)


@settings(max_examples=60)
@given(ACTS, st.randoms(use_true_random=False))
def test_the_order_in_which_activities_arrive_changes_no_step(acts: list[Any], random: Random) -> None:
    made = [
        promise(d(n), "5.00", d(n + 2), party=what) if isinstance(what, str) else what(d(n))
        for what, n in acts
    ]
    shuffled = random.sample(made, len(made))
    assert steps_on_day(file_of(*shuffled), d(12)) == steps_on_day(file_of(*made), d(12))
