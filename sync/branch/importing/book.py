"""What the branch holds of its cases while an import looks at them, and how changes are written back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from sync.branch import tables as t
from sync.branch.feed import Changes, among
from sync.branch.importing.documents import Document, Spot, Standing, canonical, decimal_string
from sync.branch.office import read_meta

# Interest runs between the list and the payment; a yuan is the difference that settles nothing.
TOLERANCE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Held:
    """A case as the branch holds it: the row of `case_`."""

    case_id: str
    contract_no: str
    customer_no: str
    officer_id: str
    procedure: str
    standing: Standing
    due_since: date | None
    listed_on: date | None
    owed: Decimal
    unlisted_on: date | None

    @property
    def known_until(self) -> date:
        """The day of the newest list that said something of the case, by naming it or by leaving it out."""
        return max(d for d in (self.listed_on, self.unlisted_on, date.min) if d is not None)


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as kept."""

    serial: str
    contract_no: str
    case_id: str
    paid_on: date
    amount: Decimal
    payer: str
    payer_name: str

    def to_json(self) -> Document:
        """As the case document carries it."""
        return {
            "payment_id": self.serial,
            "date": self.paid_on.isoformat(),
            "amount": decimal_string(self.amount),
            "payer": self.payer,
        }


class Book:
    """All cases, payments and positions of the branch within one transaction."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.held = {held.contract_no: held for held in self._read_cases()}
        self.before = dict(self.held)
        self.paid: dict[str, list[Paid]] = {}
        for paid in self._read_payments():
            self.paid.setdefault(paid.case_id, []).append(paid)
        self._documents: dict[str, dict[str, Document]] = {"case": {}, "figures": {}}

    @property
    def payments_cover(self) -> date | None:
        """The day up to which payment data is complete."""
        value = read_meta(self.changes.conn).get("payments_cover")
        return date.fromisoformat(value) if value else None

    def hold(self, held: Held) -> None:
        """Keep a case as it is from now on; written by `write`."""
        self.held[held.contract_no] = held

    def documents(self, kind: str, case_ids: Iterable[str]) -> dict[str, Document]:
        """The documents of these cases, parsed; a case without one is left out."""
        cache = self._documents[kind]
        doc = t.document.c
        unread = [case_id for case_id in case_ids if case_id not in cache]
        if unread:
            for row in among(self.changes.conn, (doc.doc_id, doc.body), doc.doc_id, unread, doc.kind == kind):
                cache[row.doc_id] = json.loads(row.body)
        return {case_id: cache[case_id] for case_id in case_ids if case_id in cache}

    def payments_of(self, case_id: str) -> list[Document]:
        """What was paid on a case, as its document carries it, in a fixed order."""
        return [p.to_json() for p in sorted(self.paid.get(case_id, ()), key=lambda p: (p.paid_on, p.serial))]

    def covered(self, held: Held, until: date = date.max) -> bool:
        """Whether payments after the last list the case stood on, up to `until`, cover what was owed on it."""
        if held.listed_on is None:
            return False
        since = held.listed_on
        paid = sum(
            (p.amount for p in self.paid.get(held.case_id, ()) if since < p.paid_on <= until), Decimal(0)
        )
        return paid >= held.owed - TOLERANCE

    def spots(self) -> dict[str, Spot]:
        """Positions by contract number."""
        rows = self.changes.conn.execute(select(t.place)).all()
        return {row.contract_no: Spot(row.lat, row.lon, row.source or "") for row in rows}

    def write(self, cases: Mapping[str, Document], figures: Mapping[str, Document]) -> set[str]:
        """Write held cases back, give them to their officers, store documents; ids of cases that changed."""
        self._write_rows()
        moved = self.changes.assign(
            {
                held.case_id: held.standing.assigned_to
                for contract, held in self.held.items()
                if (was := self.before.get(contract)) is None or was.officer_id != held.standing.assigned_to
            }
        )
        changed = self.changes.store("case", {i: canonical(doc) for i, doc in cases.items()})
        return moved | changed | self.changes.store("figures", {i: canonical(d) for i, d in figures.items()})

    def _write_rows(self) -> None:
        new = [_row(h) for contract, h in self.held.items() if contract not in self.before]
        same = [
            {"b_id": row.pop("case_id"), **row}
            for contract, h in self.held.items()
            if contract in self.before and h != self.before[contract]
            for row in [_row(h)]
        ]
        if new:
            self.changes.conn.execute(insert(t.case_), new)
        if same:
            self.changes.conn.execute(update(t.case_).where(t.case_.c.case_id == bindparam("b_id")), same)

    def _read_cases(self) -> Iterable[Held]:
        for row in self.changes.conn.execute(select(t.case_)).all():
            standing = Standing(
                row.status or "open",
                row.status_since or date.min,
                row.episode_start or date.max,
                row.officer_id or "",
                row.assigned_on or date.min,
            )
            yield Held(
                row.case_id,
                row.contract_no,
                row.customer_no or "",
                row.officer_id or "",
                row.procedure or "",
                standing,
                row.due_since,
                row.listed_on,
                Decimal(row.owed_on_list or 0),
                row.unlisted_on,
            )

    def _read_payments(self) -> Iterable[Paid]:
        for row in self.changes.conn.execute(select(t.payment)).all():
            yield Paid(
                row.serial,
                row.contract_no,
                row.case_id,
                row.paid_on,
                Decimal(row.amount),
                row.payer,
                row.payer_name or "",
            )


def standing_changed(held: Held, **members: Any) -> Held:
    """The same case standing otherwise."""
    return replace(held, standing=replace(held.standing, **members))


def _row(held: Held) -> dict[str, Any]:
    """The row of `case_`; who carries it is written by `Changes.assign`."""
    return {
        "case_id": held.case_id,
        "contract_no": held.contract_no,
        "customer_no": held.customer_no,
        "procedure": held.procedure,
        "status": held.standing.status,
        "status_since": held.standing.status_since,
        "episode_start": held.standing.episode_start,
        "assigned_on": held.standing.assigned_on,
        "due_since": held.due_since,
        "listed_on": held.listed_on,
        "owed_on_list": decimal_string(held.owed),
        "unlisted_on": held.unlisted_on,
    }
