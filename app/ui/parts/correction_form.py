"""更正 as a form: which members of a record may be said anew, and the correction it becomes. No Flet here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.domain import codes
from app.domain.record import new_activity_id
from app.domain.records import ZERO, Activity, instant, money
from app.ui.parts.contact_form import happened_at
from app.views import NewActivity

# How a member is asked for: words, an amount, a day, a party, several parties, or a code of a group with its values.
WORDS, AMOUNT, DAY, PARTY, PARTIES = "words", "amount", "day", "party", "parties"
Asked = tuple[str, str | tuple[str, tuple[str, ...]]]

_REASON: Final[Asked] = ("reason", ("reason", tuple(codes.REASONS)))
_NOTE: Final[Asked] = ("note", WORDS)
MEMBERS: Final[Mapping[str, tuple[Asked, ...]]] = {
    "call": (("outcome", ("outcome", codes.CALL_OUTCOMES)), ("party", PARTY), ("number", WORDS), _REASON, _NOTE),
    "visit": (
        ("outcome", ("outcome", codes.VISIT_OUTCOMES)), ("party", PARTY), ("met", PARTIES), ("place", ("place", codes.PLACES)),
        ("business_state", ("business_state", codes.BUSINESS_STATES)), _REASON, _NOTE,
    ),
    "promise": (("amount", AMOUNT), ("due_on", DAY), ("party", PARTY), _NOTE),
    "contact_check": (("state", ("contact_state", codes.CONTACT_STATES)), ("new", WORDS), _NOTE),
    "whereabouts": (("place", WORDS), ("when", WORDS), ("best_time", WORDS), _NOTE),
    "notice": (
        ("addressee", PARTY), ("method", ("notice_method", codes.NOTICE_METHODS)),
        ("result", ("notice_result", codes.NOTICE_RESULTS)), ("witness", WORDS), ("post_no", WORDS), _NOTE,
    ),
    "payment_claim": (("amount", AMOUNT), ("paid_on", DAY), ("channel", WORDS), _NOTE),
    "guarantor_demand": (
        ("guarantor_id", PARTY), ("agreed", ("agreed", codes.DEMAND_AGREED)),
        ("method", ("demand_method", codes.DEMAND_METHODS)), _NOTE,
    ),
    "referral": (("to", ("referral_to", codes.REFERRAL_TO)), ("why", WORDS)),
    "note": (("text", WORDS),),
}  # fmt: skip
WITHDRAW, CHANGE = "withdraw", "change"


def fresh_correction(activity: Activity, now: datetime) -> dict[str, Any]:
    """A correction of `activity` as it stands: nothing said anew yet."""
    return {
        "activity_id": new_activity_id(now),
        "started_at": now.isoformat(),
        "of": activity.activity_id,
        "how": CHANGE if activity.kind in MEMBERS else WITHDRAW,
        "happened_at": activity.happened_at.isoformat(),
        "body": dict(activity.body),
        "why": "",
    }


def changed(form: Mapping[str, Any], standing: Activity) -> bool:
    """Whether anything of the record is said anew."""
    return _body(form) != dict(standing.body) or instant(form["happened_at"]) != standing.happened_at


def ready(form: Mapping[str, Any], standing: Activity) -> bool:
    """Whether it can be saved: a reason, and a change or the taking back."""
    return bool(form["why"].strip()) and (form["how"] == WITHDRAW or changed(form, standing))


def correction_record(
    case_id: str, form: Mapping[str, Any], standing: Activity, now: datetime
) -> NewActivity:
    """The correction. It happens now, whenever the record it corrects did."""
    body: dict[str, Any] = {"of": form["of"], "why": form["why"].strip()}
    if form["how"] == CHANGE:
        body["replacement"] = {
            "kind": standing.kind,
            "body": _body(form),
            "happened_at": (happened_at(form, now) or now).isoformat(),
        }
    return NewActivity(case_id, "correction", body, activity_id=form["activity_id"])


def _body(form: Mapping[str, Any]) -> dict[str, Any]:
    """What was said anew, without what no longer belongs to it."""
    body = dict(form["body"])
    for name in [n for n, value in body.items() if value == ""]:
        del body[name]
    if body.get("reason_detail") not in codes.REASONS.get(str(body.get("reason")), ()):
        body.pop("reason_detail", None)
    if isinstance(parts := body.get("instalments"), list):  # another amount or day is paid at once
        shared = sum((money(p.get("amount")) or ZERO for p in parts), ZERO)
        if shared != money(body.get("amount")) or body.get("due_on") != parts[-1].get("due_on"):
            del body["instalments"]
    return body
