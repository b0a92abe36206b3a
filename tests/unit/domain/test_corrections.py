from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.corrections import effective, known_on
from app.domain.records import Activity
from tests.unit.domain.made_up import ZONE, activity, at, call, d, visit


def correct(of: Activity | str, replacement: Mapping[str, Any] | None = None, hour: int = 18) -> Activity:
    target = of if isinstance(of, str) else of.activity_id
    body: dict[str, Any] = {"of": target, "why": "typed wrong"}
    if replacement is not None:
        body["replacement"] = replacement
    return activity("correction", at(d(2), hour), body)


def test_a_corrected_activity_is_gone() -> None:
    a, b = call(d(1)), call(d(2))
    assert effective([a, b, correct(a)]) == (b,)


def test_the_replacement_stands_under_the_same_id_and_day() -> None:
    a = call(d(1), "no_answer")
    (standing,) = effective([a, correct(a, {**a.body, "outcome": "refused"})])
    assert (standing.activity_id, standing.happened_at) == (a.activity_id, a.happened_at)
    assert standing.body["outcome"] == "refused"


def test_a_replacement_may_say_that_it_was_another_kind_at_another_time() -> None:
    a, v = call(d(1)), visit(d(1))
    replacement = {"kind": "visit", "body": v.body, "happened_at": at(d(3)).isoformat()}
    (standing,) = effective([a, correct(a, replacement)])
    assert (standing.kind, standing.body, standing.happened_at) == ("visit", v.body, at(d(3)))


def test_of_two_corrections_the_later_recorded_wins() -> None:
    a = call(d(1), "no_answer")
    first = correct(a, {**a.body, "outcome": "busy"}, hour=8)
    second = correct(a, {**a.body, "outcome": "refused"}, hour=9)
    for order in ([a, first, second], [second, a, first]):
        assert [s.body["outcome"] for s in effective(order)] == ["refused"]


def test_a_correction_taken_back_brings_the_first_state_again() -> None:
    a = call(d(1))
    wrong = correct(a)
    assert effective([a, wrong, correct(wrong)]) == (a,)


def test_a_corrected_correction_still_corrects_the_same_activity() -> None:
    a, b = call(d(1), "no_answer"), call(d(1), "no_answer")
    wrong = correct(a)
    mended = correct(wrong, {"of": b.activity_id, "replacement": {**a.body, "outcome": "busy"}})
    assert [s.body["outcome"] for s in effective([a, b, wrong, mended])] == ["busy", "no_answer"]


def test_corrections_in_a_circle_correct_nothing() -> None:
    a = call(d(1))
    x = activity("correction", at(d(2)), {"of": "y", "why": "?"}, activity_id="x")
    y = activity("correction", at(d(2)), {"of": "x", "why": "?"}, activity_id="y")
    itself = activity("correction", at(d(2)), {"of": "z", "why": "?"}, activity_id="z")
    assert effective([a, x, y, itself]) == (a,)


def test_a_correction_of_something_unknown_changes_nothing() -> None:
    a = call(d(1))
    assert effective([a, correct("never seen"), activity("correction", at(d(2)), {"of": 5})]) == (a,)


def test_for_a_past_day_records_of_later_days_are_ignored() -> None:
    early, later = call(d(1)), call(d(3))
    taken_back_later = correct(early)
    known = known_on((early, later, taken_back_later), d(1), ZONE)
    assert known == ((d(1), early),)
    assert [a for _, a in known_on((early, later, taken_back_later), d(4), ZONE)] == [later]


def test_what_is_written_up_later_counts_for_the_day_it_happened() -> None:
    written_up_later = activity("call", at(d(1)), {"outcome": "no_answer"}, recorded_at=at(d(4)))
    assert known_on((written_up_later,), d(1), ZONE) == ((d(1), written_up_later),)
    assert known_on((written_up_later,), d(0), ZONE) == ()


@given(st.data())
def test_the_order_of_arrival_never_matters(data: st.DataObject) -> None:
    made: list[Activity] = []
    for n in range(data.draw(st.integers(1, 7))):
        made.append(activity("call", at(d(1)), {"outcome": f"o{n}"}, activity_id=f"x{n}"))
    for n in range(data.draw(st.integers(0, 6))):
        of = data.draw(st.sampled_from([a.activity_id for a in made] + [f"k{n}", f"k{n + 1}"]))
        body: dict[str, Any] = {"of": of, "why": "w"}
        if data.draw(st.booleans()):
            body["replacement"] = {"outcome": f"r{n}"}
        when = at(d(2)) + timedelta(minutes=data.draw(st.integers(0, 2)))
        made.append(activity("correction", when, body, activity_id=f"k{n}"))
    assert effective(data.draw(st.permutations(made))) == effective(made)


@given(st.lists(st.sampled_from(["plain", "taken back", "replaced"]), max_size=6))
def test_adding_an_activity_never_changes_another(kinds: list[str]) -> None:
    known: list[Activity] = []
    for n, kind in enumerate(kinds):
        known.append(activity("call", at(d(1)), {"outcome": f"o{n}"}, activity_id=f"x{n}"))
        if kind != "plain":
            body = {
                "of": f"x{n}",
                "why": "w",
                **({"replacement": {"outcome": "r"}} if kind == "replaced" else {}),
            }
            known.append(activity("correction", at(d(2)), body, activity_id=f"k{n}"))
        added = activity("visit", at(d(3)), {"met": []}, activity_id=f"y{n}")
        before = effective(known)
        known.append(added)
        assert [a for a in effective(known) if a is not added] == list(before)
