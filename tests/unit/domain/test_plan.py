import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.places import mean, metres
from app.domain.plan import Capacities, DayPlan, Kept, PlanItem, mix_of, only_calls, plan_day, takeover_slots
from app.domain.records import Activity, Address, Borrower, Case, CaseFile, Guarantor, Loan, Position
from tests.unit.domain.made_up import (
    PROCEDURES,
    RULES,
    ZONE,
    activity,
    at,
    call,
    d,
    made_case,
    made_figures,
    promise,
    unseen,
    visit,
)

TODAY = d(21)  # a Monday
NEAR = {"甲镇": (32.20, 106.70), "乙镇": (32.25, 106.75), "丙镇": (32.60, 107.20)}  # 丙镇 is 60 km away


def loan(
    n: int,
    age: int,
    town: str = "甲镇",
    *activities: Activity,
    amount: str = "1000.00",
    at_position: tuple[float, float] | None = None,
    cover: date | None = None,
    **members: object,
) -> CaseFile:
    """The `n`-th customer, `age` days into the episode today, assigned on its first day."""
    start = TODAY - timedelta(days=age)
    lat, lon = at_position or (None, None)
    case = made_case(
        **{
            "case_id": f"c{n:04}",
            "contract_no": f"5107{n:08}",
            "borrower": Borrower("某", addresses=(Address("business", "x", town, "村", lat, lon),)),
            "episode_start": start,
            "assigned_on": start + timedelta(days=1),
            **members,
        }
    )
    figures = made_figures(
        due_since=start,
        overdue_principal=Decimal(amount),
        overdue_interest=Decimal(0),
        penalty_interest=Decimal(0),
        payments_cover=cover,
    )
    return CaseFile(case, figures, tuple(replace(a, case_id=case.case_id) for a in activities))


def plan(
    files: Sequence[CaseFile], today: date = TODAY, here: Position | None = None, **settings: int
) -> DayPlan:
    return plan_day(files, PROCEDURES, settings, RULES, today, ZONE, here)


def ids(items: Sequence[PlanItem]) -> list[str]:
    return [i.case_id for i in items]


def broken(n: int, town: str = "甲镇", *more: Activity) -> CaseFile:
    made = promise(TODAY - timedelta(days=9), "500.00", TODAY - timedelta(days=2))
    return loan(n, 15, town, visit(TODAY - timedelta(days=12)), made, *more, cover=TODAY)


def test_eight_doors_and_twenty_five_calls_are_a_day() -> None:
    day = plan([loan(n, 2) for n in range(40)])
    assert (len(day.visits), len(day.calls), len(day.waiting)) == (8, 25, 7)
    assert (day.todo, day.done) == (33, 0)


def test_the_branchs_capacities_go_before_the_procedures_own() -> None:
    day = plan([loan(n, 2) for n in range(10)], doors=2, calls=3)
    assert (len(day.visits), len(day.calls), len(day.waiting)) == (2, 3, 5)
    assert Capacities.read({"doors": "many", "calls": -1}, PROCEDURES) == Capacities()


def test_broken_and_due_promises_may_exceed_the_capacities_and_nothing_else_comes_with_them() -> None:
    due = [loan(100 + n, 9, "甲镇", visit(d(19)), promise(d(19), "10.00", TODAY)) for n in range(27)]
    day = plan([*(broken(n) for n in range(10)), *due, *(loan(300 + n, 2) for n in range(5))])
    assert sorted(ids(day.visits)) == [f"c{n:04}" for n in range(10)]
    assert sorted(i for i in ids(day.calls)) == [f"c{n:04}" for n in range(100, 127)]
    assert len(day.waiting) == 5


def test_without_positions_the_doors_are_in_one_town_but_for_broken_promises() -> None:
    day = plan(
        [loan(1, 2, "甲镇"), loan(2, 2, "甲镇"), loan(3, 2, "乙镇"), broken(4, "甲镇"), broken(5, "丙镇")]
    )
    assert ids(day.visits) == ["c0004", "c0005", "c0001", "c0002"]


def test_two_towns_near_each_other_make_a_day_and_a_far_one_waits() -> None:
    files = [loan(n, 2, town, at_position=NEAR[town]) for n, town in enumerate(NEAR) for _ in (0,)]
    far_first = [files[2], files[0], files[1]]
    day = plan(far_first)
    assert sorted(i.town for i in day.visits) == ["乙镇", "甲镇"]
    assert [i.town for i in day.calls] == ["丙镇"]


def test_the_radius_is_measured_between_the_mean_positions_of_a_towns_cases() -> None:
    spread = [
        loan(1, 2, "甲镇", at_position=(32.20, 106.70)),
        loan(2, 2, "甲镇", at_position=(32.20, 107.10), procedure="unknown"),  # moves the mean 19 km east
        loan(3, 2, "乙镇", at_position=(32.20, 106.71)),
    ]
    assert {i.town for i in plan(spread).visits} == {"甲镇"}
    assert {i.town for i in plan([spread[0], spread[2]]).visits} == {"甲镇", "乙镇"}


def test_the_order_is_promises_long_past_closing_reminders_then_the_amount() -> None:
    reminded = loan(1, 6, "甲镇", visit(d(16)), visit(d(19)), promise(d(20), "5.00", d(22)))
    files = [
        reminded,
        loan(2, 60, amount="10.00", assigned_on=d(21)),
        loan(3, 60, amount="90000.00", assigned_on=d(21)),
        loan(4, 2),
        loan(5, 12, "甲镇", call(d(12))),
        broken(6),
    ]
    day = plan(files)
    assert [i for i in day.order if i in ("c0006", "c0005", "c0004", "c0001")] == [
        "c0006",
        "c0005",
        "c0004",
        "c0001",
    ]
    assert ids(day.visits)[:2] == ["c0006", "c0005"]
    assert ids(plan([files[1], files[2]], today=d(21)).visits) == ["c0003", "c0002"]


def test_what_is_three_working_days_past_comes_before_windows_about_to_close() -> None:
    past, closing = loan(1, 8), loan(2, 2)  # first visits due on the 15th and on this Monday
    assert ids(plan([closing, past]).visits) == ["c0001", "c0002"]
    assert plan([closing, past]).visits[0].overdue_days > 3


def test_a_walk_stays_in_a_town_and_takes_the_nearest_door_first() -> None:
    doors = [
        loan(1, 2, "甲镇", at_position=(32.209, 106.70)),
        loan(2, 2, "乙镇", at_position=(32.25, 106.75)),
        loan(3, 2, "甲镇", at_position=(32.201, 106.70)),
        loan(4, 2, "乙镇", at_position=(32.24, 106.75)),
    ]
    walked = plan(doors, here=Position(32.20, 106.70)).visits
    assert ids(walked) == ["c0003", "c0001", "c0004", "c0002"]
    assert [i.distance_m for i in walked] == sorted(i.distance_m or 0 for i in walked)
    assert [i.distance_m for i in plan(doors).visits] == [None] * 4


def test_ties_go_by_days_and_then_by_case_id() -> None:
    assert plan([loan(2, 1), loan(1, 1), loan(3, 2)]).order == ("c0003", "c0001", "c0002")


def test_a_case_stands_in_one_list_and_its_calls_ride_along_to_the_door() -> None:
    day = plan([loan(1, 2)])
    assert (ids(day.visits), day.calls, day.waiting) == (["c0001"], (), ())
    assert {s.step for s in day.visits[0].steps} == {"daily_call", "first_visit"}


def test_a_done_door_keeps_its_place_on_the_day_and_lets_nobody_in() -> None:
    files = [loan(n, 2) for n in range(40)]
    morning = plan(files)
    first = next(f for f in files if f.case.case_id == morning.visits[0].case_id)
    visited = replace(first, activities=(replace(visit(TODAY), case_id=first.case.case_id),))
    noon = plan([visited if f is first else f for f in files])
    assert ids(noon.visits) == [*ids(morning.visits)[1:], first.case.case_id]
    assert ids(noon.calls) == ids(morning.calls)
    assert ids(noon.waiting) == ids(morning.waiting)
    assert (noon.todo, noon.done) == (32, 1)
    assert noon.visits[-1].done
    assert all(s.done for s in noon.visits[-1].steps)


def test_on_the_telephone_list_a_call_made_is_done_though_the_visit_waits() -> None:
    files = [loan(n, 2) for n in range(12)]
    last = plan(files).calls[-1].case_id
    called = [
        replace(f, activities=(replace(call(TODAY), case_id=last),)) if f.case.case_id == last else f
        for f in files
    ]
    item = plan(called).calls[-1]
    assert (item.case_id, item.done) == (last, True)
    assert {s.step: s.done for s in item.steps} == {"daily_call": True, "first_visit": False}


def test_a_visit_that_met_nobody_stays_to_be_done() -> None:
    (item,) = plan([loan(1, 2, "甲镇", unseen(TODAY))]).visits
    assert not item.done


def test_a_promise_that_falls_due_during_the_day_is_added_to_a_full_plan() -> None:
    quiet = loan(99, 6, "甲镇", visit(d(16)), visit(d(19)))
    files = [loan(n, 2) for n in range(40)]
    assert "c0099" in ids(plan([*files, quiet]).waiting)
    made = activity(
        "promise", at(TODAY, 15), {"party": "borrower", "amount": "5.00", "due_on": TODAY.isoformat()}
    )
    promised = replace(quiet, activities=(*quiet.activities, replace(made, case_id="c0099")))
    day = plan([*files, promised])
    assert ids(day.calls)[-1] == "c0099"
    assert len(day.calls) == 26


def test_the_strip_counts_the_promises_due_today() -> None:
    files = [
        loan(1, 9, "甲镇", promise(d(19), "100.50", TODAY), promise(d(19), "5.00", d(22))),
        loan(2, 9, "甲镇", promise(d(19), "200.00", TODAY)),
        loan(3, 9, "甲镇", promise(d(19), "1.00", TODAY), status="watch"),
    ]
    day = plan(files)
    assert (day.promises_due, day.promises_due_sum) == (2, Decimal("300.50"))


@pytest.mark.parametrize("status", ["watch", "off_list", "legal", "closed"])
def test_only_open_cases_are_planned(status: str) -> None:
    day = plan([loan(1, 2, status=status)])
    assert (day.visits, day.calls, day.waiting, day.order) == ((), (), (), ())


def test_an_open_case_whose_procedure_nobody_knows_waits() -> None:
    day = plan([loan(1, 2, procedure="of another bank")])
    assert [(i.case_id, i.steps) for i in day.waiting] == [("c0001", ())]


def test_takeovers_of_one_day_are_spread_over_ten_working_days_the_larger_sooner() -> None:
    old = [loan(n, 60, amount=f"{(n + 1) * 100}.00", assigned_on=TODAY) for n in range(25)]
    slots = takeover_slots(old, PROCEDURES, RULES, TODAY, ZONE)
    by_amount = [slots[f"c{n:04}"] for n in reversed(range(25))]
    assert by_amount == sorted(by_amount)
    assert {by_amount.count(slot) for slot in range(10)} == {2, 3}
    assert takeover_slots(old[:1], PROCEDURES, RULES, TODAY, ZONE) == {"c0000": 0}


def test_a_takeovers_day_does_not_move_when_another_is_done() -> None:
    old = [loan(n, 60, amount=f"{(n + 1) * 100}.00", assigned_on=TODAY) for n in range(12)]
    done = [replace(old[0], activities=(replace(visit(TODAY), case_id="c0000"),)), *old[1:]]
    before = takeover_slots(old, PROCEDURES, RULES, TODAY, ZONE)
    assert takeover_slots(done, PROCEDURES, RULES, TODAY + timedelta(days=1), ZONE) == before


def test_the_mix_counts_the_last_seven_days_and_guarantors_by_themselves() -> None:
    demand = activity(
        "guarantor_demand", at(TODAY), {"guarantor_id": "g1", "method": "call", "agreed": "pays"}
    )
    served = activity("notice", at(TODAY), {"addressee": "borrower"})
    old, edge = call(TODAY - timedelta(days=7)), call(TODAY - timedelta(days=6))
    file = loan(1, 20, "甲镇", old, edge, call(TODAY, party="g2"), visit(TODAY), demand, served)
    assert mix_of(file, TODAY, ZONE) == {"call": 1, "visit": 1, "notice": 1, "guarantor": 2}


def test_three_calls_and_nothing_else_ask_for_another_way() -> None:
    assert only_calls({"call": 3, "visit": 0, "notice": 0, "guarantor": 0})
    assert not only_calls({"call": 2, "visit": 0, "notice": 0, "guarantor": 0})
    assert not only_calls({"call": 4, "visit": 1, "notice": 0, "guarantor": 0})


@st.composite
def days(draw: st.DrawFn) -> list[CaseFile]:
    files = []
    for n in range(draw(st.integers(0, 30))):
        age = draw(st.integers(0, 40))
        town = draw(st.sampled_from([*NEAR, ""]))
        made: list[Activity] = []
        for _ in range(draw(st.integers(0, 3))):
            on = TODAY - timedelta(days=draw(st.integers(0, 12)))
            kind = draw(st.sampled_from(["call", "visit", "unseen", "promise"]))
            if kind == "promise":
                made.append(promise(on, "10.00", on + timedelta(days=draw(st.integers(0, 12)))))
            else:
                made.append({"call": call, "visit": visit, "unseen": unseen}[kind](on))
        lat, lon = NEAR.get(town, (32.0, 106.0))
        jitter = draw(st.integers(0, 9)) / 1000
        files.append(
            loan(
                n, age, town, *made,
                amount=f"{draw(st.integers(1, 3))}00.00",
                at_position=(lat + jitter, lon) if draw(st.booleans()) else None,
                cover=draw(st.none() | st.just(TODAY)),
                status=draw(st.sampled_from(["open", "open", "open", "watch", "off_list"])),
                assigned_on=TODAY - timedelta(days=draw(st.integers(0, age))),
            )
        )  # fmt: skip
    return files


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["borrower", "2026-11-20", "5.00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
MEMBERS = ["party", "outcome", "met", "place", "business_state", "reason", "explained", "amount", "due_on",
           "instalments", "replaces", "of", "replacement", "guarantor_id"]  # fmt: skip


@settings(max_examples=60)
@given(
    st.sampled_from(["call", "visit", "promise", "correction", "guarantor_demand", "of_tomorrow"]),
    st.dictionaries(st.sampled_from(MEMBERS), ANYTHING, max_size=6),
)
def test_one_record_that_makes_no_sense_never_costs_the_day(kind: str, body: dict[str, object]) -> None:
    strange = activity(kind, at(TODAY), body)
    ends = [replace(strange, happened_at=datetime(year, 1, 1, tzinfo=UTC)) for year in (1, 9999)]
    ends += [datetime_min_east(strange)]
    day = plan([loan(1, 3, "甲镇", strange, *ends), loan(2, 3)])
    assert {i.case_id for i in (*day.visits, *day.calls, *day.waiting)} == {"c0001", "c0002"}
    assert sum(mix_of(loan(1, 3, "甲镇", strange), TODAY, ZONE).values()) <= 1


@pytest.mark.parametrize("member", ["episode_start", "assigned_on", "status_since"])
@pytest.mark.parametrize("end", ["9999-12-31", "9999-01-01", "0001-01-01"])
def test_one_case_with_a_day_at_the_calendars_end_never_costs_the_day(member: str, end: str) -> None:
    document = {"case_id": "c0002", "procedure": "psbc_small_loan", "assigned_on": "2026-09-03", member: end}
    strange = replace(loan(2, 3), case=Case.read(json.dumps(document).encode()))
    day = plan([loan(1, 3), strange])
    assert {i.case_id for i in (*day.visits, *day.calls, *day.waiting)} == {"c0001", "c0002"}


def datetime_min_east(a: Activity) -> Activity:
    """At the calendar's beginning, where going to UTC falls off its edge."""
    return replace(
        a, activity_id="edge", happened_at=datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))
    )


def _exceeds(item: PlanItem) -> bool:
    return any(s.step in ("promise_broken", "promise_due") for s in item.steps)


@settings(max_examples=60)
@given(days(), st.none() | st.just(Position(32.2, 106.7)))
def test_every_open_case_stands_in_exactly_one_list_and_the_capacities_hold(
    files: list[CaseFile], here: Position | None
) -> None:
    day = plan(files, here=here, doors=4, calls=6)
    listed = [*ids(day.visits), *ids(day.calls), *ids(day.waiting)]
    assert sorted(listed) == sorted(f.case.case_id for f in files if f.case.status == "open")
    assert sorted(day.order) == sorted(listed)
    assert len(day.visits) <= 4 + sum(map(_exceeds, day.visits))
    assert len(day.calls) <= 6 + sum(map(_exceeds, day.calls))
    centres = {
        town: mean(
            (a.lat, a.lon)
            for f in files
            if f.case.status == "open"
            for a in f.case.borrower.addresses
            if a.town == town and a.lat is not None and a.lon is not None
        )
        for town in [*NEAR, ""]
    }
    towns = {i.town for i in day.visits if not _exceeds(i)}
    assert len(towns) <= 2
    for a, b in combinations(towns, 2):
        first, second = centres[a], centres[b]
        assert first is not None and second is not None and metres(first, second) <= 15_000


@settings(max_examples=40)
@given(days(), st.data())
def test_the_order_is_total_and_the_same_in_whatever_order_the_cases_come(
    files: list[CaseFile], data: st.DataObject
) -> None:
    assert plan(data.draw(st.permutations(files))) == plan(files)


@settings(max_examples=40)
@given(days(), st.data())
def test_doing_one_thing_moves_nothing_else(files: list[CaseFile], data: st.DataObject) -> None:
    before = plan(files)
    if not before.visits + before.calls:
        return
    chosen = data.draw(st.sampled_from(ids([*before.visits, *before.calls])))
    act = data.draw(st.sampled_from([call, visit, unseen]))(TODAY)
    more = [
        replace(f, activities=(*f.activities, replace(act, case_id=chosen)))
        if f.case.case_id == chosen
        else f
        for f in files
    ]
    after = plan(more)
    assert set(ids(after.visits)) == set(ids(before.visits))
    assert set(ids(after.calls)) == set(ids(before.calls))
    assert ids(after.waiting) == ids(before.waiting)


@settings(max_examples=40)
@given(days(), st.data())
def test_a_plan_that_reads_only_what_changed_is_the_plan_that_reads_all(
    files: list[CaseFile], data: st.DataObject
) -> None:
    kept: Kept = {}
    for _ in range(3):
        assert plan_day(files, PROCEDURES, {}, RULES, TODAY, ZONE, None, kept) == plan(files)
        if not files:
            return
        chosen = data.draw(st.integers(0, len(files) - 1))
        act = data.draw(st.sampled_from([call, visit, unseen]))(TODAY)
        changed = files[chosen]
        files = [*files]
        files[chosen] = replace(
            changed, activities=(*changed.activities, replace(act, case_id=changed.case.case_id))
        )


# ---- what stands where


def guaranteed(n: int, ends: date, liability: str = "joint", **members: object) -> CaseFile:
    who = Guarantor("g1", "胡国强", "guarantor", liability, ends)
    return loan(n, 2, "甲镇", guarantors=(who,), loan=Loan(maturity=date(2026, 1, 5)), **members)


def test_a_clock_of_ten_days_stands_first_and_adds_a_door_to_a_full_plan() -> None:
    files = [*(loan(n, 2) for n in range(12)), broken(50), guaranteed(60, TODAY + timedelta(days=10))]
    day = plan(files)
    assert day.order[0] == "c0060"
    assert ids(day.visits)[0] == "c0060"
    assert day.visits[0].clock_days == 10
    assert ids(plan(files, doors=0).visits) == ["c0060", "c0050"]


def test_a_clock_of_eleven_days_does_not_push_ahead() -> None:
    files = [*(loan(n, 2) for n in range(12)), guaranteed(60, TODAY + timedelta(days=11))]
    assert plan(files).order[-1] == "c0060"
    assert len(plan(files).visits) == 8


def test_of_two_clocks_the_nearer_end_comes_first() -> None:
    near, far = guaranteed(61, TODAY + timedelta(days=2)), guaranteed(60, TODAY + timedelta(days=9))
    assert plan([far, near]).order == ("c0061", "c0060")


def test_a_general_guarantee_asks_for_a_suit_on_the_telephone_list() -> None:
    item = plan([guaranteed(60, TODAY + timedelta(days=5), "general", assigned_on=TODAY)]).order
    assert item == ("c0060",)
    steps = plan([guaranteed(60, TODAY + timedelta(days=5), "general")])
    kinds = {s.step: s.kind for i in (*steps.visits, *steps.calls) for s in i.steps}
    assert kinds["guarantee_suit"] == "referral"


def test_a_clock_that_asks_for_a_suit_adds_no_door_for_some_other_step() -> None:
    near = [loan(n, 2, "甲镇") for n in range(8)]
    clock = guaranteed(60, TODAY + timedelta(days=5), "general", assigned_on=d(21))
    far = replace(clock, case=replace(clock.case, borrower=loan(1, 2, "丙镇").case.borrower))
    assert "c0060" in ids(plan([far]).visits)  # its first visit is asked for, as any other's
    day = plan([*near, far], doors=0, calls=0)
    assert (ids(day.visits), ids(day.calls)) == ([], ["c0060"])


def test_a_promise_broken_in_a_far_town_does_not_cost_the_day_elsewhere() -> None:
    day = plan([broken(50, "丙镇"), *(loan(n, 2, "甲镇") for n in range(4))])
    assert ids(day.visits) == ["c0050", "c0000", "c0001", "c0002", "c0003"]


def test_a_notice_is_a_door_and_a_guarantor_a_telephone_call() -> None:
    due = loan(1, 8, "甲镇", visit(d(14)), visit(d(18)))
    assert ids(plan([due]).visits) == ["c0001"]
    noticed = activity(
        "notice", at(d(20)), {"addressee": "borrower", "method": "in_person", "result": "signed"}
    )
    talked = loan(2, 8, "甲镇", visit(d(14)), visit(d(18)), noticed, call(TODAY))
    day = plan([talked])
    assert (ids(day.visits), ids(day.calls)) == ([], ["c0002"])
    assert {s.kind for s in day.calls[0].steps if not s.done} == {"guarantor_demand"}


def test_pinned_cases_come_right_behind_clocks_and_promises() -> None:
    files = [*(loan(n, 2) for n in range(12)), loan(40, 8), broken(50)]
    assert plan(files).order[:2] == ("c0050", "c0040")
    day = plan_day(files, PROCEDURES, {}, RULES, TODAY, ZONE, pinned={"c0011"})
    assert day.order[:3] == ("c0050", "c0011", "c0040")
    assert [i.case_id for i in day.visits if i.pinned] == ["c0011"]


def test_a_watched_case_is_called_before_its_instalment_and_a_repaid_one_reviewed() -> None:
    dates = (TODAY + timedelta(days=2),)
    watched = loan(1, 20, status="watch", status_since=d(15), loan=Loan(instalment_dates=dates))
    old = loan(2, 120, status="closed", status_since=d(15))
    old = replace(old, figures=replace(old.figures, longest_dpd=95))
    day = plan([watched, old])
    assert [[s.step for s in i.steps] for i in day.calls] == [["watch_check"], ["blacklist_review"]]
    assert day.waiting == ()


@pytest.mark.parametrize("status", ["off_list", "legal"])
def test_a_case_off_the_list_or_at_court_asks_nothing(status: str) -> None:
    assert plan([loan(1, 3, status=status)]).order == ()
