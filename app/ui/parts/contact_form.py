"""Call and visit as forms: what is kept in a draft, and the records they become. No Flet here.

A form is a plain JSON object, because that is what a draft keeps. Its ids are born with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from app.domain.codes import CALL_OUTCOMES, REACHED, VISIT_OUTCOMES
from app.domain.done import lacking
from app.domain.promises import PromiseView
from app.domain.record import new_activity_id
from app.domain.records import BORROWER, Case, Figures, day, instant, money, read_position
from app.ui.parts.parties import FAMILY, first_number, people_of
from app.ui.parts.promise_form import all_overdue, promise_of
from app.views import NewActivity

# The order of the chips: what happens most stands first.
CALL_UNREACHED: Final = (
    "no_answer",
    "switched_off",
    "busy",
    "third_party",
    "suspended",
    "wrong_number",
    "deceased",
)
CALL_REACHED: Final = (
    "promised", "callback", "refused", "will_pay_undated", "going_to_deposit", "claims_paid", "unable", "disputed",
    "asks_relief", "do_not_contact",
)  # fmt: skip
VISIT_UNREACHED: Final = (
    "door_locked", "not_home", "met_family", "migrant_work", "third_party", "moved", "unknown_here", "in_hospital",
    "missing", "unsafe", "deceased",
)  # fmt: skip
VISIT_REACHED: Final = CALL_REACHED
assert set(CALL_UNREACHED + CALL_REACHED) == set(CALL_OUTCOMES)
assert set(VISIT_UNREACHED + VISIT_REACHED) == set(VISIT_OUTCOMES)

CHECKLIST: Final = ("identified", "consent", "two_officers", "no_threats", "no_cash", "no_keeping")
# A draft taken up again later than this happened when it was begun, not when it is saved.
STILL_NOW: Final = timedelta(minutes=30)


def fresh_contact(figures: Figures, now: datetime) -> dict[str, Any]:
    """What call and visit share, with ids of their own."""
    return {
        "activity_id": new_activity_id(now),
        "promise_id": new_activity_id(now),
        "started_at": now.isoformat(),
        "happened_at": "",
        "outcome": "",
        "cause": "",
        "reason": "",
        "reason_detail": "",
        "explained": [],
        "promise": all_overdue(figures),
        "demands": {},  # guarantor_id: what they agreed to, and the id of the record
        "note": "",
    }


def fresh_call(case: Case, figures: Figures, now: datetime) -> dict[str, Any]:
    """A call to the borrower's first number."""
    party, number = first_number(people_of(case)) or (BORROWER, "")
    return {
        **fresh_contact(figures, now),
        "party": party,
        "number": number,
        "direction": "out",
        "callback_at": "",
    }


def fresh_visit(case: Case, figures: Figures, now: datetime) -> dict[str, Any]:
    """A visit at the place of business, at home where there is none."""
    place = "business" if case.borrower.address("business") or not case.borrower.address("home") else "home"
    return {
        **fresh_contact(figures, now),
        "party": BORROWER,
        "place": place,
        "met": None,  # follows the outcome until the officer says who
        "with_officer": "",
        "business_state": "",
        "receivables": [],
        "no_receivables": False,
        "cash_on": "",
        "cash_source": "",
        "checklist": [],
        "position": None,
        "notice_id": new_activity_id(now),
        "notice_result": "",
        "witness": "",
        "strokes": [],
        "pad_width": 0.0,
        "photos": [],
    }


def reached(form: Mapping[str, Any]) -> bool:
    """Whether the outcome chosen is a conversation."""
    return form.get("outcome") in REACHED


def met_in(form: Mapping[str, Any]) -> list[str]:
    """Whom the visit met: as said, otherwise as the outcome has it."""
    said = form.get("met")
    if isinstance(said, list):
        return [str(p) for p in said]
    if reached(form):
        return [str(form.get("party") or BORROWER)]
    return [FAMILY] if form.get("outcome") == "met_family" else []


def happened_at(form: Mapping[str, Any], now: datetime) -> datetime | None:
    """When it happened: as said, when the form was begun if that is long ago, otherwise None for now."""
    said = instant(form.get("happened_at"))
    if said is not None:
        return said
    started = instant(form.get("started_at"))
    return started if started is not None and now - started > STILL_NOW else None


def call_records(
    case: Case, form: Mapping[str, Any], promises: Sequence[PromiseView], now: datetime
) -> list[NewActivity]:
    """The call, and the promise made in it."""
    body: dict[str, Any] = {
        "party": form["party"],
        "number": form["number"],
        "direction": form.get("direction") or "out",
        **_told(form),
    }
    if form["outcome"] == "callback" and form.get("callback_at"):
        body["callback_at"] = form["callback_at"]
    call = NewActivity(case.case_id, "call", body, form["activity_id"], happened_at(form, now))
    return [call, *_promise(case, form, promises, call), *_demands(case, form, call)]


def visit_records(
    case: Case, form: Mapping[str, Any], promises: Sequence[PromiseView], now: datetime
) -> list[NewActivity]:
    """The visit, and the promise made at the door. A position that is not there yet is null."""
    body: dict[str, Any] = {
        "party": form["party"],
        "place": form["place"],
        "met": met_in(form),
        **_told(form),
        "checklist": list(form["checklist"]),
    }
    for member in ("with_officer", "business_state"):
        if str(form.get(member) or "").strip():
            body[member] = str(form[member]).strip()
    receivables = [r for r in map(_receivable, form["receivables"]) if r]
    if receivables or form.get("no_receivables"):
        body["receivables"] = receivables  # an empty list is the answer "none"
    if cash_on := day(form["cash_on"]):
        source = str(form["cash_source"]).strip()
        body["cash_outlook"] = {"on": cash_on.isoformat(), **({"source": source} if source else {})}
    visit = NewActivity(
        case.case_id,
        "visit",
        body,
        form["activity_id"],
        happened_at(form, now),
        read_position(form["position"]),
    )
    return [visit, *_promise(case, form, promises, visit), *_demands(case, form, visit)]


def guarantors_in(case: Case, form: Mapping[str, Any]) -> list[str]:
    """The guarantors this call or visit spoke with: each may be asked to pay (一趟办)."""
    spoken = met_in(form) if "met" in form else [form["party"]] if reached(form) else []
    return [g.guarantor_id for g in case.guarantors if g.guarantor_id in spoken]


def promise_records(
    case: Case, form: Mapping[str, Any], promises: Sequence[PromiseView], now: datetime
) -> list[NewActivity]:
    """A promise by itself; empty while amount or day is missing."""
    made = promise_of(case.case_id, form["promise"], form["activity_id"], promises)
    if made is None:
        return []
    note = str(form.get("note") or "").strip()
    body = {**made.body, "note": note} if note else made.body
    return [replace(made, body=body, happened_at=happened_at(form, now))]


def missing_for_first_visit(form: Mapping[str, Any], case: Case) -> list[str]:
    """What a visit still lacks to count as 首次上门 (procedure.md): codes met, outcome, business_state, reason, explained."""
    unmet = () if any(case.is_debtor(p) for p in met_in(form)) else ("met",)
    return [*unmet, *lacking(form)]


def _told(form: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"outcome": form["outcome"], "explained": list(form["explained"])}
    for member in ("cause", "reason", "reason_detail", "note"):
        if str(form.get(member) or "").strip():
            body[member] = str(form[member]).strip()
    return body


def _promise(
    case: Case, form: Mapping[str, Any], promises: Sequence[PromiseView], with_: NewActivity
) -> list[NewActivity]:
    if form["outcome"] != "promised":
        return []
    made = promise_of(case.case_id, form["promise"], form["promise_id"], promises, form["party"])
    return [replace(made, happened_at=with_.happened_at, position=with_.position)] if made else []


def _demands(case: Case, form: Mapping[str, Any], with_: NewActivity) -> list[NewActivity]:
    """What the guarantors spoken with agreed to, each a record of its own."""
    found = []
    for who in guarantors_in(case, form):
        said = form["demands"].get(who) or {}
        if said.get("agreed"):
            body = {"guarantor_id": who, "method": with_.kind, "agreed": said["agreed"]}
            found.append(
                NewActivity(
                    case.case_id, "guarantor_demand", body, said["id"], with_.happened_at, with_.position
                )
            )
    return found


def _receivable(kept: Mapping[str, Any]) -> dict[str, Any] | None:
    amount, expected = money(kept.get("amount")), day(kept.get("expected_on"))
    who = str(kept.get("from") or "").strip()
    if amount is None and not who:
        return None
    return {
        "from": who,
        "amount": str(amount) if amount is not None else None,
        "expected_on": expected.isoformat() if expected else None,
    }
