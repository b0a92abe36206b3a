from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.promises import PromiseView, judge
from app.domain.records import Activity, CaseFile, Payment
from tests.unit.domain.made_up import (
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
)

DUE = d(10)


def judged(
    *activities: Activity,
    today: date,
    payments: tuple[Payment, ...] = (),
    cover: date | None = None,
) -> list[PromiseView]:
    file = file_of(*activities, case=made_case(payments=payments), figures=made_figures(payments_cover=cover))
    return list(judge(file, today, ZONE))


def states(views: list[PromiseView]) -> list[str]:
    return [v.state for v in views]


@pytest.mark.parametrize(
    ("today", "payments", "cover", "state"),
    [
        (d(9), [], None, "open"),
        (d(10), [], None, "due_today"),
        (d(11), [], None, "to_verify"),
        (d(11), [], d(9), "to_verify"),
        (d(11), [(d(10), "400.00")], d(9), "to_verify"),
        (d(11), [], d(10), "broken"),
        (d(11), [(d(10), "400.00")], d(10), "partial"),
        (d(11), [(d(11), "1000.00")], d(11), "broken"),
        (d(9), [(d(4), "1000.00")], None, "broken before it was made"),
        (d(9), [(d(5), "1000.00")], None, "kept"),
        (d(11), [(d(10), "1000.00")], None, "kept"),
        (d(11), [(d(6), "600.00"), (d(10), "400.00")], d(10), "kept"),
        (d(11), [(d(6), "999.99")], d(10), "partial"),
    ],
)
def test_a_promise_is_judged_by_what_came_between_its_day_and_its_due_day(
    today: date, payments: list[tuple[date, str]], cover: date | None, state: str
) -> None:
    made = tuple(paid(on, amount) for on, amount in payments)
    (view,) = judged(promise(d(5), "1000.00", DUE), today=today, payments=made, cover=cover)
    assert view.state == ("open" if state.startswith("broken before") else state)


def test_money_counts_whoever_paid_it() -> None:
    (view,) = judged(promise(d(5), "50.00", DUE), today=d(11), payments=(paid(DUE, "50.00", payer="g1"),))
    assert view.state == "kept"


def test_what_one_promise_leaves_of_a_payment_goes_to_the_next() -> None:
    views = judged(
        promise(d(5), "300.00", d(12), "b"),
        promise(d(5), "200.00", d(10), "z"),
        today=d(13),
        payments=(paid(d(9), "400.00"),),
        cover=d(12),
    )
    assert [(v.activity_id, v.state, v.paid) for v in views] == [
        ("z", "kept", Decimal("200.00")),
        ("b", "partial", Decimal("200.00")),
    ]


def test_promises_due_on_one_day_are_served_in_the_order_of_their_ids() -> None:
    views = judged(
        promise(d(5), "100.00", DUE, "b"),
        promise(d(6), "100.00", DUE, "a"),
        today=d(11),
        payments=(paid(d(7), "100.00"),),
        cover=DUE,
    )
    assert [(v.activity_id, v.state) for v in views] == [("a", "kept"), ("b", "broken")]


def test_instalments_are_judged_each_on_its_own_day() -> None:
    parts = [
        {"amount": "100.00", "due_on": d(8).isoformat()},
        {"amount": "200.00", "due_on": d(10).isoformat()},
    ]
    views = judged(
        promise(d(5), "300.00", d(10), instalments=parts), today=d(9), payments=(paid(d(8), "100.00"),)
    )
    assert [(v.instalment, v.due_on, v.state) for v in views] == [(1, d(8), "kept"), (2, d(10), "open")]


def test_a_promise_named_by_a_later_one_is_replaced_and_takes_no_money_from_it() -> None:
    views = judged(
        promise(d(5), "500.00", d(10), "a"),
        promise(d(8), "500.00", d(12), "b", replaces="a"),
        today=d(12),
        payments=(paid(d(9), "500.00"),),
    )
    assert [(v.activity_id, v.state) for v in views] == [("a", "replaced"), ("b", "kept")]


def test_promises_that_name_each_other_replace_nothing() -> None:
    a = promise(d(5), "1.00", DUE, "a", replaces="b")
    b = promise(d(5), "1.00", DUE, "b", replaces="a")
    c = promise(d(5), "1.00", DUE, "c", replaces="c")
    assert states(judged(a, b, c, today=d(6))) == ["open", "open", "open"]


def test_a_promise_taken_back_by_a_correction_is_no_promise_and_replaces_none() -> None:
    first = promise(d(5), "1.00", DUE, "a")
    second = promise(d(6), "2.00", DUE, "b", replaces="a")
    undone = activity("correction", at(d(7)), {"of": "b", "why": "another customer"})
    assert states(judged(first, second, undone, today=d(8))) == ["open"]


def test_for_a_past_day_later_payments_and_promises_are_ignored() -> None:
    made = (promise(d(5), "10.00", DUE, "a"), promise(d(9), "10.00", d(20), "b", replaces="a"))
    assert states(judged(*made, today=d(7), payments=(paid(d(8), "10.00"),))) == ["open"]


@pytest.mark.parametrize(
    "body",
    [{"amount": "0", "due_on": "2026-11-12"}, {"amount": "much", "due_on": "2026-11-12"}, {"amount": "5.00"}],
)
def test_a_promise_that_cannot_be_read_is_not_judged(body: dict[str, str]) -> None:
    assert judged(activity("promise", at(d(5)), body), today=d(6)) == []


DAYS = st.integers(1, 12).map(d)
AMOUNTS = st.integers(1, 900).map(lambda cents: f"{Decimal(cents) / 100:.2f}")


@st.composite
def files(draw: st.DrawFn) -> CaseFile:
    made: list[Activity] = []
    for n in range(draw(st.integers(1, 5))):
        on = draw(DAYS)
        due_on = on + timedelta(days=draw(st.integers(0, 6)))
        earlier = [p.activity_id for p in made]
        replaces = draw(st.sampled_from([None, None, *earlier]))
        made.append(
            promise(on, draw(AMOUNTS), due_on, f"p{n}", **({"replaces": replaces} if replaces else {}))
        )
    payments = tuple(paid(draw(DAYS), draw(AMOUNTS), f"m{n}") for n in range(draw(st.integers(0, 5))))
    cover = draw(st.none() | DAYS)
    return CaseFile(made_case(payments=payments), made_figures(payments_cover=cover), tuple(made))


@given(files())
def test_no_yuan_is_counted_twice(file: CaseFile) -> None:
    views = judge(file, d(30), ZONE)
    assert sum(v.paid for v in views) <= sum(p.amount for p in file.case.payments)
    for v in views:
        in_window = sum(p.amount for p in file.case.payments if v.made_on <= p.date <= v.due_on)
        assert v.paid <= min(v.amount, in_window)
        assert v.state == "replaced" or (v.state == "kept") == (v.paid == v.amount)


@given(files())
def test_no_promise_is_ever_kept_when_the_money_of_its_window_is_too_little(file: CaseFile) -> None:
    # All promises that end in a window share its money.
    for since, until in {(v.made_on, v.due_on) for v in judge(file, d(30), ZONE)}:
        inside = [v for v in judge(file, d(30), ZONE) if since <= v.made_on and v.due_on <= until]
        money = sum(p.amount for p in file.case.payments if since <= p.date <= until)
        assert sum(v.paid for v in inside) <= money


@given(files())
def test_a_promise_passes_through_its_states_in_order_and_skips_none(file: CaseFile) -> None:
    alone = replace(file, activities=file.activities[:1])
    passed: list[str] = []
    (first,) = judge(alone, d(60), ZONE)
    on = first.made_on
    while on <= first.due_on + timedelta(days=3):
        cover = on - timedelta(
            days=1
        )  # each morning the data of the day before is in; on the due day's morrow it is complete
        known = replace(alone, figures=replace(alone.figures, payments_cover=cover - timedelta(days=1)))
        (view,) = judge(known, on, ZONE)
        if not passed or passed[-1] != view.state:
            passed.append(view.state)
        on += timedelta(days=1)
    whole = ["open", "due_today", "to_verify", "partial" if first.paid else "broken"]
    if first.state == "kept":
        assert passed[-1] == "kept" or passed == ["kept"]
        assert passed[:-1] == whole[: len(passed) - 1] or passed[:-1] == whole[1 : len(passed)]
    else:
        assert passed == (whole if first.made_on < first.due_on else whole[1:])


@given(files(), st.data())
def test_the_order_of_arrival_changes_no_promise(file: CaseFile, data: st.DataObject) -> None:
    shuffled = CaseFile(
        replace(file.case, payments=tuple(data.draw(st.permutations(file.case.payments)))),
        file.figures,
        tuple(data.draw(st.permutations(file.activities))),
    )
    assert judge(shuffled, d(14), ZONE) == judge(file, d(14), ZONE)


@given(files(), DAYS)
def test_an_activity_that_is_no_promise_changes_no_promise(file: CaseFile, on: date) -> None:
    more = replace(file, activities=(*file.activities, call(on, "promised")))
    assert judge(more, d(14), ZONE) == judge(file, d(14), ZONE)


@given(files(), DAYS)
def test_a_promise_due_after_all_others_changes_none_of_them(file: CaseFile, on: date) -> None:
    more = replace(file, activities=(*file.activities, promise(on, "5.00", d(40), "zz")))
    others = [v for v in judge(more, d(20), ZONE) if v.activity_id != "zz"]
    assert others == list(judge(file, d(20), ZONE))
