"""A real branch over a temporary data folder, served on a free port of 127.0.0.1."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from sync.branch import tables as t
from sync.branch.enrolment import issue_code
from sync.branch.founding import found
from sync.branch.http.serving import BranchServer, listen, make_server
from sync.branch.office import Now, Office, utc_now
from sync.branch.officers import add_officer
from sync.branch.recovery import RecoveryKeys, make_recovery_keys
from tests.support.ports import free_port as free_port  # others ask for it here

ROOT = Path(__file__).parents[2]
_LATER = """
import sync.branch.http.releases as releases
releases.RELEASED = {}
from sync.branch.cli import main
raise SystemExit(main())
"""


@cache
def recovery_keys() -> RecoveryKeys:
    """One pair for a whole test run: making one takes a good part of a second."""
    return make_recovery_keys()


def case_document(case_id: str, **members: Any) -> dict[str, Any]:
    """A case as the branch sends it; `members` replace its own."""
    return {
        "case_id": case_id,
        "contract_no": f"5199{case_id[:8]}",
        "customer_no": f"KH{case_id[:6]}",
        "procedure": "psbc_small_loan",
        "status": "open",
        "status_since": "2026-11-23",
        "episode_start": "2026-11-20",
        "assigned_to": "w001",
        "assigned_on": "2026-11-21",
        "borrower": {
            "name": "试用户",
            "id_last4": "0000",
            "phones": [{"number": "19900000001", "label": "手机", "source": "list", "verified_on": None}],
            "addresses": [
                {"kind": "business", "text": "虚构县甲镇一村1号", "town": "甲镇", "village": "一村"}
            ],
            "occupation": "小卖部",
        },
        "loan": {
            "product": "农户保证贷款",
            "amount": "100000.00",
            "disbursed_on": "2026-01-20",
            "maturity": "2027-01-20",
            "method": "equal_instalments",
            "annual_rate": "0.12",
            "penalty_uplift": "0.5",
            "repayment_account": "6217****0000",
        },
    } | members


def figures_document(**members: Any) -> dict[str, Any]:
    """The figures beside such a case."""
    return {
        "as_of": "2026-11-23",
        "due_since": "2026-11-20",
        "principal_outstanding": "60000.00",
        "overdue_principal": "8000.00",
        "overdue_interest": "500.00",
        "penalty_interest": "12.00",
        "instalment_due": "8884.88",
        "account_balance": "0.00",
        "missing": "8512.00",
        "longest_dpd": 3,
        "payments_cover": "2026-11-22",
    } | members


class RunningBranch:
    """A branch with its data in `folder`; `start` and `stop` it as often as needed, always on the same port.

    It runs in a thread (quick, takes a test's clock) or, with `process=True`, as `python -m sync.branch serve`
    (and with `webapp=True` it hands out the app for phones). `released`, of a process, are the versions it knows from its
    next start on, as a later branch would: the newest three may pull.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "试点支行",
        now: Now = utc_now,
        *,
        process: bool = False,
        database_url: str | None = None,
        webapp: bool = False,
        blobs_url: str | None = None,
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.founded = found(folder, name, now=now, keys=recovery_keys(), database_url=database_url)
        self._now, self._blobs_url = now, blobs_url
        self.office = Office.open(folder, now, blobs_url, database_url)
        self._process_mode = process
        self._webapp = webapp
        self.released: Sequence[str] = ()
        self._port = 0
        self._thread: threading.Thread | None = None
        self._server: BranchServer | None = None
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`; known once it was started."""
        assert self._port, "the branch was never started"
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    def start(self) -> RunningBranch:
        """Returns when connections are taken."""
        assert self._thread is None and self._process is None, "it runs already"
        if self._process_mode:
            self._start_process()
        else:
            self._start_thread()
        return self

    def stop(self) -> None:
        """Returns when nothing listens any more; again is fine."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate(timeout=30)
        self._server = self._thread = self._process = None

    def kill(self) -> None:
        """End the process without warning; `start` begins another one."""
        assert self._process is not None, "it does not run as a process"
        self._process.kill()
        self._process.communicate()
        self._process = None

    def reopen(self) -> None:
        """After `close`, over whatever the folder and the database hold by now."""
        self.office = Office.open(self.folder, self._now, self._blobs_url, self.database_url)

    def close(self) -> None:
        """Stop and give the database back."""
        self.stop()
        self.office.close()

    def _start_thread(self) -> None:
        listening, stack = threading.Event(), listen("127.0.0.1", self._port)
        bound = stack.__enter__()
        self._port = bound.getsockname()[1]
        server = make_server(self.office, listening.set)

        def run() -> None:
            try:
                server.run(sockets=[bound])
            finally:
                stack.__exit__(None, None, None)

        self._server, self._thread = server, threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert listening.wait(30), "the branch did not start"

    def _start_process(self) -> None:
        self._port = self._port or free_port()
        program = ["-c", _LATER.format(tuple(self.released))] if self.released else ["-m", "sync.branch"]
        command = [sys.executable, *program, "--data", str(self.folder), "--json", "serve"]
        self._process = subprocess.Popen(
            [*command, "--webapp" if self._webapp else "--no-webapp", "--port", str(self._port)],
            env=environment(self.database_url),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        assert told, "the branch did not start"
        assert json.loads(told)["address"] == self.url

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of the branch on this data folder, as a clerk would run it."""
        return branch_cli(self.folder, *words, database_url=self.database_url)

    def cli_json(self, *words: str) -> Any:
        """Its JSON answer; the command must succeed (an import may have rejected rows)."""
        done = self.cli(*words, "--json")
        assert done.returncode in (0, 2), done.stderr
        return json.loads(done.stdout)

    def officer(self, officer_id: str = "w001", name: str = "赵试") -> str:
        """Register an officer; returns the number."""
        return add_officer(self.office, officer_id, name).officer_id

    def code(self, officer_id: str = "w001") -> str:
        """A code for one phone of that officer."""
        return issue_code(self.office, officer_id).code

    def case(self, officer_id: str = "w001", figures: Mapping[str, Any] = {}, **members: Any) -> str:
        """Give the officer a case, made up or as `members` say; returns its case_id. `figures` likewise."""
        case_id = members.pop("case_id", None) or str(uuid.uuid4())
        doc = case_document(case_id, **{"assigned_to": officer_id, **members})
        with self.office.changing() as changes:
            changes.conn.execute(
                insert(t.case_).values(
                    case_id=case_id,
                    contract_no=doc["contract_no"],
                    customer_no=doc["customer_no"],
                    procedure=doc["procedure"],
                    status=doc["status"],
                    status_since=date.fromisoformat(doc["status_since"]),
                )
            )
            changes.assign({case_id: officer_id})
            changes.store("case", {case_id: _json(doc)})
            changes.store("figures", {case_id: _json(figures_document(**figures))})
        return case_id

    def update(self, kind: str, doc_id: str, body: Mapping[str, Any]) -> None:
        """Replace a document: kind case, figures or settings."""
        with self.office.changing() as changes:
            changes.store(kind, {doc_id: _json(body)})

    def allow_contact_at_any_hour(self) -> None:
        """For tests whose phone runs on the machine's own clock: they must pass at night too."""
        self.update("settings", "limits", {"quiet_from": "00:00", "quiet_until": "00:00"})

    def move(self, case_id: str, officer_id: str) -> None:
        """Give a case to another officer."""
        with self.office.changing() as changes:
            changes.assign({case_id: officer_id})

    def records(self) -> list[str]:
        """The ids of the records it has, by their place in their phones' chains."""
        with self.office.reading() as conn:
            return list(conn.scalars(select(t.activity.c.activity_id).order_by(t.activity.c.seq)))

    def exported(self, what: str = "activities") -> list[dict[str, Any]]:
        """What `export … --format jsonl` says."""
        done = self.cli("export", what, "--format", "jsonl")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def running_branch(
    folder: Path, now: Now = utc_now, *, process: bool = False, database_url: str | None = None
) -> Iterator[RunningBranch]:
    """A branch that listens with one officer w001; closed at the end."""
    branch = RunningBranch(folder, now=now, process=process, database_url=database_url)
    branch.officer()
    try:
        yield branch.start()
    finally:
        branch.close()


@contextmanager
def serving(folder: Path, count: int = 1, *, database_url: str | None = None) -> Iterator[list[str]]:
    """The addresses of that many `python -m sync.branch serve` on the data folder, each a process of its own."""
    command = [sys.executable, "-m", "sync.branch", "--data", str(folder), "--json"]
    running = [
        subprocess.Popen(
            [*command, "serve", "--no-webapp", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=environment(database_url),
        )
        for _ in range(count)
    ]
    try:
        yield [json.loads(process.stdout.readline())["address"] for process in running if process.stdout]
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def branch_cli(
    folder: Path, *words: str, database_url: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m sync.branch --data folder …`."""
    return subprocess.run(
        [sys.executable, "-m", "sync.branch", "--data", str(folder), *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=environment(database_url) | {"PYTHONWARNINGS": "error::ResourceWarning"},
    )


def environment(database_url: str | None) -> dict[str, str]:
    """Where a command finds the database; not among its words, which every account of the machine can read."""
    return {**os.environ} | ({} if database_url is None else {"WAIFANG_DATABASE_URL": database_url})


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
