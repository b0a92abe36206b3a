"""All loans of one customer go to one officer: who that is, and what is said where the data disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.message import Message
from sync.branch.importing.book import Held
from sync.branch.importing.rows import Listed


def officers_for(
    rows: Sequence[Listed], held: Mapping[str, Held]
) -> tuple[dict[str, str], dict[str, str], list[Message]]:
    """Contract → officer for the rows, customer → officer for those with a number, and a warning for each conflict.

    Where the rows and the customer's open cases outside the file name one officer, it is that one. Where they
    disagree it is the one who holds the customer's cases already, else the first row's.
    """
    by_customer: dict[str, list[Listed]] = {}
    for row in rows:
        if row.customer_no:
            by_customer.setdefault(row.customer_no, []).append(row)
    cases: dict[str, list[Held]] = {}
    for case in held.values():
        cases.setdefault(case.customer_no, []).append(case)
    contracts = {row.contract_no: row.officer_id for row in rows}
    customers: dict[str, str] = {}
    warnings: list[Message] = []
    for customer, loans in by_customer.items():
        listed = {row.contract_no for row in loans}
        mine = cases.get(customer, [])
        outside = [c for c in mine if c.contract_no not in listed and c.standing.status in ("open", "legal")]
        said = {r.contract_no: r.officer_id for r in loans} | {c.contract_no: c.officer_id for c in outside}
        holders = [c.officer_id for c in mine if c.officer_id]
        officer = loans[0].officer_id
        if len(set(said.values())) > 1:
            officer = next(iter(holders), officer)
            warnings.append(_warning(said, officer))
        customers[customer] = officer
        contracts |= dict.fromkeys(listed, officer)
    return contracts, customers, warnings


def _warning(said: Mapping[str, str], officer: str) -> Message:
    return Message(
        "One customer's loans have several officers ({loans}); all of them went to {officer}.",
        {"loans": [f"{contract} {who}" for contract, who in said.items()], "officer": officer},
    )
