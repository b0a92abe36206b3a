"""Our two ends of the peers' bench do the whole job, on a handful of cases."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).with_name("peers")
CASES = 20


class End:
    """One end as the runner drives it."""

    def __init__(self, script: str, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, script],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **env, "PYTHONPATH": "../../.."},
        )

    def ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"cmd": command}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert answer["ok"], answer["error"]
        return answer

    def stop(self) -> None:
        self._process.communicate(timeout=30)


def row(n: int, balance: float) -> dict[str, Any]:
    phones = [{"no": f"1390000000{p}", "kind": "mobile", "state": "unknown"} for p in range(3)]
    places = [{"kind": k, "text": "虚构市一路1号" * 4, "lat": 30.1, "lng": 104.2} for k in ("home", "work")]
    guarantor = {
        "name": "钱试",
        "relation": "朋友",
        "phone": "13800000000",
        "address": "虚构市二路2号",
        "liability": "连带",
    }
    return {
        "id": f"01930000-0000-7000-a000-{n:012d}",
        "branch": "620100",
        "officer_id": "off-1",
        "status": "assigned",
        "version": 1,
        "borrower": {"name": "赵试", "gender": "男", "id_masked": f"{n:06d}********0000", "birth_year": 1980,
                     "employer": "虚构公司", "phones": phones},
        "addresses": places,
        "loan": {"contract_no": f"HT{n:016d}", "product": "农户小额贷款", "principal": 5000, "balance": balance,
                 "interest_due": 1.5, "penalty": 0.5, "rate": 9.5, "overdue_days": 3, "overdue_periods": 1,
                 "disbursed_on": "2026-01-20", "due_on": "2026-10-20", "classification": "关注"},
        "guarantors": [guarantor, guarantor],
        "last_contact": {"at": "2026-10-20T09:30:00+08:00", "kind": "call", "outcome": "nobody_home"},
        "notes": "需继续跟进。",
        "risk": "mid",
        "updated_at": "2026-10-20T02:00:00.000Z",
    }  # fmt: skip


def act(n: int) -> dict[str, Any]:
    return {
        "id": f"01930000-0000-7000-b000-{n:012d}",
        "case_id": row(n % CASES, 0)["id"],
        "kind": ("visit", "call", "contact_check")[n % 3],
        "at": "2026-10-20T10:15:30.123+08:00",
        "lat": 30.1,
        "lng": 104.2,
        "accuracy_m": 9,
        "outcome": "refused",
        "promise_amount": 500 if n % 2 else None,
        "promise_date": "2026-11-01" if n % 2 else None,
        "note": "需继续跟进。",
    }


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    files = {
        "cases": [row(n, 4000.5) for n in range(CASES)],
        "delta": [row(3, 3999.5)],
        "acts": [act(n) for n in range(250)],
    }
    for name, rows in files.items():
        text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows)
        (tmp_path / f"{name}_{CASES}.jsonl").write_text(text, "utf-8")
    for name in ("server", "client"):
        (tmp_path / name).mkdir()
    return {
        "N": str(CASES),
        "DATA": str(tmp_path),
        "SDIR": str(tmp_path / "server"),
        "CDIR": str(tmp_path / "client"),
    }


def test_ours_does_the_peers_whole_job(env: dict[str, str]) -> None:
    server = End("peer_server.py", env)
    try:
        env["URL"] = f"http://127.0.0.1:{server.ask('start')['port']}"
        client = End("peer_client.py", env)
        try:
            client.ask("open")
            assert client.ask("pull").items() >= {"count": CASES, "v2": 0}.items()
            client.ask("none")
            server.ask("mutate")
            assert client.ask("delta").items() >= {"count": CASES, "v2": 1}.items()
            client.ask("local")
            client.ask("push")
            assert server.ask("count")["acts"] == 250
        finally:
            client.stop()
    finally:
        server.stop()
