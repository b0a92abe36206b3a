"""The small forms of a case as plain data: what each begins with, and the record it becomes. No Flet here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final

from app.domain.record import new_activity_id
from app.domain.records import BORROWER, CENT, day, money
from app.ui import routes
from app.ui.parts.contact_form import happened_at
from app.views import NewActivity

if TYPE_CHECKING:
    from app.views import CaseView

Form = Mapping[str, Any]

_EMPTY: Final[Mapping[str, Mapping[str, Any]]] = {
    routes.DEMAND: {"guarantor_id": "", "method": "call", "agreed": "", "note": ""},
    routes.CHECK: {"party": "", "field": "", "old": "", "state": "", "new": "", "note": ""},
    routes.REFERRAL: {"to": "", "why": ""},
    routes.NOTE: {"text": ""},
    routes.WHEREABOUTS: {
        "party": BORROWER, "place": "", "when": "", "source": "", "seen_on": "", "best_time": "",
        "avoid_until": "", "avoid_why": "", "note": "",
    },
    routes.CLAIM: {
        "party": BORROWER, "amount_kind": "", "amount": "", "paid_on": "", "channel": "", "account_tail": "", "note": "",
    },
}  # fmt: skip
# What has to be said before it can be saved.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    routes.DEMAND: ("guarantor_id", "agreed"),
    routes.CHECK: ("old", "state"),
    routes.REFERRAL: ("to", "why"),
    routes.NOTE: ("text",),
    routes.WHEREABOUTS: ("place", "when", "source", "seen_on"),
    routes.CLAIM: ("amount", "paid_on", "channel"),
}
_KIND: Final[Mapping[str, str]] = {
    routes.DEMAND: "guarantor_demand",
    routes.CHECK: "contact_check",
    routes.REFERRAL: "referral",
    routes.NOTE: "note",
    routes.WHEREABOUTS: "whereabouts",
    routes.CLAIM: "payment_claim",
}


def fresh(kind: str, now: datetime) -> dict[str, Any]:
    """A form (routes.SMALL) with its own id and nothing said."""
    return {
        "activity_id": new_activity_id(now),
        "started_at": now.isoformat(),
        "happened_at": "",
        **_EMPTY[kind],
        **({"seen_on": now.date().isoformat()} if kind == routes.WHEREABOUTS else {}),
    }


def begin(kind: str, view: CaseView, now: datetime) -> dict[str, Any]:
    """The same, with what the procedure asks for next chosen already."""
    form = fresh(kind, now)
    asked = [s for s in view.steps if not s.done]
    if kind == routes.DEMAND:
        due = next((s.party for s in asked if s.kind == "guarantor_demand"), "")
        only = view.case.guarantors[0].guarantor_id if len(view.case.guarantors) == 1 else ""
        form["guarantor_id"] = due or only
    if kind == routes.REFERRAL:
        steps = {s.step for s in asked}
        if "blacklist_review" in steps:
            form["to"] = "blacklist"
        elif {"legal_referral", "guarantee_suit"} & steps:
            form["to"] = "legal"
    return form


def missing(kind: str, form: Form) -> tuple[str, ...]:
    """The members that still have to be said; empty when it can be saved."""
    found = [name for name in _NEEDED[kind] if not str(form[name]).strip()]
    if kind == routes.CHECK and form["state"] == "changed" and not form["new"].strip():
        found.append("new")
    if kind == routes.CLAIM and "amount" not in found and (money(form["amount"]) or 0) <= 0:
        found.append("amount")
    return tuple(found)


def record_of(kind: str, case_id: str, form: Form, now: datetime) -> NewActivity | None:
    """The record; None while something is missing."""
    if missing(kind, form):
        return None
    body = {name: form[name].strip() for name in _EMPTY[kind] if str(form[name]).strip()}
    if kind == routes.CHECK and form["state"] != "changed":
        body.pop("new", None)
    if kind == routes.WHEREABOUTS:
        until, why = day(body.pop("avoid_until", None)), body.pop("avoid_why", "")
        if until is not None:
            body["avoid"] = {"until": end_of(until, now.tzinfo).isoformat(), **({"why": why} if why else {})}
    if kind == routes.CLAIM:
        body.pop("amount_kind", None)
        amount = money(body["amount"])
        assert amount is not None  # `missing` asked for it
        body["amount"] = str(amount.quantize(CENT))
    return NewActivity(
        case_id, _KIND[kind], body, activity_id=form["activity_id"], happened_at=happened_at(form, now)
    )


def end_of(day_: date, zone: tzinfo | None) -> datetime:
    """The midnight that ends a day of the branch."""
    return datetime.combine(day_ + timedelta(days=1), time(), zone)
