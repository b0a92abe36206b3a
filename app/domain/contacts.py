"""联系方式: every number and address of a case, with what officers found of it and what the branch has confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from app.domain.codes import CONTACT_STATES
from app.domain.records import BORROWER, Activity, Address, Case, Phone
from app.domain.telephone import digits

UNCONFIRMED: Final = "unconfirmed"


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A number or an address of `party`. `state` is the last check's (codes.CONTACT_STATES), empty before the first.

    `unconfirmed`: an officer reported it and the branch's case does not carry it yet. `checked_on` and `activity_id`
    are the last check's; `kind` is an address's kind, `label` a number's.
    """

    party: str
    field: str
    value: str
    label: str = ""
    kind: str = ""
    state: str = ""
    unconfirmed: bool = False
    checked_on: date | None = None
    activity_id: str = ""
    verified_on: date | None = None


def contact_points(case: Case, known: Iterable[tuple[date, Activity]]) -> tuple[ContactPoint, ...]:
    """All of a case's, as the branch lists them, each new one behind the one it replaces; `known` standing and dated.

    What the branch verified on or after the day of a check is newer than the check; a check it rejected says nothing.
    """
    points = list(_of_branch(case))
    checks = sorted(
        (
            (on, a)
            for on, a in known
            if a.kind == "contact_check" and a.activity_id not in case.rejected_contacts
        ),
        key=lambda d: (d[1].happened_at, d[1].activity_id),
    )
    for on, a in checks:
        _apply(points, on, a)
    return tuple(points)


def points_of(points: Sequence[ContactPoint], party: str, field: str = "") -> tuple[ContactPoint, ...]:
    """Those of one person, of one field where it is given."""
    return tuple(p for p in points if p.party == party and field in ("", p.field))


def contact_state(points: Sequence[ContactPoint]) -> str:
    """One word for a person's numbers: unconfirmed, confirmed, invalid (all of them), unreachable, or empty."""
    numbers = [p for p in points if p.field == "phone"]
    if any(p.unconfirmed for p in numbers):
        return UNCONFIRMED
    states = [p.state for p in numbers]
    if "confirmed" in states:
        return "confirmed"
    if states and all(s in ("invalid", "changed") for s in states):
        return "invalid"
    return "unreachable" if "unreachable" in states else ""


def same_value(field: str, a: str, b: str) -> bool:
    """Whether two spellings are one number (digits alone count) or one address (spaces do not)."""
    if field == "phone":
        return digits(a) == digits(b) and bool(digits(a))
    return "".join(a.split()) == "".join(b.split())


def _of_branch(case: Case) -> Iterator[ContactPoint]:
    yield from _phones(BORROWER, case.borrower.phones)
    yield from _addresses(BORROWER, case.borrower.addresses)
    for debtor in case.debtors:
        yield from _phones(debtor.debtor_id, debtor.phones)
    for guarantor in case.guarantors:
        yield from _phones(guarantor.guarantor_id, guarantor.phones)
        yield from _addresses(guarantor.guarantor_id, guarantor.addresses)


def _phones(party: str, phones: Iterable[Phone]) -> Iterator[ContactPoint]:
    for p in phones:
        state = "confirmed" if p.verified_on else ""
        yield ContactPoint(
            party, "phone", p.number, p.label, "", state, False, p.verified_on, "", p.verified_on
        )


def _addresses(party: str, addresses: Iterable[Address]) -> Iterator[ContactPoint]:
    for a in addresses:
        yield ContactPoint(party, "address", a.text or f"{a.town}{a.village}", kind=a.kind)


def _apply(points: list[ContactPoint], on: date, check: Activity) -> None:
    field, old, state = (check.body.get(k) for k in ("field", "old", "state"))
    if field not in ("phone", "address") or not isinstance(old, str) or state not in CONTACT_STATES:
        return
    mine = [n for n, p in enumerate(points) if p.party == check.party and p.field == field]
    at = next((n for n in mine if same_value(field, points[n].value, old)), None)
    if at is not None:
        verified = points[at].verified_on
        if verified is not None and verified >= on:
            return
        points[at] = replace(points[at], state=state, checked_on=on, activity_id=check.activity_id)
    new = check.body.get("new")
    if state != "changed" or not isinstance(new, str) or not new.strip():
        return
    if any(same_value(field, points[n].value, new) for n in mine):
        return
    before = points[at] if at is not None else None
    point = ContactPoint(
        check.party, field, new.strip(), before.label if before else "", before.kind if before else "",
        unconfirmed=True, checked_on=on, activity_id=check.activity_id,
    )  # fmt: skip
    points.insert(len(points) if at is None else at + 1, point)
