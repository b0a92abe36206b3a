import ast
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import bodies, checks
from app.domain.codes import ACTIVITY_KINDS
from app.domain.record import encode_record
from app.domain.records import Activity
from app.domain.validation import Invalid, check_body, check_record
from app.i18n import translator
from tests.unit.domain.made_up import at, d, made_case

CASE = made_case()
TODAY = d(3)
GOOD: dict[str, dict[str, Any]] = {
    "call": {
        "party": "s1", "number": "19900009264", "direction": "out", "outcome": "callback", "cause": "capacity",
        "reason": "cash_flow", "reason_detail": "receivable_unpaid", "explained": ["credit_report", "legal"],
        "callback_at": "2026-11-06T09:00:00+08:00", "note": "",
    },
    "visit": {
        "party": "borrower", "place": "business", "met": ["borrower", "g1", "other:mother"], "with_officer": "w002",
        "outcome": "door_locked", "business_state": "not_seen", "explained": [], "checklist": ["identified"],
        "receivables": [{"from": "粮站", "amount": "5000.00", "expected_on": "2026-12-01"}],
        "cash_outlook": {"on": "2026-12-01", "amount": "1.5", "source": "crop"},
    },
    "promise": {
        "party": "g1", "amount": "300.10", "due_on": "2026-11-09", "replaces": "a1", "signed": True,
        "instalments": [{"amount": "100.00", "due_on": "2026-11-05"}, {"amount": "200.1", "due_on": "2026-11-09"}],
    },
    "contact_check": {"party": "g2", "field": "phone", "old": "199", "state": "changed", "new": "198"},
    "whereabouts": {
        "party": "borrower", "place": "集市", "when": "赶集日", "source": "邻居", "seen_on": "2026-11-01",
        "avoid": {"until": "2026-11-30", "why": "丧事"},
    },
    "notice": {
        "notice_no": "N1", "title": "逾期催收函", "addressee": "borrower", "method": "in_person", "result": "signed",
        "amount_claimed": "6770.68", "as_of": "2026-11-05",
    },
    "payment_claim": {"party": "borrower", "amount": "10", "paid_on": "2026-11-04", "channel": "ATM"},
    "guarantor_demand": {"guarantor_id": "g1", "method": "call", "agreed": "pays"},
    "referral": {"to": "legal", "why": "120 days"},
    "note": {"text": "x"},
    "correction": {"of": "a1", "why": "typed wrong", "replacement": {"text": "y"}},
}  # fmt: skip


def record(kind: str = "note", **members: Any) -> dict[str, Any]:
    given_members = {
        "activity_id": "a1", "case_id": "c1", "kind": kind, "happened_at": at(TODAY).isoformat(),
        "recorded_at": at(TODAY).isoformat(), "clock": {}, "device_id": "phone", "device_seq": 1, "prev": "0" * 64,
        "officer_id": "w001", "position": None, "override": None, "body": GOOD[kind], "blobs": [],
    }  # fmt: skip
    return {**given_members, **members}


def refused(kind: str, body: Mapping[str, Any]) -> str:
    with pytest.raises(Invalid) as caught:
        check_body(kind, body, CASE, TODAY)
    said = translator("zh").say(caught.value.message)
    assert said != caught.value.message.text and "{" not in said
    return caught.value.field


def test_every_kind_of_the_table_has_a_body_that_is_right() -> None:
    assert set(GOOD) == set(ACTIVITY_KINDS) == set(bodies.BODIES)


@pytest.mark.parametrize("kind", GOOD)
def test_a_right_record_is_taken_and_reads_back_the_same(kind: str) -> None:
    whole = record(kind)
    check_record(whole, CASE)
    check_record(whole, None)
    activity = Activity.read(encode_record(whole))
    check_record(activity.raw, CASE)
    assert (activity.kind, activity.body, activity.raw) == (kind, GOOD[kind], whole)


REQUIRED = {
    "call": ("party", "number", "direction", "outcome"),
    "visit": ("party", "place", "outcome"),
    "promise": ("party", "amount", "due_on"),
    "contact_check": ("party", "field", "old", "state"),
    "whereabouts": ("party", "place", "when", "source", "seen_on"),
    "notice": ("notice_no", "title", "addressee", "method", "result", "amount_claimed", "as_of"),
    "payment_claim": ("party", "amount", "paid_on", "channel"),
    "guarantor_demand": ("guarantor_id", "method", "agreed"),
    "referral": ("to", "why"),
    "note": ("text",),
    "correction": ("of", "why"),
}


@pytest.mark.parametrize(("kind", "member"), [(k, m) for k, members in REQUIRED.items() for m in members])
@pytest.mark.parametrize("value", ["absent", None, 5])
def test_a_member_every_such_record_has_is_missed(kind: str, member: str, value: object) -> None:
    body = {**GOOD[kind], member: value}
    if value == "absent":
        del body[member]
    assert refused(kind, body) == member


@pytest.mark.parametrize("kind", GOOD)
def test_members_that_may_be_absent_may_be_absent(kind: str) -> None:
    check_body(kind, {m: v for m, v in GOOD[kind].items() if m in REQUIRED[kind]}, CASE, TODAY)


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("call", {"outcome": "door_locked"}, "outcome"),
        ("visit", {"outcome": "no_answer"}, "outcome"),
        ("call", {"direction": "up"}, "direction"),
        ("call", {"cause": "weather"}, "cause"),
        ("call", {"reason": "weather"}, "reason"),
        ("call", {"reason": "market"}, "reason_detail"),
        ("call", {"reason": None}, "reason_detail"),
        ("call", {"explained": ["threats"]}, "explained"),
        ("call", {"explained": "legal"}, "explained"),
        ("call", {"party": "g9"}, "party"),
        ("call", {"party": "other:"}, "party"),
        ("call", {"callback_at": "soon"}, "callback_at"),
        ("call", {"callback_at": "2026-11-06T09:00:00"}, "callback_at"),
        ("call", {"note": 5}, "note"),
        ("visit", {"met": "borrower"}, "met"),
        ("visit", {"met": ["nobody known"]}, "met"),
        ("visit", {"met": [5]}, "met"),
        ("visit", {"place": "street"}, "place"),
        ("visit", {"business_state": "booming"}, "business_state"),
        ("visit", {"receivables": [{"from": "x", "amount": "-5"}]}, "receivables[1].amount"),
        ("visit", {"receivables": ["x"]}, "receivables"),
        ("visit", {"cash_outlook": {"on": "soon"}}, "cash_outlook.on"),
        ("visit", {"cash_outlook": "soon"}, "cash_outlook"),
        ("promise", {"amount": "0"}, "amount"),
        ("promise", {"amount": "0.00"}, "amount"),
        ("promise", {"amount": "-1"}, "amount"),
        ("promise", {"amount": "1.005"}, "amount"),
        ("promise", {"amount": "1e3"}, "amount"),
        ("promise", {"amount": "1,000.00"}, "amount"),
        ("promise", {"amount": "NaN"}, "amount"),
        ("promise", {"amount": "٣"}, "amount"),
        ("promise", {"amount": 300.1}, "amount"),
        ("promise", {"due_on": "2026-11-04"}, "due_on"),
        ("promise", {"due_on": "tomorrow"}, "due_on"),
        ("promise", {"due_on": "2026-02-30"}, "due_on"),
        ("promise", {"amount": "300.11"}, "instalments"),
        ("promise", {"instalments": [{"amount": "300.10", "due_on": "2026-11-04"}]}, "instalments[1].due_on"),
        ("contact_check", {"field": "email"}, "field"),
        ("contact_check", {"state": "fine"}, "state"),
        ("notice", {"method": "thrown"}, "method"),
        ("notice", {"result": "ok"}, "result"),
        ("guarantor_demand", {"guarantor_id": "s1"}, "guarantor_id"),
        ("guarantor_demand", {"agreed": "maybe"}, "agreed"),
        ("referral", {"to": "police"}, "to"),
        ("referral", {"why": " "}, "why"),
        ("note", {"text": ""}, "text"),
        ("correction", {"replacement": {"kind": "note", "body": {"text": ""}}}, "replacement.body.text"),
    ],
)
def test_what_cannot_be_right_is_refused_by_member(kind: str, change: dict[str, Any], field: str) -> None:
    assert refused(kind, {**GOOD[kind], **change}) == field


def test_a_promise_may_be_due_on_its_own_day() -> None:
    check_body("promise", {"party": "borrower", "amount": "1", "due_on": TODAY.isoformat()}, CASE, TODAY)


def test_unknown_kinds_and_members_are_kept() -> None:
    check_record({**record(), "kind": "of_tomorrow", "body": {"anything": [None, 1.5, {"x": "y"}]}}, CASE)
    check_record(record("note", body={"text": "x", "mood": 5}, member_of_tomorrow=True), CASE)


def test_without_the_case_a_party_is_not_looked_up() -> None:
    check_record(record("call", body={**GOOD["call"], "party": "g9"}), None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"activity_id": ""}, "activity_id"),
        ({"officer_id": 5}, "officer_id"),
        ({"device_seq": 0}, "device_seq"),
        ({"device_seq": True}, "device_seq"),
        ({"device_seq": "1"}, "device_seq"),
        ({"case_id": "c2"}, "case_id"),
        ({"recorded_at": None}, "recorded_at"),
        ({"recorded_at": "2026-11-05T10:00:00"}, "recorded_at"),
        ({"happened_at": "yesterday"}, "happened_at"),
        ({"happened_at": "0001-01-01T00:00:00+08:00"}, "happened_at"),
        ({"recorded_at": "9999-12-31T23:00:00-08:00"}, "recorded_at"),
        ({"happened_at": (at(TODAY) + timedelta(seconds=1)).isoformat()}, "happened_at"),
        ({"body": []}, "body"),
        ({"position": {"lat": 91, "lon": 0}}, "position"),
        ({"override": {"rule": "hours"}}, "override"),
        ({"blobs": [{"sha256": "x", "size": 1, "role": "photo"}]}, "blobs"),
        ({"blobs": "photo"}, "blobs"),
    ],
)
def test_a_record_around_the_body_is_checked_too(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_record(record(**change), CASE)
    assert caught.value.field == field


def test_an_absent_moment_of_happening_is_that_of_recording() -> None:
    check_record({k: v for k, v in record().items() if k != "happened_at"}, CASE)


@pytest.mark.parametrize(
    "body",
    [
        {"text": "a\0b"},
        {"text": "x", "deep": [{"k": "\ud83d"}]},
        {"text": "x", "\0": 1},
        {"text": "x", "n": float("inf")},
        {"text": "x", "n": [float("nan")]},
        {"text": "x" * 65_536},
        {"text": "龑" * 22_000},
        {"text": "x", "when": at(TODAY)},
    ],
)
def test_what_a_record_must_never_hold_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check_record(record(body=body), CASE)


def test_a_record_nested_beyond_reason_is_refused_and_breaks_nothing() -> None:
    for depth in (200, 900, 5_000):
        deep: list[Any] = []
        for _ in range(depth):
            deep = [deep]
        with pytest.raises(Invalid):
            check_body("note", {"text": "x", "deep": deep}, CASE)


def test_what_an_unknown_kind_nests_within_reason_is_kept() -> None:
    check_body("drone", {"a": [[[[{"b": [{"c": None}]}]]]]}, CASE)


def test_a_long_note_that_fits_is_taken() -> None:
    check_record(record(body={"text": "龑" * 20_000}), CASE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_whatever_a_member_holds_the_answer_is_yes_or_invalid(kind: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GOOD[kind])))
    body = {**GOOD[kind], name: data.draw(JSON)}
    try:
        check_record(record(kind, body=body), CASE)
    except Invalid:
        return
    assert json.loads(encode_record(record(kind, body=body)))["body"] == body


def test_every_sentence_about_a_member_is_in_the_catalogue() -> None:
    said = [
        node.args[1].value
        for module in (bodies, checks)
        for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "wrong"
        and isinstance(node.args[1], ast.Constant)
    ]
    assert len(said) > 10
    assert [text for text in said if translator("zh")(str(text)) == text] == []
