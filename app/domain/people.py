"""客户、共同借款人、担保人: who is who in a case, what is known of each, and where else they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.domain.ageing import days_past_due
from app.domain.clocks import GuaranteeClock
from app.domain.codes import REACHED
from app.domain.contacts import ContactPoint, contact_points, contact_state, points_of
from app.domain.records import BORROWER, Activity, Case, CaseFile, Phone
from app.domain.telephone import digits

Dated = tuple[date, Activity]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same person in another of the officer's cases: as whom, and whose case it is."""

    case_id: str
    contract_no: str
    borrower: str
    role: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """Borrower, debtor or guarantor of a case. `role` is borrower, a debtor's or a guarantor's role.

    `state` sums up their numbers (contacts.contact_state); `agreed` is the last guarantor_demand's answer.
    """

    party: str
    name: str
    role: str
    liability: str = ""
    relation: str = ""
    points: tuple[ContactPoint, ...] = ()
    state: str = ""
    last_contact_on: date | None = None
    agreed: str = ""
    agreed_on: date | None = None
    clock: GuaranteeClock | None = None
    also_in: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True, slots=True)
class ReasonSeen:
    """A reason the borrower gave: codes.CAUSES, codes.REASONS and its detail; empty where not said."""

    on: date
    cause: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class GroupLoan:
    """The own loan of another member of the joint group, in this notebook."""

    case_id: str
    contract_no: str
    name: str
    dpd: int
    amount_due: Decimal


Who = tuple[str, str]  # a name and a number: the same in two cases is the same person


class Register:
    """Who stands in which of the officer's cases, by name and number."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._found: dict[Who, list[tuple[Elsewhere, str]]] = {}
        for case in cases:
            for party, name, role, phones in _everybody(case):
                there = Elsewhere(case.case_id, case.contract_no, case.borrower.name, role)
                for number in {digits(p.number) for p in phones}:
                    if number and name:
                        self._found.setdefault((name, number), []).append((there, party))

    def elsewhere(self, case: Case, name: str, phones: Sequence[Phone]) -> tuple[Elsewhere, ...]:
        """The same person in other cases, each place once; a borrower's other loans are told as such elsewhere."""
        found: dict[tuple[str, str], Elsewhere] = {}
        for number in sorted({digits(p.number) for p in phones}):
            for there, _ in self._found.get((name, number), ()):
                if there.case_id != case.case_id:
                    found.setdefault((there.case_id, there.role), there)
        return tuple(sorted(found.values(), key=lambda e: (e.contract_no, e.role)))


def people(
    case: Case, known: Sequence[Dated], clocks: Sequence[GuaranteeClock], register: Register
) -> tuple[PersonView, ...]:
    """Borrower, debtors and guarantors in the case's order; `known` standing activities, dated."""
    points = contact_points(case, known)
    clock_of = {c.guarantor_id: c for c in clocks}
    return tuple(
        _person(case, known, points, clock_of, register, party, name, role, phones)
        for party, name, role, phones in _everybody(case)
    )


def _person(
    case: Case, known: Sequence[Dated], points: Sequence[ContactPoint], clocks: Mapping[str, GuaranteeClock],
    register: Register, party: str, name: str, role: str, phones: Sequence[Phone],
) -> PersonView:  # fmt: skip
    guarantor = case.guarantor(party)
    own = points_of(points, party)
    asked = [
        (on, a) for on, a in known if a.kind == "guarantor_demand" and a.body.get("guarantor_id") == party
    ]
    last = max(asked, key=lambda d: (d[1].happened_at, d[1].activity_id), default=None)
    agreed = last[1].body.get("agreed") if last else None
    return PersonView(
        party=party,
        name=name,
        role=role,
        liability=guarantor.liability if guarantor else "",
        relation=guarantor.relation if guarantor else "",
        points=own,
        state=contact_state(own),
        last_contact_on=max((on for on, a in known if _spoke(a, party)), default=None),
        agreed=agreed if isinstance(agreed, str) else "",
        agreed_on=last[0] if last else None,
        clock=clocks.get(party),
        also_in=register.elsewhere(case, name, phones),
    )


def reasons_seen(known: Sequence[Dated]) -> tuple[ReasonSeen, ...]:
    """The reasons the borrower gave, the newest first; the same one again is told once, as of its last day."""
    found: dict[tuple[str, str, str], ReasonSeen] = {}
    ordered = sorted(known, key=lambda d: (d[1].happened_at, d[1].activity_id), reverse=True)
    for on, a in ordered:
        said = tuple(str(a.body.get(m) or "") for m in ("cause", "reason", "reason_detail"))
        if a.kind in ("call", "visit") and any(said[:2]):
            found.setdefault((said[0], said[1], said[2]), ReasonSeen(on, *said))
    return tuple(found.values())


def group_loans(case: Case, files: Iterable[CaseFile], today: date) -> tuple[GroupLoan, ...]:
    """The other members' own loans of the same joint group, as far as this notebook holds them."""
    if not case.group_no:
        return ()
    found = (
        GroupLoan(
            f.case.case_id,
            f.case.contract_no,
            f.case.borrower.name,
            days_past_due(f.case, f.figures, today),
            f.figures.amount_due,
        )
        for f in files
        if f.case.group_no == case.group_no and f.case.customer_no != case.customer_no
    )
    return tuple(sorted(found, key=lambda g: g.contract_no))


def _everybody(case: Case) -> Iterator[tuple[str, str, str, tuple[Phone, ...]]]:
    yield BORROWER, case.borrower.name, BORROWER, case.borrower.phones
    for d in case.debtors:
        yield d.debtor_id, d.name, d.role, d.phones
    for g in case.guarantors:
        yield g.guarantor_id, g.name, g.role, g.phones


def _spoke(a: Activity, party: str) -> bool:
    if a.kind == "guarantor_demand":
        heard = a.body.get("agreed") in ("pays", "urges_borrower", "refuses")
        return heard and a.body.get("guarantor_id") == party and a.body.get("method") != "notice"
    if a.kind not in ("call", "visit") or a.body.get("outcome") not in REACHED:
        return False
    met = a.body.get("met")
    return party in met if a.kind == "visit" and isinstance(met, list) else a.party == party
