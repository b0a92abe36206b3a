"""The promise as a form: what is chosen, and the record it becomes. No Flet here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, Final

from app.domain.periods import end_of_months
from app.domain.promises import PromiseView
from app.domain.record import new_activity_id
from app.domain.records import BORROWER, CENT, Figures, day, money
from app.views import NewActivity

# What a form starts with; `amount_kind` and `due_kind` remember which chip it was.
EMPTY_PROMISE: Final[dict[str, Any]] = {
    "party": "",  # until said: whoever the call or visit is about
    "amount_kind": "",
    "amount": "",
    "due_kind": "",
    "due_on": "",
    "parts": 1,
    "every": "month",
    "replaces": None,  # None: the latest that still stands; empty: none
}
STANDING: Final = ("open", "due_today")
MOST_PARTS: Final = 4
EVERY: Final = ("week", "half_month", "month")


def all_overdue(figures: Figures) -> dict[str, Any]:
    """A promise as it is offered: everything overdue, the day still to be said."""
    due = figures.amount_due
    return {**EMPTY_PROMISE, **({"amount_kind": "all", "amount": str(due)} if due > 0 else {})}


def fresh_promise(figures: Figures, now: datetime) -> dict[str, Any]:
    """A promise by itself, with an id of its own."""
    return {
        "activity_id": new_activity_id(now),
        "started_at": now.isoformat(),
        "happened_at": "",
        "promise": all_overdue(figures),
        "note": "",
    }


@dataclass(frozen=True, slots=True)
class DueChoice:
    """One date chip: `kind` is today, tomorrow, plus3, plus7 or month_end; `also` what else that day is."""

    kind: str
    on: date
    also: tuple[str, ...] = ()


def amount_choices(figures: Figures) -> tuple[tuple[str, Decimal], ...]:
    """The amount chips: `all` overdue, one `instalment`, `half` of what is overdue; each amount once, none of zero."""
    due = figures.amount_due
    half = (due / 2).quantize(CENT, ROUND_HALF_UP)
    found: list[tuple[str, Decimal]] = []
    for kind, amount in (("all", due), ("instalment", figures.instalment_due), ("half", half)):
        if amount > 0 and amount not in [a for _, a in found]:
            found.append((kind, amount))
    return tuple(found)


def due_choices(today: date) -> tuple[DueChoice, ...]:
    """The date chips in order of the day; a day that is two of them is offered once."""
    next_month = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    found: dict[date, DueChoice] = {}
    for kind, on in (
        ("today", today),
        ("tomorrow", today + timedelta(days=1)),
        ("plus3", today + timedelta(days=3)),
        ("plus7", today + timedelta(days=7)),
        ("month_end", next_month - timedelta(days=1)),
    ):
        first = found.get(on)
        found[on] = DueChoice(first.kind, on, (*first.also, kind)) if first else DueChoice(kind, on)
    return tuple(found[on] for on in sorted(found))


def amount_of(promise: Mapping[str, Any]) -> Decimal | None:
    """The amount chosen, None where there is none above zero."""
    amount = money(promise.get("amount"))
    return amount if amount is not None and amount > 0 else None


def due_of(promise: Mapping[str, Any]) -> date | None:
    """The day chosen."""
    return day(promise.get("due_on"))


def press(typed: str, key: str) -> str:
    """What an amount reads after one key of the pad: digits, `.`, `back`; at most two decimals and 9 digits."""
    if key == "back":
        return typed[:-1]
    if key == ".":
        return typed if "." in typed else (typed or "0") + "."
    whole, _, cents = typed.partition(".")
    if ("." in typed and len(cents) >= 2) or ("." not in typed and len(whole) >= 9):
        return typed
    return key if typed == "0" else typed + key


def parts_of(promise: Mapping[str, Any]) -> int:
    """In how many instalments it is to be paid; 1 is all at once."""
    parts = promise.get("parts")
    return parts if isinstance(parts, int) and 1 <= parts <= MOST_PARTS else 1


def instalments_of(promise: Mapping[str, Any]) -> tuple[tuple[Decimal, date], ...]:
    """Amount and day of each instalment, the first on the day chosen; empty when paid at once or not yet said.

    Equal to the cent; what cannot be shared out is in the last one.
    """
    amount, first, parts = amount_of(promise), due_of(promise), parts_of(promise)
    if amount is None or first is None or parts == 1:
        return ()
    each = (amount / parts).quantize(CENT, ROUND_DOWN)
    if each <= 0:
        return ()
    days = [_later(first, str(promise.get("every")), n) for n in range(parts)]
    return tuple((each if n < parts - 1 else amount - each * n, on) for n, on in enumerate(days))


def _later(first: date, every: str, n: int) -> date:
    if every == "month":
        return end_of_months(first, n) if n else first
    return first + n * timedelta(days=7 if every == "week" else 15)


def standing_promises(promises: Sequence[PromiseView], party: str) -> list[PromiseView]:
    """That party's promises still standing, the latest made first; one in instalments once."""
    found = {p.activity_id: p for p in reversed(promises) if p.party == party and p.state in STANDING}
    return sorted(found.values(), key=lambda p: (p.made_on, p.activity_id), reverse=True)


def replaced_by(promise: Mapping[str, Any], promises: Sequence[PromiseView], party: str) -> str:
    """The activity_id of the promise this one takes the place of; empty for none."""
    standing = [p.activity_id for p in standing_promises(promises, party)]
    said = promise.get("replaces")
    if isinstance(said, str):
        return said if said in standing else ""
    return standing[0] if standing else ""


def promise_of(
    case_id: str,
    promise: Mapping[str, Any],
    promise_id: str,
    promises: Sequence[PromiseView],
    party: str = BORROWER,
) -> NewActivity | None:
    """The promise record, or None while amount or day is missing; `party` promises unless the form says who."""
    amount, due = amount_of(promise), due_of(promise)
    if amount is None or due is None:
        return None
    party = str(promise.get("party") or party)
    parts = instalments_of(promise)
    last = parts[-1][1] if parts else due
    body: dict[str, Any] = {"party": party, "amount": str(amount.quantize(CENT)), "due_on": last.isoformat()}
    if parts:
        body["instalments"] = [{"amount": str(a.quantize(CENT)), "due_on": on.isoformat()} for a, on in parts]
    if earlier := replaced_by(promise, promises, party):
        body["replaces"] = earlier
    return NewActivity(case_id, "promise", body, activity_id=promise_id)
