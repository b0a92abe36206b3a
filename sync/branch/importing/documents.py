"""Case and figures documents as terms.md has them, as canonical bytes: the same facts are always the same bytes."""

from __future__ import annotations

import calendar
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sync.branch.importing.rows import Listed, ListedGuarantor

Document = dict[str, Any]
SOURCE: Final = "名单"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands: its status since when, its episode, and who carries it."""

    status: str
    status_since: date
    episode_start: date
    assigned_to: str
    assigned_on: date


@dataclass(frozen=True, slots=True)
class Spot:
    """A position somebody brought back for a contract; WGS-84 degrees."""

    lat: float
    lon: float
    source: str


def canonical(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def decimal_string(amount: Decimal | None) -> str | None:
    """CNY with two places; None stays None."""
    return None if amount is None else f"{amount:.2f}"


def iso(day: date | None) -> str | None:
    """An ISO date; None stays None."""
    return day.isoformat() if day else None


def case_document(
    row: Listed,
    case_id: str,
    procedure: str,
    standing: Standing,
    payments: Sequence[Document],
    spot: Spot | None,
    before: Mapping[str, Any],
) -> Document:
    """The case as this row has it. What the file knows nothing of (decisions, notes) stays as it was `before`."""
    return {
        "decisions": [],
        "notes": "",
        **before,
        "case_id": case_id,
        "contract_no": row.contract_no,
        "customer_no": row.customer_no,
        "group_no": row.group_no,
        "procedure": procedure,
        **standing_members(standing),
        "history": {
            "first_visit_on": iso(row.first_visit_on),
            "notice_served_on": iso(row.notice_served_on),
            "last_contact_on": (before.get("history") or {}).get("last_contact_on"),
        },
        "borrower": {
            "name": row.name,
            "id_last4": row.id_last4,
            "phones": _phones(row.phones, "手机")
            + _phones(_without(row.other_phones, row.phones), "备用电话"),
            "addresses": placed(_addresses(row), spot),
            "occupation": row.occupation,
        },
        "debtors": [
            {
                "debtor_id": _person_id(case_id, role, name, 0),
                "role": role,
                "name": name,
                "phones": _phones(phones, "手机"),
            }
            for role, name, phones in row.debtors
        ],
        "loan": _loan(row),
        "guarantors": _guarantors(row, case_id, procedure, before),
        "payments": list(payments),
    }


def standing_members(standing: Standing) -> Document:
    """The members of a case that say where it stands."""
    return {
        "status": standing.status,
        "status_since": iso(standing.status_since),
        "episode_start": iso(standing.episode_start),
        "assigned_to": standing.assigned_to,
        "assigned_on": iso(standing.assigned_on),
    }


def figures_document(row: Listed, longest_dpd: int, payments_cover: date | None) -> Document:
    """What moves every day. `missing` counts an unknown account balance as nothing."""
    missing = max(row.owed - (row.balance or Decimal(0)), Decimal(0))
    return {
        "as_of": iso(row.data_on),
        "due_since": iso(row.due_since),
        "principal_outstanding": decimal_string(row.principal),
        "overdue_principal": decimal_string(row.overdue_principal),
        "overdue_interest": decimal_string(row.overdue_interest),
        "penalty_interest": decimal_string(row.penalty),
        "instalment_due": decimal_string(row.instalment_due),
        "account_balance": decimal_string(row.balance),
        "missing": decimal_string(missing),
        "longest_dpd": longest_dpd,
        "payments_cover": iso(payments_cover),
    }


def instalment_dates(disbursed_on: date, maturity: date) -> list[date]:
    """Monthly from the day of disbursement on the same day, the month's end where there is none, to maturity."""
    found: list[date] = []
    month = 1
    while True:
        years, index = divmod(disbursed_on.month - 1 + month, 12)
        year = disbursed_on.year + years
        last = calendar.monthrange(year, index + 1)[1]
        due = date(year, index + 1, min(disbursed_on.day, last))
        if due >= maturity:
            return [*found, maturity]
        found.append(due)
        month += 1


def placed(addresses: list[Document], spot: Spot | None) -> list[Document]:
    """The addresses with the position at the place of business, or at the first where no business is known."""
    if spot is None or not addresses:
        return addresses
    at = next((n for n, address in enumerate(addresses) if address["kind"] == "business"), 0)
    known = {**addresses[at], "lat": spot.lat, "lon": spot.lon, "source": spot.source or SOURCE}
    return [*addresses[:at], known, *addresses[at + 1 :]]


def _loan(row: Listed) -> Document:
    return {
        "product": row.product,
        "amount": decimal_string(row.amount),
        "disbursed_on": iso(row.disbursed_on),
        "maturity": iso(row.maturity),
        "method": row.method,
        "instalment_dates": [day.isoformat() for day in instalment_dates(row.disbursed_on, row.maturity)],
        "annual_rate": f"{row.annual_rate:f}",
        "penalty_uplift": None if row.penalty_uplift is None else f"{row.penalty_uplift:f}",
        "repayment_account": masked(row.account),
    }


def masked(account: str) -> str:
    """An account number with its middle hidden, should the file bring one whole."""
    return f"{account[:4]}****{account[-4:]}" if len(account) > 8 and "*" not in account else account


def _phones(numbers: Sequence[str], label: str) -> list[Document]:
    return [{"number": n, "label": label, "source": SOURCE, "verified_on": None} for n in numbers]


def _without(numbers: Sequence[str], known: Sequence[str]) -> list[str]:
    return [number for number in numbers if number not in known]


def _addresses(row: Listed) -> list[Document]:
    texts = [(kind, text) for kind, text in (("business", row.business), ("home", row.home)) if text]
    # The file has one town and village: the first address's, and another's only where it says so itself.
    return [
        {
            "kind": kind,
            "text": text,
            "town": row.town if n == 0 or row.town in text else "",
            "village": row.village if n == 0 or row.village in text else "",
            "lat": None,
            "lon": None,
            "source": SOURCE,
        }
        for n, (kind, text) in enumerate(texts)
    ]


def _guarantors(row: Listed, case_id: str, procedure: str, before: Mapping[str, Any]) -> list[Document]:
    usual = "counter_guarantor" if procedure == "guarantee_company" else "guarantor"
    named = [(g.role or usual, g) for g in row.guarantors]
    ids = guarantor_ids(case_id, named, before.get("guarantors") or [])
    return [
        {
            "guarantor_id": guarantor_id,
            "name": g.name,
            "role": role,
            "liability": g.liability,
            "guarantee_ends": iso(g.guarantee_ends),
            "relation": g.relation,
            "phones": _phones(g.phones, "手机"),
            "addresses": [_guarantor_address(g)] if g.address else [],
        }
        for guarantor_id, (role, g) in zip(ids, named, strict=True)
    ]


def _guarantor_address(guarantor: ListedGuarantor) -> Document:
    return {
        "kind": "other",
        "text": guarantor.address,
        "town": "",
        "village": "",
        "lat": None,
        "lon": None,
        "source": SOURCE,
    }


def guarantor_ids(
    case_id: str, named: Sequence[tuple[str, ListedGuarantor]], before: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Stable ids: by name and role, and of two who share both, by number as far as the last import knew it."""
    ids: list[str] = []
    for role, guarantor in named:
        numbers = [{"number": n} for n in guarantor.phones]
        namesakes = [g for g in before if (g.get("role"), g.get("name")) == (role, guarantor.name)]
        same_number = [
            g["guarantor_id"]
            for g in namesakes
            if [{"number": p.get("number")} for p in g.get("phones") or []] == numbers
        ]
        derived = [_person_id(case_id, role, guarantor.name, n) for n in range(len(named))]
        ids.append(next(i for i in (*same_number, *derived) if i not in ids))
    return ids


def _person_id(case_id: str, role: str, name: str, nth: int) -> str:
    # Derived, so that somebody who is missing from one day's file comes back as the same person.
    return str(uuid.uuid5(uuid.UUID(case_id), f"{role}\n{name}\n{nth}"))
