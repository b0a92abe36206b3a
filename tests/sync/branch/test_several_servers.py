"""Two server processes on one database: what a phone hands in at one, another pulls at the other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sync.branch.office import Now, utc_now
from tests.support.branch_server import RunningBranch, serving
from tests.support.wire_phone import WirePhone

ROUNDS = 4
EACH = 5


@pytest.fixture
def clock() -> Now:
    """The machine's: the servers are processes of their own."""
    return utc_now


@pytest.fixture
def servers(branch: RunningBranch) -> Iterator[list[str]]:
    """The addresses of two `python -m sync.branch serve`."""
    with serving(branch.folder, 2, database_url=branch.database_url) as addresses:
        yield addresses


def test_pushes_at_two_servers_side_by_side_reach_every_phone_of_the_officer(
    branch: RunningBranch, servers: list[str]
) -> None:
    cases = [branch.case() for _ in range(3)]
    phones = [WirePhone(address) for address in (*servers, *servers)]
    reader = WirePhone(servers[0])
    for phone in (*phones, reader):
        assert phone.enrol(branch.code()).status_code == 200
    first = reader.pull().line
    pushed: set[str] = set()

    def work(phone: WirePhone) -> set[str]:
        sent = set()
        for n in range(ROUNDS):
            items = [phone.record(cases[(n + i) % len(cases)]) for i in range(EACH)]
            answer = phone.push(items)
            assert [r["status"] for r in answer.json()["results"]] == ["created"] * EACH
            sent |= {i for i, _ in items}
        return sent

    cursor, got = first["cursor"], set()
    with ThreadPoolExecutor(len(phones)) as pool:
        working = [pool.submit(work, phone) for phone in phones]
        while not all(w.done() for w in working):
            page = reader.pull(cursor)
            cursor = page.line["cursor"]
            got |= {doc_id for _, doc_id in page.keys}
        for w in working:
            pushed |= w.result()
    last = reader.pull(cursor)
    got |= {doc_id for _, doc_id in last.keys}
    for phone in (*phones, reader):
        phone.close()

    assert got == pushed
    assert len(pushed) == len(phones) * ROUNDS * EACH
    assert last.line["check"]["count"] == first["check"]["count"] + len(pushed)


def test_the_same_push_at_both_servers_at_once_is_stored_once(
    branch: RunningBranch, servers: list[str]
) -> None:
    phone = WirePhone(servers[0])
    phone.enrol(branch.code())
    frame = phone.frame([phone.record(branch.case()) for _ in range(EACH)])

    def send(address: str) -> httpx.Response:
        return httpx.post(f"{address}/v1/push", content=frame, headers=phone.auth(), timeout=60)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, servers * 2))
    phone.close()

    assert [a.status_code for a in answers] == [200] * 4
    said = sorted(tuple({r["status"] for r in a.json()["results"]}) for a in answers)
    assert said == [("created",), ("duplicate",), ("duplicate",), ("duplicate",)]
