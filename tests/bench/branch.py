"""A branch at eight in the morning: all phones at once, each hands in its records and pulls its cases anew.

    python -m tests.bench.branch                       500 phones, 20 records each, 300 cases each; SQLite
    python -m tests.bench.branch --postgresql          the same on a PostgreSQL of its own (its fsync on)
    python -m tests.bench.branch --servers 2           two server processes on one database

The server is `python -m sync.branch serve`, the phones are real connections with a secret each, out of one process on
the same machine. A phone connects, pushes, pulls to the feed's end and looks at every length; count and sum of the
check are gone through after the clock has stopped. Anything but a 200, a `created` for each record and a whole feed
is an error.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import secrets
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import insert

from sync.branch import tables as t
from sync.branch.devices import secret_hash
from sync.protocol import NO_HASH, Check, Head, Item, Page, PushRequest, gunzip, record_hash
from tests.support.branch_server import RunningBranch, case_document, figures_document, serving
from tests.support.postgres import Cluster, binaries

AIM_S: Final = 5.0
_SIGNS: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗石桥沙河正直下两长赤红光一二三四五六七八九十大小上中东西南北"
)


@dataclass
class Phone:
    """One bound phone, what it has to hand in, and what came of it."""

    officer_id: str
    device_id: str
    secret: str
    push: bytes
    pages: list[bytes] = field(default_factory=list)
    pushed_s: float = 0.0
    done_s: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Figures:
    """What one run brought: seconds until the last phone was through and of each phone, bytes inflated, CPU seconds."""

    all_s: float
    pushes: Sequence[float]
    phones: Sequence[float]
    errors: Sequence[str]
    down_bytes: int
    servers_cpu_s: float
    phones_cpu_s: float


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phones", type=int, default=500)
    parser.add_argument("--records", type=int, default=20)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--reps", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true")
    given = parser.parse_args()
    for _ in range(given.reps):
        with tempfile.TemporaryDirectory(prefix="waifang-branch-") as folder, ExitStack() as stack:
            url = stack.enter_context(durable_postgresql()) if given.postgresql else None
            figures = run(Path(folder), given.phones, given.records, given.cases, given.servers, url)
        report(figures)
    return 1 if figures.errors else 0


@contextmanager
def durable_postgresql() -> Iterator[str]:
    """The address of an empty database that flushes as a bank's does."""
    tools = binaries()
    if tools is None:
        raise SystemExit("no PostgreSQL on this machine (Debian: apt install postgresql)")
    cluster = Cluster(tools, durable=True)
    cluster.create("branch")
    yield cluster.url("branch")  # the cluster goes with this process


def run(
    folder: Path, phones: int, records: int, cases: int, servers: int = 1, database_url: str | None = None
) -> Figures:
    """Make the branch, let all phones go at once, and look at what they got."""
    branch = RunningBranch(folder, database_url=database_url)
    with ExitStack() as stack:
        stack.callback(branch.close)
        made = bind(branch, phones, records, cases)
        before = os.times()
        with serving(folder, servers, database_url=database_url) as addresses:
            all_s = asyncio.run(at_once(made, [urlsplit(a).port or 0 for a in addresses]))
        spent = [after - b for after, b in zip(os.times(), before, strict=True)]
        errors = [p.error or whole(p) for p in made]
    return Figures(
        all_s,
        sorted(p.pushed_s for p in made),
        sorted(p.done_s for p in made),
        [e for e in errors if e],
        sum(len(page) for p in made for page in p.pages),
        spent[2] + spent[3],
        spent[0] + spent[1],
    )


def bind(branch: RunningBranch, phones: int, records: int, cases: int) -> list[Phone]:
    """Officers with their cases, and a phone each that has recorded something on them."""
    made = []
    for n in range(phones):
        officer_id, device_id, secret = f"w{n:04}", str(uuid.uuid4()), secrets.token_urlsafe(32)
        branch.officer(officer_id, f"赵{n}")
        ids = [str(uuid.uuid4()) for _ in range(cases)]
        with branch.office.changing() as changes:
            changes.conn.execute(
                insert(t.device).values(
                    device_id=device_id, officer_id=officer_id, secret_hash=secret_hash(secret), name="bench",
                    platform="bench", app="0.1.0", head_seq=0, head_hash=NO_HASH, declared_seq=0,
                    declared_hash=NO_HASH, enrolled_ms=1,
                )
            )  # fmt: skip
            docs = {i: differing(i, officer_id) for i in ids}
            changes.conn.execute(
                insert(t.case_),
                [
                    {
                        "case_id": i,
                        "contract_no": i,
                        "customer_no": d["customer_no"],
                        "procedure": d["procedure"],
                        "status": "open",
                        "status_since": date.fromisoformat(d["status_since"]),
                    }
                    for i, d in docs.items()
                ],
            )
            changes.assign(dict.fromkeys(ids, officer_id))
            changes.store("case", {i: _json(d) for i, d in docs.items()})
            changes.store("figures", dict.fromkeys(ids, _json(figures_document())))
        made.append(Phone(officer_id, device_id, secret, pushed(officer_id, device_id, ids, records)))
    return made


def differing(case_id: str, officer_id: str) -> dict[str, Any]:
    """A case whose people, places and figures are nobody else's, so that it packs as real ones do."""
    made = random.Random(case_id)
    phones = [
        {"number": f"199{made.randrange(10**8):08}", "label": "手机", "source": "list"} for _ in range(3)
    ]
    places = [
        {"kind": kind, "text": f"虚构县{made.choice(_SIGNS)}{made.choice(_SIGNS)}镇{made.choice(_SIGNS)}村{made.randrange(999)}号",
         "lat": 30 + made.random(), "lon": 104 + made.random()}
        for kind in ("home", "business")
    ]  # fmt: skip
    name = "".join(made.choices(_SIGNS, k=3))
    borrower = {
        "name": name,
        "id_last4": f"{made.randrange(10**4):04}",
        "phones": phones,
        "addresses": places,
    }
    return case_document(
        case_id,
        assigned_to=officer_id,
        contract_no=case_id,
        customer_no=f"{made.randrange(10**12):012}",
        borrower=borrower,
        guarantors=[
            {"guarantor_id": "g1", "name": name[::-1], "phones": phones[:1], "addresses": places[:1]}
        ],
        notes="".join(made.choices(_SIGNS, k=60)),
    )


def pushed(officer_id: str, device_id: str, case_ids: Sequence[str], records: int) -> bytes:
    """The packed body of a push of that many chained calls and notes."""
    head, items = Head(), []
    for n in range(records):
        record = _json(
            {
                "activity_id": str(uuid.uuid4()),
                "case_id": case_ids[n % len(case_ids)],
                "kind": "call",
                "happened_at": "2026-11-23T10:00:00+08:00",
                "recorded_at": "2026-11-23T10:00:00+08:00",
                "clock": {"monotonic_ms": 1000 + n, "server_offset_ms": 0, "offset_known_at": None},
                "device_id": device_id,
                "device_seq": n + 1,
                "prev": head.hash,
                "officer_id": officer_id,
                "position": {"lat": 30.1, "lon": 104.2, "accuracy_m": 9},
                "override": None,
                "body": {"party": "borrower", "number": "19900000001", "direction": "out",
                         "outcome": "no_answer", "note": "无人接听，明天再打。"},
                "blobs": [],
            }
        )  # fmt: skip
        items.append(Item(json.loads(record)["activity_id"], record))
        head = Head(n + 1, record_hash(record))
    return gzip.compress(PushRequest(head, tuple(items)).encode(), 6, mtime=0)


async def at_once(phones: Sequence[Phone], ports: Sequence[int]) -> float:
    """All of them at the same moment; seconds until the last one is through."""
    start = time.perf_counter()
    await asyncio.gather(*(_sync(p, ports[n % len(ports)], start) for n, p in enumerate(phones)))
    return time.perf_counter() - start


async def _sync(phone: Phone, port: int, start: float) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            push = (
                f"POST /v1/push HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: {len(phone.push)}\r\n"
            )
            answer = await _ask(reader, writer, phone, push, phone.push)
            if b'"quarantined"' in answer or b'"duplicate"' in answer:
                raise ValueError("not all stand")
            phone.pushed_s = time.perf_counter() - start
            cursor, more = "", True
            while more:
                body = await _ask(reader, writer, phone, f"GET /v1/pull?cursor={cursor} HTTP/1.1\r\n")
                line, _, rest = body.partition(b"\n")
                told = json.loads(line)
                if sum(d[3] for d in told["docs"]) + len(told["docs"]) != len(rest):
                    raise ValueError("a page is not whole")
                cursor, more = told["cursor"], told["more"]
                phone.pages.append(body)
            phone.done_s = time.perf_counter() - start
        finally:
            writer.close()
    except (OSError, ValueError, asyncio.IncompleteReadError) as e:
        phone.error = f"{type(e).__name__}: {e}"


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, phone: Phone, first: str, content: bytes = b""
) -> bytes:
    """One call over the phone's connection; the inflated body. Raises ValueError for anything but a 200."""
    head = f"{first}Host: 127.0.0.1\r\nAuthorization: Bearer {phone.secret}\r\nWaifang-App: 0.1.0\r\nAccept-Encoding: gzip\r\n\r\n"
    writer.write(head.encode() + content)
    answered = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in answered[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    if not answered[0].startswith("http/1.1 200"):
        raise ValueError(f"{answered[0]}: {body.decode()}")
    return gunzip(body) if headers.get("content-encoding") == "gzip" else body


def whole(phone: Phone) -> str:
    """What is wrong with the feed the phone got; empty where nothing is."""
    pages = [Page.decode(p) for p in phone.pages]
    docs = [(d.kind, d.id, d.version) for p in pages for d in p.docs]
    return "" if pages[-1].check == Check().changed(docs, []) else "the check does not hold"


def report(figures: Figures) -> None:
    """The figures and the aim."""
    say(f"{len(figures.phones)} phones: all through in {figures.all_s:.2f} s (aim {AIM_S} s), {len(figures.errors)} errors, "
        f"{figures.down_bytes / 1e6:.0f} MB of documents")  # fmt: skip
    for name, times in (("pushed after", figures.pushes), ("through after", figures.phones)):
        parts = [f"{q} % {times[min(len(times) - 1, len(times) * q // 100)]:.2f} s" for q in (50, 90, 99)]
        say(f"  {name}: {', '.join(parts)}, last {times[-1]:.2f} s")
    say(
        f"  of the processors' time: {figures.servers_cpu_s:.2f} s the servers, start and all, {figures.phones_cpu_s:.2f} s the phones"
    )
    for error in sorted(set(figures.errors)):
        say(f"  {figures.errors.count(error)} × {error}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


if __name__ == "__main__":
    sys.exit(main())
