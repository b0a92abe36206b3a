"""The body of each kind of activity, member by member (terms.md, the table of kinds)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from app.domain import codes
from app.domain.checks import Body
from app.domain.records import ZERO, instant


def call(body: Body) -> None:
    """电话."""
    body.party("party")
    body.text("number", empty=True)
    body.code("direction", codes.DIRECTIONS)
    body.code("outcome", codes.CALL_OUTCOMES)
    _why_overdue(body)
    body.moment("callback_at")
    body.text("note", needed=False)


def visit(body: Body) -> None:
    """上门. `met` empty is an attempt."""
    body.party("party")
    body.code("place", codes.PLACES)
    for who in body.list("met"):
        body.is_party("met", who)
    body.code("outcome", codes.VISIT_OUTCOMES)
    body.text("with_officer", needed=False)
    body.code("business_state", codes.BUSINESS_STATES, needed=False)
    _why_overdue(body)
    for receivable in body.parts("receivables"):
        receivable.text("from", empty=True)
        _known_of_money(receivable, "expected_on")
    if (outlook := body.part("cash_outlook")) is not None:
        _known_of_money(outlook, "on")
        outlook.text("source", needed=False)
    body.list("checklist")
    body.text("note", needed=False)


def promise(body: Body) -> None:
    """还款承诺. Instalments sum to the amount; nothing is due before the day of the promise."""
    body.party("party")
    amount = body.money("amount")
    _due(body)
    total = ZERO
    parts = list(body.parts("instalments"))
    for part in parts:
        total += part.money("amount")
        _due(part)
    if parts and total != amount:
        raise body.wrong(
            "instalments", "The instalments make {total}, not {amount}.", total=total, amount=amount
        )
    body.text("replaces", needed=False)
    body.text("note", needed=False)


def contact_check(body: Body) -> None:
    """核对联系方式."""
    body.party("party")
    body.code("field", ("phone", "address"))
    body.text("old")
    body.code("state", codes.CONTACT_STATES)
    body.text("new", needed=False)
    body.text("note", needed=False)


def whereabouts(body: Body) -> None:
    """行踪."""
    body.party("party")
    for name in ("place", "when", "source"):
        body.text(name)
    body.date("seen_on")
    body.text("best_time", needed=False)
    if (avoid := body.part("avoid")) is not None:
        avoid.moment("until")
        avoid.text("why", needed=False)
    body.text("note", needed=False)


def notice(body: Body) -> None:
    """送达."""
    body.text("notice_no")
    body.text("title")
    body.party("addressee")
    body.code("method", codes.NOTICE_METHODS)
    body.code("result", codes.NOTICE_RESULTS)
    body.money("amount_claimed")
    body.date("as_of")
    for name in ("witness", "post_no", "note"):
        body.text(name, needed=False)


def payment_claim(body: Body) -> None:
    """客户称已还."""
    body.party("party")
    body.money("amount")
    body.date("paid_on")
    body.text("channel")
    body.text("account_tail", needed=False)
    body.text("note", needed=False)


def guarantor_demand(body: Body) -> None:
    """要求担保人履行责任."""
    who = body.text("guarantor_id")
    if body.case is not None and body.case.guarantor(who) is None:
        raise body.wrong("guarantor_id", "This case knows nobody by that name.")
    body.code("method", codes.DEMAND_METHODS)
    body.code("agreed", codes.DEMAND_AGREED)
    body.text("note", needed=False)


def referral(body: Body) -> None:
    """上报 / 移交."""
    body.code("to", codes.REFERRAL_TO)
    body.text("why")


def note(body: Body) -> None:
    """备注."""
    body.text("text")


def correction(body: Body) -> None:
    """更正. A replacement is a body, or `{"kind", "body", "happened_at"}`."""
    body.text("of")
    body.text("why")
    replacement = body.part("replacement")
    if replacement is None:
        return
    check = BODIES.get(str(replacement.raw.get("kind")))
    inner = replacement.part("body") if isinstance(replacement.raw.get("body"), Mapping) else None
    if check is not None and inner is not None and check is not correction:
        at = instant(
            replacement.raw.get("happened_at")
        )  # a day of back then is not past for what happened then
        check(Body(inner.raw, inner.case, at.date() if at else None, inner.path))


BODIES: Final[Mapping[str, Callable[[Body], None]]] = {
    "call": call,
    "visit": visit,
    "promise": promise,
    "contact_check": contact_check,
    "whereabouts": whereabouts,
    "notice": notice,
    "payment_claim": payment_claim,
    "guarantor_demand": guarantor_demand,
    "referral": referral,
    "note": note,
    "correction": correction,
}


_DETAILS: Final = frozenset(d for details in codes.REASONS.values() for d in details)


def _why_overdue(body: Body) -> None:
    """Cause, reason with its detail, and what was explained."""
    body.code("cause", codes.CAUSES, needed=False)
    reason = body.code("reason", codes.REASONS, needed=False)
    detail = body.code("reason_detail", _DETAILS, needed=False)
    if detail and detail not in codes.REASONS.get(reason, ()):
        raise body.wrong("reason_detail", "That detail does not belong to the reason.")
    body.codes("explained", codes.EXPLAINED)


def _known_of_money(body: Body, day_name: str) -> None:
    """Money that may come: how much and when, as far as anybody knows."""
    if body.has("amount"):
        body.money("amount")
    if body.has(day_name):
        body.date(day_name)


def _due(body: Body) -> None:
    due_on = body.date("due_on")
    if body.happened_on is not None and due_on < body.happened_on:
        raise body.wrong("due_on", "The day of payment lies before the day of the promise.")
