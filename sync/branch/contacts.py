"""联系方式核实: numbers and addresses officers found changed or invalid, and the branch's answers to them.

An answer goes into the case at once and stays there, a rejection as a member of its own (`rejected_contacts`): the core system's list may carry the old number for months.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from app.domain.contacts import same_value
from app.domain.corrections import effective
from app.domain.message import Message
from app.domain.records import BORROWER, Activity
from sync.branch import tables as t
from sync.branch.audit import note
from sync.branch.errors import BranchError
from sync.branch.office import Office, case_document
from sync.branch.settings import encode

Document = dict[str, Any]
OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class Reported:
    """A contact an officer found changed (`new`) or invalid, not answered yet; `id` is the activity's."""

    id: str
    case_id: str
    contract_no: str
    name: str
    party: str
    field: str
    old: str
    new: str | None
    state: str
    officer_id: str
    happened_at: str
    person: str  # whose it is by name; empty for the borrower

    def to_json(self) -> dict[str, Any]:
        """All members."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the branch said: `new` takes the place of `old`; None: the old one is wrong."""

    party: str
    field: str
    old: str
    new: str | None
    on: date


def reported(office: Office) -> list[Reported]:
    """What waits for an answer, the oldest first."""
    with office.reading() as conn:
        return list(_waiting(conn))


def answer(office: Office, activity_id: str, *, accept: bool) -> Reported:
    """Confirm or reject what an officer reported. Raises BranchError where nothing of that id waits."""
    with office.changing() as changes:
        found = next((r for r in _waiting(changes.conn) if r.id == activity_id), None)
        if found is None:
            raise BranchError(
                Message(
                    "No reported contact {id} waits for an answer. See `contact list`.", {"id": activity_id}
                )
            )
        action = "contact confirm" if accept else "contact reject"
        note(office, action, subject=found.id, conn=changes.conn)
        changes.conn.execute(
            insert(t.contact_answer).values(
                activity_id=found.id,
                case_id=found.case_id,
                party=found.party,
                field=found.field,
                old=found.old,
                new=found.new,
                answered_on=office.today(),
                accepted=accept,
            )
        )
        document = case_document(changes.conn, found.case_id)
        if accept:
            given = Answer(found.party, found.field, found.old, found.new, office.today())
            document = with_answers(document, [given])
        else:
            document = _with_rejection(document, found, office.today())
        changes.store("case", {found.case_id: encode(document)})
    return found


def answers(conn: Connection) -> dict[str, list[Answer]]:
    """Accepted answers by case, in the order they were given."""
    found: dict[str, list[Answer]] = {}
    asked = select(t.contact_answer).where(t.contact_answer.c.accepted)
    for row in conn.execute(asked.order_by(t.contact_answer.c.answered_on, t.contact_answer.c.activity_id)):
        given = Answer(row.party, row.field, row.old, row.new, row.answered_on)
        found.setdefault(row.case_id, []).append(given)
    return found


def with_answers(case: Mapping[str, Any], given: Iterable[Answer]) -> Document:
    """The case document with the branch's answers in it, whatever its list still says."""
    document = deepcopy(dict(case))
    for each in given:
        person = _person(document, each.party)
        if person is None:
            continue
        if each.field == "phone":
            person["phones"] = _answered(person.get("phones") or [], each, "number")
        else:
            person["addresses"] = _answered(person.get("addresses") or [], each, "text")
    return document


def _with_rejection(case: Mapping[str, Any], found: Reported, on: date) -> Document:
    """The case document saying that the branch did not take this report: phones stop showing it as unconfirmed."""
    said = {"activity_id": found.id, "party": found.party, "field": found.field, "on": on.isoformat()}
    return {**case, "rejected_contacts": [*(case.get("rejected_contacts") or []), said]}


def _answered(listed: Sequence[Document], given: Answer, member: str) -> list[Document]:
    """The new one in the old one's place, once; an invalid one is gone."""
    confirmed: Document = (
        {"verified_on": given.on.isoformat()} if member == "number" else {"lat": None, "lon": None}
    )
    out: list[Document] = []
    there = False
    for entry in listed:
        value = str(entry.get(member) or "")
        if given.new is not None and same_value(given.field, value, given.new):
            if not there:
                out.append({**entry, **({"verified_on": given.on.isoformat()} if member == "number" else {})})
            there = True
        elif same_value(given.field, value, given.old):
            if given.new is not None and not there:
                out.append({**entry, member: given.new, "source": OFFICER, **confirmed})
                there = True
        else:
            out.append(dict(entry))
    if given.new is not None and not there:
        kind = {"label": "手机"} if member == "number" else {"kind": "other", "town": "", "village": ""}
        out.append({member: given.new, "source": OFFICER, **kind, **confirmed})
    return out


def _person(document: Document, party: str) -> Document | None:
    if party == BORROWER:
        found: Document = document["borrower"]
        return found
    people = [*(document.get("debtors") or []), *(document.get("guarantors") or [])]
    return next((p for p in people if party in (p.get("debtor_id"), p.get("guarantor_id"))), None)


def _waiting(conn: Connection) -> Iterator[Reported]:
    act = t.activity.c
    done = set(conn.scalars(select(t.contact_answer.c.activity_id)))
    names = {
        row.doc_id: json.loads(row.body)
        for row in conn.execute(
            select(t.document.c.doc_id, t.document.c.body).where(
                t.document.c.kind == "case",
                t.document.c.doc_id.in_(
                    select(act.case_id).where(act.kind == "contact_check", act.status == "created")
                ),
            )
        )
    }
    asked = select(act.record).where(act.status == "created", act.kind.in_(("contact_check", "correction")))
    standing = effective([Activity.read(row.record) for row in conn.execute(asked)])
    for a in sorted(standing, key=lambda a: (a.happened_at, a.activity_id)):
        case = names.get(a.case_id)
        state, field, old = (a.body.get(m) for m in ("state", "field", "old"))
        if a.kind != "contact_check" or state not in ("changed", "invalid") or case is None:
            continue
        if a.activity_id in done or field not in ("phone", "address") or not isinstance(old, str):
            continue
        new = a.body.get("new") if state == "changed" else None
        if state == "changed" and not (isinstance(new, str) and new.strip()):
            continue
        yield Reported(
            a.activity_id, a.case_id, case["contract_no"], case["borrower"]["name"], a.party, field, old,
            new.strip() if isinstance(new, str) else None, state, a.officer_id, a.happened_at.isoformat(),
            "" if a.party == BORROWER else str((_person(case, a.party) or {}).get("name") or ""),
        )  # fmt: skip
