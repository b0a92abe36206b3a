"""Who is who in a case: the parties a record may name, and how they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.records import BORROWER, Case, Phone
from app.i18n import Translator

FAMILY = "other:family"


@dataclass(frozen=True, slots=True)
class Person:
    """One party of a case: `party` as a record names it, `role` a code of the group `role` (borrower: empty)."""

    party: str
    name: str
    role: str
    phones: tuple[Phone, ...] = ()


def people_of(case: Case) -> tuple[Person, ...]:
    """The borrower, the other debtors, the guarantors, in this order."""
    return (
        Person(BORROWER, case.borrower.name, "", case.borrower.phones),
        *(Person(d.debtor_id, d.name, d.role, d.phones) for d in case.debtors),
        *(Person(g.guarantor_id, g.name, g.role, g.phones) for g in case.guarantors),
    )


def role_in_words(person: Person, t: Translator) -> str:
    """借款人, 配偶, 担保人 …"""
    return t.code("role", person.role or "borrower")


def party_in_words(case: Case, party: str, t: Translator) -> str:
    """The name and role behind a party reference; 家属 for `other:family`, otherwise what it says."""
    if party == FAMILY:
        return t("Family")
    person = next((p for p in people_of(case) if p.party == party), None)
    if person is None:
        return party.removeprefix("other:")
    if party == BORROWER:
        return person.name
    return t("{name} ({role})", name=person.name, role=role_in_words(person, t))


def first_number(people: Sequence[Person]) -> tuple[str, str] | None:
    """The party and number the main button dials: the first of those who have one."""
    return next(((p.party, phone.number) for p in people for phone in p.phones), None)


def spaced(number: str) -> str:
    """A mobile number as it is read aloud, 139 8102 0007; any other as it is. Neither breaks in the middle."""
    if len(number) == 11 and number.isdigit():
        return f"{number[:3]}\u00a0{number[3:7]}\u00a0{number[7:]}"
    return number.replace("-", "\u2011")
