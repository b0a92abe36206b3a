"""law.md, rules of conduct: what stands against a contact, until when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from app.domain.gate import Attempt, Hindrance, hindrances
from app.domain.limits import Limits
from app.domain.records import Activity, Borrower, Case, Guarantor, Phone
from app.domain.wording import Words
from tests.unit.domain.made_up import ZONE, activity, at, call, d, made_case, visit

CASE = made_case(
    guarantors=(Guarantor("g1", "胡国强", "guarantor", phones=(Phone("19900003333"),)),),
)
DAY = d(5)
WORDS = Words.read(None)


def gate(
    kind: str,
    when: datetime,
    *recorded: Activity,
    case: Case = CASE,
    others: Sequence[tuple[Case, Activity]] = (),
    **body: Any,
) -> dict[str, Hindrance]:
    known = [*((CASE, a) for a in recorded), *others]
    found = hindrances(Attempt(case, kind, when, {"party": "borrower", **body}), known, Limits(), WORDS, ZONE)
    return {h.rule: h for h in found}  # fmt: skip


def talks(n: int, **body: Any) -> list[Activity]:
    return [call(DAY, hour=9 + i, **body) for i in range(n)]


# ---- contact hours


@pytest.mark.parametrize(
    ("hour", "minute", "hindered"), [(21, 59, False), (22, 0, True), (7, 59, True), (8, 0, False)]
)
def test_no_contact_between_ten_at_night_and_eight(hour: int, minute: int, hindered: bool) -> None:
    found = gate("call", at(DAY, hour, minute))
    assert ("contact_hours" in found) is hindered
    if hindered:
        tomorrow = d(6) if hour > 12 else DAY
        assert found["contact_hours"].blocks
        assert found["contact_hours"].possible_from == at(tomorrow, 8)


def test_an_hour_they_asked_for_themselves_is_no_bad_hour() -> None:
    asked = call(DAY, "callback", callback_at=at(DAY, 22, 30).isoformat())
    assert "contact_hours" not in gate("call", at(DAY, 22, 15), asked)
    assert "contact_hours" in gate("call", at(DAY, 23, 45), asked)
    assert "contact_hours" in gate("call", at(DAY, 22, 15), asked, party="s1")


def test_the_gate_looks_at_when_it_happened() -> None:
    assert gate("visit", at(DAY, 15), outcome="refused", met=["borrower"], place="business") == {}


def test_who_calls_the_bank_is_not_disturbed_and_a_letter_disturbs_nobody() -> None:
    assert gate("call", at(DAY, 23), direction="in") == {}
    assert "contact_hours" not in gate("notice", at(DAY, 23), addressee="borrower", method="posted")


# ---- caps


def test_a_fourth_conversation_waits_until_tomorrow() -> None:
    assert "conversations" not in gate("call", at(DAY, 20), *talks(2))
    found = gate("call", at(DAY, 20), *talks(3))["conversations"]
    assert (found.blocks, found.possible_from) == (True, at(d(6), 8))


def test_a_day_has_three_conversations_in_whatever_order_they_are_written_up() -> None:
    assert "conversations" in gate("call", at(DAY, 9), *talks(3))
    assert "conversations" in gate("call", at(DAY, 8, 30), *talks(3))
    assert "conversations" in gate("call", at(DAY, 9), *(call(DAY, hour=9) for _ in range(3)))
    assert "attempts" in gate(
        "call", at(DAY, 9), *(call(DAY, "no_answer", 9) for _ in range(6)), number="19900001542"
    )


def test_a_call_nobody_answers_is_no_conversation() -> None:
    assert "conversations" not in gate("call", at(DAY, 20), *talks(3), outcome="no_answer")
    assert "conversations" not in gate(
        "call", at(DAY, 20), *[call(DAY, "no_answer", 9 + n) for n in range(4)]
    )


def test_the_household_counts_as_one_person_and_a_guarantor_as_another() -> None:
    assert "conversations" in gate("call", at(DAY, 20), *talks(3), party="s1")
    assert "conversations" not in gate("call", at(DAY, 20), *talks(3), party="g1")


def test_one_person_in_two_cases_is_one_person() -> None:
    other = made_case(
        case_id="c2", customer_no="KH2", borrower=Borrower("胡国强", phones=(Phone("199 0000 3333"),))
    )
    asked = [(other, a) for a in talks(3, number="19900003333")]
    assert "conversations" in gate("call", at(DAY, 20), party="g1", others=asked)


def test_yesterdays_conversations_do_not_count() -> None:
    assert gate("call", at(d(6), 10), *talks(3)) == {}


def test_a_demand_beside_the_call_it_was_made_in_is_one_conversation() -> None:
    body = {"guarantor_id": "g1", "method": "call", "agreed": "refuses"}
    spoken = [
        x
        for n in range(2)
        for x in (call(DAY, hour=9 + n, party="g1"), activity("guarantor_demand", at(DAY, 9 + n, 5), body))
    ]
    assert "conversations" not in gate("call", at(DAY, 20), *spoken, party="g1")  # fmt: skip


def test_a_seventh_unanswered_attempt_to_one_number_is_too_many() -> None:
    tried = [call(DAY, "no_answer", 9 + n) for n in range(6)]
    number = "19900001542"
    assert "attempts" not in gate("call", at(DAY, 20), *tried[:5], number=number)
    assert gate("call", at(DAY, 20), *tried, number="199 0000 1542")["attempts"].possible_from == at(d(6), 8)
    assert "attempts" not in gate("call", at(DAY, 20), *tried, number="19900000000")
    assert "attempts" not in gate("call", at(DAY, 20), *tried, number=number, outcome="refused")


def test_a_business_that_runs_is_spoken_to_once_a_day() -> None:
    found = gate("call", at(DAY, 20), visit(DAY))
    assert not found["operating"].blocks
    assert "operating" not in gate("call", at(d(6), 20), visit(DAY))


# ---- others, refusals


def test_others_only_when_the_borrower_cannot_be_reached() -> None:
    untried = gate("call", at(DAY, 12), party="other:邻居")["third_party"]
    tried = call(DAY, "no_answer", 9)
    unreached = gate("call", at(DAY, 12), tried, party="other:邻居")["third_party"]
    reached = gate("call", at(DAY, 12), tried, call(DAY, hour=10), party="other:邻居")["third_party"]
    assert untried.text == reached.text != unreached.text
    for warning in (untried, unreached, reached):
        assert not warning.blocks and warning.instead is not None  # law.md: warn, script shown


def test_who_asked_not_to_be_called_can_still_be_written_to() -> None:
    refused = call(d(1), "do_not_contact")
    assert "do_not_contact" in gate("visit", at(DAY, 12), refused)
    assert "do_not_contact" not in gate(
        "notice", at(DAY, 12), refused, addressee="borrower", method="in_person"
    )


def test_a_guarantor_is_no_third_party() -> None:
    assert gate("call", at(DAY, 12), party="g1") == {}


def test_a_refusal_is_remembered_for_that_number() -> None:
    refused = call(d(1), "do_not_contact", party="other:邻居", number="19900008888")
    assert "do_not_contact" in gate("call", at(DAY, 12), refused, party="other:邻居", number="199 0000 8888")
    assert "do_not_contact" not in gate("call", at(DAY, 12), refused, number="19900001542")


def test_a_note_about_others_must_not_speak_of_the_debt() -> None:
    tried = call(DAY, "no_answer", 9)
    assert gate("call", at(DAY, 12), tried, party="other:邻居", note="请转告他贷款逾期")["wording"].blocks
    assert "wording" not in gate("call", at(DAY, 12), note="说明贷款逾期的后果")
    answered = {"outcome": "third_party", "note": "邻居接的，已告知其欠款"}
    assert gate("call", at(DAY, 12), **answered)["wording"].blocks


def test_a_corrections_replacement_is_read_for_its_words_too() -> None:
    threat = {"note": "再不还就抓人"}
    for replacement in (threat, {"kind": "call", "body": threat}):
        assert gate("correction", at(DAY, 23), of="a1", why="x", replacement=replacement)["wording"].blocks


def test_threats_in_a_note_need_a_reason() -> None:
    assert gate("note", at(DAY, 23), text="告诉他走着瞧")["wording"].blocks
    assert gate("note", at(DAY, 23), text="周六再来") == {}


def test_a_home_is_visited_by_two() -> None:
    assert not gate("visit", at(DAY, 12), place="home")["two_officers"].blocks
    assert "two_officers" not in gate("visit", at(DAY, 12), place="home", with_officer="w002")


def test_a_bad_time_they_named_is_said() -> None:
    told = activity(
        "whereabouts",
        at(d(1)),
        {"party": "borrower", "avoid": {"until": at(d(6), 12).isoformat(), "why": "收割"}},
    )
    assert gate("visit", at(DAY, 12), told, place="business")["avoid"].possible_from == at(d(6), 12)
    assert gate("visit", at(d(7), 12), told, place="business") == {}


def test_garbage_in_records_is_no_crash() -> None:
    odd = [
        activity("call", at(DAY, 9), {"party": 3, "number": ["x"], "outcome": {}, "callback_at": 1}),
        activity("visit", at(DAY, 9), {"party": "borrower", "met": "borrower", "outcome": "refused"}),
        activity("whereabouts", at(DAY, 9), {"party": "borrower", "avoid": "now"}),
    ]
    assert gate("call", at(DAY, 12), *odd) == {}
