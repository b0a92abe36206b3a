"""还款承诺: what became of what was promised (procedure.md, 'Promise state')."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from typing import Final, NamedTuple

from app.domain.corrections import known_on
from app.domain.frozen import frozen
from app.domain.records import ZERO, Activity, Case, CaseFile, Figures, Payment, day, money

_NEVER: Final = date.max


@frozen
class PromiseView:
    """One promise, or one instalment of it (`instalment` from 1; 0 = not in instalments), judged on a day.

    `state` is one of codes.PROMISE_STATES; `paid` what counts towards it; `made_on` the day of its happened_at;
    `replaced_on` the day of the promise that took its place.
    """

    activity_id: str
    party: str
    amount: Decimal
    due_on: date
    made_on: date
    state: str
    paid: Decimal
    instalment: int = 0
    note: str = ""
    replaced_on: date | None = None

    @property
    def was_broken(self) -> bool:
        """Not kept by its day and past it, even where a later promise took its place after that day."""
        if self.state == "replaced":
            return self.replaced_on is not None and self.replaced_on > self.due_on and self.paid < self.amount
        return self.state in ("broken", "partial")


def judge(file: CaseFile, today: date, zone: tzinfo) -> tuple[PromiseView, ...]:
    """All promises of a case as they stand on `today`, by due day, then activity_id, then instalment.

    Payments dated from the promise's day to its due day count, whoever paid; each yuan once: what one promise leaves of
    a payment goes to the next.
    """
    return judge_known(file.case, file.figures, known_on(file.activities, today, zone), today)


def judge_known(
    case: Case, figures: Figures, known: Iterable[tuple[date, Activity]], today: date
) -> tuple[PromiseView, ...]:
    """The same from activities already corrected and dated (corrections.known_on)."""
    made = [(on, a) for on, a in known if a.kind == "promise"]
    if not made:
        return ()
    replaced = _replaced(made)
    units = sorted(unit for on, a in made for unit in _units(on, a, replaced.get(a.activity_id, _NEVER)))
    purse = _Purse(p for p in case.payments if p.date <= today)
    return tuple(_judged(unit, purse, figures.payments_cover, today) for unit in units)


class _Unit(NamedTuple):
    """What is judged by itself, in the order in which it is."""

    due_on: date
    activity_id: str
    instalment: int
    amount: Decimal
    made_on: date
    replaced_on: date
    party: str
    note: str


class _Purse:
    """Payments by date; what was taken from one is gone."""

    def __init__(self, payments: Iterable[Payment]) -> None:
        ordered = sorted(payments, key=lambda p: (p.date, p.payment_id, p.amount))
        self._paid = [p for p in ordered if p.amount > 0]
        self._left = [p.amount for p in self._paid]

    def take(self, wanted: Decimal, since: date, until: date) -> Decimal:
        """Up to `wanted` of what was paid in the window, the earliest first."""
        taken = ZERO
        for i, payment in enumerate(self._paid):
            if since <= payment.date <= until:
                part = min(self._left[i], wanted - taken)
                self._left[i] -= part
                taken += part
        return taken


def _judged(unit: _Unit, purse: _Purse, cover: date | None, today: date) -> PromiseView:
    paid = ZERO
    if unit.replaced_on > unit.due_on:
        # One replaced in time takes nothing: its money is the later promise's, whose window began while this was open.
        paid = purse.take(unit.amount, unit.made_on, unit.due_on)
    if unit.replaced_on < _NEVER:
        state = "replaced"
    elif paid >= unit.amount:
        state = "kept"
    elif today > unit.due_on:
        known = cover is not None and cover >= unit.due_on
        state = ("partial" if paid > 0 else "broken") if known else "to_verify"
    else:
        state = "due_today" if today == unit.due_on else "open"
    return PromiseView(
        unit.activity_id, unit.party, unit.amount, unit.due_on, unit.made_on, state, paid, unit.instalment,
        unit.note, unit.replaced_on if unit.replaced_on < _NEVER else None,
    )  # fmt: skip


def _replaced(made: Iterable[tuple[date, Activity]]) -> dict[str, date]:
    """Which promises a later one took the place of, and on which day (the first, where several did).

    An id must be known before it can be named, so naming is being later; promises naming each other in a circle
    replace nothing.
    """
    names: dict[str, tuple[str, date]] = {}
    for on, a in made:
        if isinstance(named := a.body.get("replaces"), str):
            names[a.activity_id] = (named, on)
    out: dict[str, date] = {}
    for maker, (named, on) in names.items():
        seen = {maker}
        at = named
        while at in names and at not in seen:
            seen.add(at)
            at = names[at][0]
        if at != maker:
            out[named] = min(on, out.get(named, on))
    return out


def _units(on: date, a: Activity, replaced_on: date) -> Iterator[_Unit]:
    note = a.body.get("note")
    instalments = a.body.get("instalments")
    parts = [p for p in instalments if isinstance(p, Mapping)] if isinstance(instalments, list) else []
    for n, terms in enumerate(parts, 1) if parts else [(0, a.body)]:
        amount, due_on = money(terms.get("amount")), day(terms.get("due_on"))
        if amount is not None and amount > 0 and due_on is not None:
            said = note if isinstance(note, str) else ""
            yield _Unit(due_on, a.activity_id, n, amount, on, replaced_on, a.party, said)
