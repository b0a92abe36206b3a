from datetime import date
from typing import Any

from app.domain.contacts import ContactPoint, contact_points, contact_state, points_of
from app.domain.records import Activity, Case, Phone
from tests.unit.domain.made_up import activity, at, d, made_case

NUMBER = "19900001542"


def check(on: date, state: str, old: str = NUMBER, **body: Any) -> Activity:
    given = {"party": "borrower", "field": "phone", "old": old, "state": state}
    return activity("contact_check", at(on), {**given, **body})


def numbers(*checks: Activity, case: Case | None = None, party: str = "borrower") -> list[ContactPoint]:
    found = contact_points(case or made_case(), [(a.happened_at.date(), a) for a in checks])
    return list(points_of(found, party, "phone"))


def test_a_number_nobody_checked_has_no_state() -> None:
    [number] = numbers()
    assert (number.value, number.state, number.unconfirmed) == (NUMBER, "", False)
    assert contact_state([number]) == ""


def test_the_last_check_stands_in_whatever_order_they_came() -> None:
    first, last = check(d(1), "unreachable"), check(d(2), "confirmed", old="199 0000-1542")
    assert numbers(last, first) == numbers(first, last)
    [number] = numbers(first, last)
    assert (number.state, number.checked_on) == ("confirmed", d(2))


def test_a_changed_number_shows_at_once_as_unconfirmed() -> None:
    old, new = numbers(check(d(1), "changed", new="19900007777"))
    assert (old.state, new.value, new.unconfirmed) == ("changed", "19900007777", True)
    assert contact_state([old, new]) == "unconfirmed"


def test_it_stays_unconfirmed_even_when_the_officer_reaches_it() -> None:
    _, new = numbers(check(d(1), "changed", new="19900007777"), check(d(2), "confirmed", old="19900007777"))
    assert (new.state, new.unconfirmed) == ("confirmed", True)


def test_once_the_branch_carries_it_it_is_confirmed() -> None:
    case = made_case()
    borrower = case.borrower.__class__("龚龑", phones=(Phone("19900007777", verified_on=d(3)),))
    [number] = numbers(check(d(1), "changed", new="19900007777"), case=made_case(borrower=borrower))
    assert (number.value, number.unconfirmed, number.state) == ("19900007777", False, "confirmed")


def test_a_number_the_branch_did_not_take_is_no_longer_shown_until_it_is_reported_anew() -> None:
    said = check(d(1), "changed", new="19900007777")
    case = made_case(rejected_contacts=frozenset({said.activity_id}))
    assert [(n.value, n.state) for n in numbers(said, case=case)] == [(NUMBER, "")]
    assert numbers(said, check(d(2), "changed", new="19900007777"), case=case)[1].unconfirmed


def test_all_numbers_invalid_is_invalid() -> None:
    assert contact_state(numbers(check(d(1), "invalid"))) == "invalid"


def test_what_a_check_says_of_somebody_else_changes_nothing() -> None:
    assert numbers(check(d(1), "invalid", party="s1"))[0].state == ""
    assert [p.state for p in numbers(check(d(1), "invalid", old="000"))] == [""]


def test_garbage_is_left_alone() -> None:
    assert [p.state for p in numbers(check(d(1), "changed", old=7, new=["x"]), check(d(1), "odd"))] == [""]
