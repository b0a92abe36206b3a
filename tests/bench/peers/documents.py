"""The peers' made-up rows as documents of ours: a case document of the very same number of bytes, an activity.

What terms.md has a member for goes there; the rest stays as members it does not know, which are kept as they came.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.domain.record import encode_record
from sync.protocol import Head, Item, record_hash

OFFICER: Final = "w001"
_LIABILITY: Final = {"连带": "joint", "一般": "general"}
_CALL: Final = {
    "met_borrower": "will_pay_undated",
    "met_family": "third_party",
    "nobody_home": "no_answer",
    "moved_away": "suspended",
    "promise_to_pay": "promised",
    "refused": "refused",
    "wrong_address": "wrong_number",
}
_VISIT: Final = {
    "met_borrower": "will_pay_undated",
    "met_family": "met_family",
    "nobody_home": "not_home",
    "moved_away": "moved",
    "promise_to_pay": "promised",
    "refused": "refused",
    "wrong_address": "unknown_here",
}


def case_document(row: Mapping[str, Any]) -> bytes:
    """The case as the branch sends it, as many bytes as `row` has in the peers' files.

    Raises ValueError where it does not fit into them.
    """
    document = _case(row)
    for extra in ("risk", "updated_at", "last_contact"):
        document[extra] = row[extra]
    size = len(_compact(row))
    while len(_compact(document)) > size:
        for extra in ("last_contact", "risk"):
            if document.pop(extra, None) is not None:
                break
        else:
            raise ValueError(f"{len(_compact(document))} of {size} bytes")
    document["notes"] += "." * (size - len(_compact(document)))
    return _compact(document)


def _case(row: Mapping[str, Any]) -> dict[str, Any]:
    borrower, loan = row["borrower"], row["loan"]
    return {
        "case_id": row["id"],
        "contract_no": loan["contract_no"],
        "customer_no": borrower["id_masked"],
        "procedure": "psbc_small_loan",
        "status": "open",
        "episode_start": loan["due_on"],
        "assigned_to": OFFICER,
        "borrower": {
            "name": borrower["name"],
            "id_last4": borrower["id_masked"][-4:],
            "phones": [{"number": p["no"], "label": p["kind"]} for p in borrower["phones"]],
            "addresses": [
                {"kind": _place(a["kind"]), "text": a["text"], "lat": a["lat"], "lon": a["lng"]}
                for a in row["addresses"]
            ],
            "occupation": borrower["employer"],
        },
        "loan": {
            "product": loan["product"],
            "amount": f"{loan['principal']}.00",
            "disbursed_on": loan["disbursed_on"],
            "annual_rate": f"{loan['rate'] / 100:.4f}",
            "balance": loan["balance"],
            "interest_due": loan["interest_due"],
            "penalty": loan["penalty"],
            "overdue_days": loan["overdue_days"],
            "overdue_periods": loan["overdue_periods"],
        },
        "guarantors": [
            {
                "guarantor_id": f"g{n}",
                "name": g["name"],
                "role": "guarantor",
                "liability": _LIABILITY[g["liability"]],
                "relation": g["relation"],
                "phones": [{"number": g["phone"]}],
                "addresses": [{"text": g["address"]}],
            }
            for n, g in enumerate(row["guarantors"], 1)
        ],
        "notes": row["notes"],
    }


def _place(kind: str) -> str:
    return "business" if kind == "work" else "home"


def next_record(row: Mapping[str, Any], device_id: str, head: Head) -> Item:
    """The activity of `row` as the next record of the device's chain; the year may be set back: nothing may lie ahead."""
    happened = datetime.fromisoformat(row["at"])
    if happened > datetime.now(UTC):
        happened = happened.replace(year=happened.year - 1)
    record = {
        "activity_id": row["id"],
        "case_id": row["case_id"],
        "kind": row["kind"],
        "happened_at": happened.isoformat(timespec="milliseconds"),
        "recorded_at": happened.isoformat(timespec="milliseconds"),
        "clock": {"monotonic_ms": 1_000 + head.seq, "server_offset_ms": 0, "offset_known_at": None},
        "device_id": device_id,
        "device_seq": head.seq + 1,
        "prev": head.hash,
        "officer_id": OFFICER,
        "position": {"lat": row["lat"], "lon": row["lng"], "accuracy_m": row["accuracy_m"]},
        "body": _body(row, happened),
    }
    return Item(row["id"], encode_record(record))


def _body(row: Mapping[str, Any], happened: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {"party": "borrower", "note": row["note"]}
    if row["promise_date"] is not None:
        outlook = {"on": row["promise_date"], "amount": f"{row['promise_amount']}.00"}
        body["cash_outlook"] = outlook
    match row["kind"]:
        case "call":
            body |= {"number": "", "direction": "out", "outcome": _CALL[row["outcome"]]}
        case "visit":
            body |= {"place": "home", "met": [], "outcome": _VISIT[row["outcome"]]}
        case _:
            body |= {"field": "phone", "old": row["outcome"], "state": "confirmed"}
    return body


def chained(rows: list[dict[str, Any]], device_id: str, head: Head) -> list[Item]:
    """The activities of `rows`, each following the one before."""
    items = []
    for row in rows:
        item = next_record(row, device_id, head)
        head = Head(head.seq + 1, record_hash(item.record))
        items.append(item)
    return items


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
