"""A branch in memory with as many made-up cases as asked for, and a notebook filled from it."""

from __future__ import annotations

import json
import random
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.bootstrap import open_notebook
from app.notebook import Notebook
from app.views import NewActivity
from sync.protocol import (
    PAGE_MAX_DOCS,
    Check,
    Document,
    EnrolAnswer,
    EnrolRequest,
    Head,
    Hello,
    Page,
    PushAnswer,
    PushRequest,
    PushResult,
)

PIN = "246810"
SERVER = "http://127.0.0.1:8551"
FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗龚单解仇区查曾任"
GIVEN = "国强晓燕玉珍铁柱桂兰大海小梅启明建军秀英志远春花永红文博喆堃䶮翀燊祎"
TOWNS = ("石桥镇", "沙河镇", "正直镇", "下两镇", "长赤镇", "红光镇")
CALLS = ("no_answer", "busy", "will_pay_undated", "promised", "switched_off", "unable", "callback")


@dataclass
class MadeUpBranch:
    """Answers as a branch does: takes every record, hands out its documents once from the start."""

    documents: list[Document]
    recovery_key: str
    head: Head = field(default_factory=Head)

    async def hello(self) -> Hello:
        return Hello(1, 1, "bench", "1", _now_ms(), self.recovery_key)

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        return EnrolAnswer(request.officer_id, "赵敏", "bench", "演示支行", "Asia/Shanghai", Head())

    async def push(self, request: PushRequest) -> PushAnswer:
        self.head = Head(self.head.seq + len(request.items), request.head.hash)
        return PushAnswer(_now_ms(), self.head, tuple(PushResult(i.id, "accepted") for i in request.items))

    async def pull(self, cursor: str, *, own: bool = False) -> Page:
        start = int(cursor or 0)
        docs = self.documents[start : start + PAGE_MAX_DOCS]
        end = start + len(docs)
        more = end < len(self.documents)
        check = None if more else self._check()
        return Page(str(end), more, _now_ms(), cursor == "" or start > 0, tuple(docs), (), check)

    async def close(self) -> None:
        """Nothing is held."""

    def _check(self) -> Check:
        check = Check()
        for d in self.documents:
            check = check.add(d.kind, d.id, d.version)
        return check


async def fill(folder: Path, cases: int, activities: int, seed: int = 1) -> None:
    """A bound notebook in `folder` with its cases pulled and its activities recorded and sent."""
    rng = random.Random(seed)
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    today = open_notebook(folder).today_date()
    made = [_case(rng, n, today) for n in range(cases)]
    documents = [
        Document(kind, case["case_id"], n + 1, json.dumps(doc, ensure_ascii=False).encode())
        for n, (kind, case, doc) in enumerate(
            (kind, case, doc)
            for case, figures in made
            for kind, doc in (("case", case), ("figures", figures))
        )
    ]
    # Benches run at any hour of the day; the gate would ask for reasons at night.
    hours = json.dumps({"quiet_from": "00:00", "quiet_until": "00:00"}).encode()
    documents.append(Document("settings", "limits", len(documents) + 1, hours))
    branch = MadeUpBranch(documents, pem)
    notebook = _connected(folder, branch)
    await notebook.bind(SERVER, "w001", "00000000", PIN)
    await notebook.sync()
    now = notebook.now()
    wanted = [_activity(rng, made[n % cases][0], now, n // cases) for n in range(activities)]
    for start in range(0, len(wanted), 200):
        await notebook.record(wanted[start : start + 200])
    await notebook.sync()
    await notebook.lock()


def _connected(folder: Path, branch: MadeUpBranch) -> Notebook:
    """The notebook bootstrap makes, with the made-up branch at the other end of its wire."""
    notebook = open_notebook(folder)
    notebook._ports = replace(notebook._ports, connect=lambda _server, _secret: branch)
    return notebook


def _case(rng: random.Random, n: int, today: date) -> tuple[dict[str, Any], dict[str, Any]]:
    """One case and its figures. Most are days old, some are long overdue, a fifth was taken over late."""
    d = rng.choice((1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 20, 30, 45, 70, 100, 150))
    start = today - timedelta(days=d)
    disbursed = start - timedelta(days=330)
    town = rng.randrange(len(TOWNS))
    principal = rng.randrange(5, 300) * 1000
    name = rng.choice(FAMILY) + "".join(rng.sample(GIVEN, 2))
    case_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    case = {
        "case_id": case_id,
        "contract_no": f"51{n:012d}",
        "customer_no": f"C{n // 2:08d}",
        "procedure": rng.choice(("psbc_small_loan", "guarantee_company")),
        "status": "open",
        "episode_start": start.isoformat(),
        "assigned_to": "w001",
        "assigned_on": (today - timedelta(days=min(d, rng.choice((d, d, d, d, 2))))).isoformat(),
        "borrower": {
            "name": name,
            "id_last4": f"{rng.randrange(10000):04d}",
            "phones": [{"number": f"139{rng.randrange(10**8):08d}", "label": "本人", "source": "list"}],
            "addresses": [_address(rng, kind, town) for kind in ("business", "home")],
            "occupation": rng.choice(("餐饮", "养殖", "运输", "零售")),
        },
        "debtors": [{"debtor_id": f"d{n}", "role": "spouse", "name": "周小梅", "phones": []}],
        "loan": {
            "product": "农户保证贷款",
            "amount": f"{principal}.00",
            "disbursed_on": disbursed.isoformat(),
            "maturity": (disbursed + timedelta(days=730)).isoformat(),
            "method": "equal_instalments",
            "instalment_dates": [(disbursed + timedelta(days=30 * m)).isoformat() for m in range(1, 25)],
            "annual_rate": "0.1458",
            "penalty_uplift": "0.5",
            "repayment_account": f"6217****{rng.randrange(10000):04d}",
        },
        "guarantors": [
            {
                "guarantor_id": f"g{n}-{g}",
                "name": rng.choice(FAMILY) + rng.choice(GIVEN),
                "role": "guarantor",
                "liability": "joint",
                "phones": [{"number": f"138{rng.randrange(10**8):08d}"}],
            }
            for g in range(2)
        ],
        "payments": [
            {
                "payment_id": f"p{n}-{p}",
                "date": (start - timedelta(days=30 * p)).isoformat(),
                "amount": "850.00",
            }
            for p in range(1, 8)
        ],
    }
    figures = {
        "as_of": today.isoformat(),
        "due_since": start.isoformat(),
        "principal_outstanding": f"{principal}.00",
        "overdue_principal": f"{principal // 10}.00",
        "overdue_interest": f"{principal // 100}.35",
        "penalty_interest": f"{d * 2}.18",
        "instalment_due": f"{principal // 12}.00",
        "account_balance": "0.00",
        "missing": f"{principal // 10 + principal // 100 + d * 2}.53",
        "longest_dpd": d,
        "payments_cover": (today - timedelta(days=1)).isoformat(),
    }
    return case, figures


def _address(rng: random.Random, kind: str, town: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "text": f"{TOWNS[town]}{rng.randrange(1, 30)}组{rng.randrange(1, 200)}号",
        "town": TOWNS[town],
        "village": f"{rng.choice('柏红双长高青金玉')}{rng.choice('林岩流岭桥杠银堂')}村",
        "lat": 32.3 + 0.08 * town + rng.random() / 30,
        "lon": 106.8 + 0.08 * town + rng.random() / 30,
        "source": "places",
    }


def _activity(rng: random.Random, case: dict[str, Any], now: datetime, back: int) -> NewActivity:
    """Mostly calls, a visit now and then, of every twentieth case a promise; the `back`-th lies as many days back."""
    happened = now - timedelta(days=back, minutes=rng.randrange(1, 600))
    promising = back == 0 and int(case["contract_no"]) % 20 == 0
    kind = "promise" if promising else rng.choice(("call",) * 7 + ("note", "visit", "contact_check"))
    number = case["borrower"]["phones"][0]["number"]
    body: dict[str, Any] = {
        "call": {"party": "borrower", "number": number, "direction": "out", "outcome": rng.choice(CALLS)},
        "visit": {
            "party": "borrower",
            "place": "business",
            "met": ["borrower"],
            "outcome": "will_pay_undated",
            "business_state": "operating",
            "reason": "cash_flow",
            "explained": ["penalty", "credit_report"],
        },
        "note": {"text": "在地里干活，傍晚以后在家。"},
        "promise": {
            "party": "borrower",
            "amount": "850.00",
            "due_on": (happened.date() + timedelta(days=rng.randrange(1, 8))).isoformat(),
        },
        "contact_check": {"party": "borrower", "field": "phone", "old": number, "state": "confirmed"},
    }[kind]
    return NewActivity(case["case_id"], kind, body, happened_at=happened, override="bench")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
