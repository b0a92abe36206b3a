"""The notebook against a real branch over HTTP; run in the browser's own Python too (tests/support/browser_runtime.py), where
fetch, WebCrypto and IndexedDB stand behind it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.bootstrap import open_notebook
from app.device.folder import IN_BROWSER
from app.ports import NoConnection, WrongPin
from app.views import NewActivity

PIN, WRONG = "246810", "000000"
NOBODY = "http://127.0.0.1:9"
WEEKS_OF_NOTES = 450  # three pushes, two of them on their way at a time


@dataclass(frozen=True, slots=True)
class Office:
    """A branch that listens, with an officer w001 who has one case."""

    url: str
    code: str


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    if IN_BROWSER:
        given = importlib.import_module("waifang_tests").branch
        yield Office(str(given.url), str(given.code))
        return
    from tests.support.branch_server import running_branch

    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "keystore"))
    with running_branch(tmp_path / "branch") as branch:
        branch.allow_contact_at_any_hour()
        branch.case()
        yield Office(branch.url, branch.code())


def _of(case_id: str) -> NewActivity:
    body = {"party": "borrower", "number": "19900000001", "direction": "out", "outcome": "no_answer"}
    return NewActivity(case_id, "call", body)


async def test_what_is_recorded_waits_reaches_the_branch_and_is_there_after_the_pin(
    office: Office, tmp_path: Path
) -> None:
    notebook = open_notebook(tmp_path / "phone")
    with pytest.raises(NoConnection):
        await notebook.bind(NOBODY, "w001", office.code, PIN)
    await notebook.bind(office.url, "w001", office.code, PIN)
    await notebook.sync()
    [row] = await notebook.customers()
    await notebook.record([_of(row.case_id), _of(row.case_id)])
    assert (await notebook.sync_state()).waiting == 2
    await notebook.lock()

    again = open_notebook(tmp_path / "phone")
    assert again.state == "locked"
    with pytest.raises(WrongPin):
        await again.unlock(WRONG)
    await again.unlock(PIN)
    assert (await again.sync_state()).waiting == 2
    report = await again.sync()
    assert report.pushed == 2
    assert (await again.sync_state()).waiting == 0
    assert [entry.activity.kind for entry in await again.journal()] == ["call", "call"]
    assert (await again.sync()).pushed == 0
    await again.record(
        [NewActivity(row.case_id, "note", {"text": f"第 {n} 条"}) for n in range(WEEKS_OF_NOTES)]
    )
    report = await again.sync()
    assert (report.pushed, report.quarantined) == (WEEKS_OF_NOTES, 0)
    assert (await again.sync_state()).waiting == 0
    assert await again.doctor() == []
    await again.lock()
