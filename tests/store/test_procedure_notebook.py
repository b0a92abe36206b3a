"""The notebook over a real store and a real branch: gate, notice, signature, corrections, 攻坚."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.bootstrap import open_notebook
from app.device.clock import SystemClock
from app.notebook import Notebook
from app.ports import Hindered, InvalidRecord, NotebookError
from app.views import NewActivity, NewBlob
from sync.branch.office import setting
from tests.support.branch_server import RunningBranch, running_branch

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 24)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0 L1 1"/></svg>'
GUARANTOR = {
    "guarantor_id": "g1", "name": "保一", "role": "guarantor", "liability": "joint",
    "phones": [{"number": "19900000011"}],
}  # fmt: skip


class HandClock(SystemClock):
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.at = datetime.combine(DAY, time(10, 0), ZONE)

    def now(self) -> datetime:
        return self.at

    def show(self, hour: int, minute: int = 0) -> None:
        self.at = datetime.combine(DAY, time(hour, minute), ZONE)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def branch(tmp_path: Path, clock: HandClock) -> AsyncIterator[RunningBranch]:
    with running_branch(tmp_path / "branch", now=clock.now) as running:
        running.case(
            case_id="c1", guarantors=[GUARANTOR], episode_start="2026-11-16", assigned_on="2026-11-16"
        )
        borrower = {"name": "保一", "phones": [{"number": "19900000011"}], "addresses": []}
        running.case(case_id="c2", contract_no="2", customer_no="KH2", borrower=borrower)
        yield running


@pytest.fixture
async def notebook(
    tmp_path: Path, branch: RunningBranch, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Notebook]:
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "keystore"))
    opened = open_notebook(tmp_path / "phone", clock)
    await opened.bind(branch.url, "w001", branch.code(), "246810")
    await opened.sync()
    yield opened
    await opened.lock()


def call(outcome: str = "refused", **members: object) -> NewActivity:
    body = {"party": "borrower", "number": "19900000001", "direction": "out", "outcome": outcome}
    return NewActivity("c1", "call", body, **members)  # type: ignore[arg-type]


async def test_a_call_at_night_needs_a_reason_that_becomes_part_of_the_record(
    notebook: Notebook, clock: HandClock
) -> None:
    clock.show(22, 30)
    with pytest.raises(Hindered) as refused:
        await notebook.record([call()])
    [hindrance] = refused.value.hindrances
    assert hindrance.possible_from == datetime(2026, 11, 25, 8, 0, tzinfo=ZONE)
    assert await notebook.journal() == []
    await notebook.record([call(override="客户约定此时联系")])
    [entry] = await notebook.journal()
    assert entry.activity.raw["override"] == {"rule": "contact_hours", "why": "客户约定此时联系"}


async def test_a_visit_of_the_afternoon_may_be_written_up_at_night(
    notebook: Notebook, clock: HandClock
) -> None:
    clock.show(23)
    await notebook.record([call(happened_at=datetime.combine(DAY, time(15, 0), ZONE), override="多余的理由")])
    [entry] = await notebook.journal()
    assert entry.activity.raw["override"] is None


async def test_the_fourth_conversation_of_a_day_is_held_up_and_other_peoples_are_not(
    notebook: Notebook, clock: HandClock
) -> None:
    for hour in (9, 10, 11):
        clock.show(hour)
        await notebook.record([call()])
    clock.show(12)
    assert [h.rule for h in notebook.may_contact("c1", "borrower")] == ["conversations"]
    assert notebook.may_contact("c1", "g1", "19900000011") == ()
    with pytest.raises(Hindered):
        await notebook.record([call()])


async def test_a_number_not_to_be_called_any_more_is_remembered_in_every_case_and_on_later_days(
    notebook: Notebook, clock: HandClock
) -> None:
    refused = {"party": "g1", "number": "19900000011", "direction": "out", "outcome": "do_not_contact"}
    await notebook.record([NewActivity("c1", "call", refused)])
    clock.at += timedelta(days=3)
    assert [h.rule for h in notebook.may_contact("c2", "borrower", "199 0000 0011")] == ["do_not_contact"]
    assert notebook.may_contact("c2", "borrower", "19900000012") == ()


async def test_a_notice_is_filled_in_and_its_signature_kept_sealed(
    notebook: Notebook, tmp_path: Path
) -> None:
    draft = await notebook.notice("c1", "borrower")
    letter = draft.letter
    assert letter.amount_claimed == Decimal("8512.00")
    assert letter.number.endswith("-20261124-0")
    assert any("捌仟伍佰壹拾贰元整" in p for p in letter.paragraphs)
    body = {
        "notice_no": letter.number, "title": letter.title, "addressee": "borrower", "method": "in_person",
        "result": "signed", "amount_claimed": str(letter.amount_claimed), "as_of": letter.as_of.isoformat(),
    }  # fmt: skip
    [saved] = await notebook.record(
        [NewActivity("c1", "notice", body, blobs=(NewBlob("signature", "image/svg+xml", SVG),))]
    )
    [entry] = await notebook.journal()
    [listed] = entry.activity.raw["blobs"]
    assert (listed["role"], listed["size"]) == ("signature", len(SVG))
    assert await notebook.blob(saved, listed["sha256"]) == SVG
    assert await notebook.blob(saved, "0" * 64) is None
    assert await notebook.doctor() == []
    stored = b"".join(p.read_bytes() for p in (tmp_path / "phone").rglob("*") if p.is_file())
    assert SVG not in stored and listed["sha256"].encode() not in stored
    steps = {s.step: s.done for s in (await notebook.case("c1")).steps}
    assert steps["serve_notice"] is True and steps["guarantor_repay"] is False


async def test_guarantors_are_shown_with_clock_and_where_else_they_stand(notebook: Notebook) -> None:
    await notebook.record(
        [NewActivity("c1", "guarantor_demand", {"guarantor_id": "g1", "method": "call", "agreed": "refuses"})]
    )
    view = await notebook.case("c1")
    who = next(p for p in view.people if p.party == "g1")
    assert (who.agreed, who.agreed_on, who.last_contact_on) == ("refuses", DAY, DAY)
    assert [(e.case_id, e.role) for e in who.also_in] == [("c2", "borrower")]
    assert who.clock is not None and who.clock.task == "demand" and who.clock.ends_on is not None


async def test_a_changed_number_shows_unconfirmed_until_the_branch_confirms_it(
    notebook: Notebook, branch: RunningBranch
) -> None:
    body = {
        "party": "borrower",
        "field": "phone",
        "old": "19900000001",
        "state": "changed",
        "new": "19900007777",
    }
    await notebook.record([NewActivity("c1", "contact_check", body)])
    points = (await notebook.case("c1")).people[0].points
    assert [(p.value, p.unconfirmed) for p in points if p.field == "phone"] == [
        ("19900000001", False), ("19900007777", True)
    ]  # fmt: skip
    await notebook.sync()
    from sync.branch.contacts import answer, reported

    [waiting] = reported(branch.office)
    answer(branch.office, waiting.id, accept=True)
    await notebook.sync()
    points = (await notebook.case("c1")).people[0].points
    assert [(p.value, p.unconfirmed, p.state) for p in points if p.field == "phone"] == [
        ("19900007777", False, "confirmed")
    ]


async def test_only_an_own_record_can_be_corrected_and_both_stay(notebook: Notebook) -> None:
    with pytest.raises(InvalidRecord):
        await notebook.record([NewActivity("c1", "correction", {"of": "nothing", "why": "x"})])
    [made] = await notebook.record([call("no_answer")])
    replacement = {"party": "borrower", "number": "19900000001", "direction": "out", "outcome": "refused"}
    await notebook.record(
        [NewActivity("c1", "correction", {"of": made, "why": "点错了", "replacement": replacement})]
    )
    view = await notebook.case("c1")
    assert {e.activity.kind for e in view.timeline} == {"call", "correction"}
    assert view.people[0].last_contact_on == DAY


@pytest.mark.parametrize(
    ("replacement", "field"),
    [
        ({"party": "borrower", "direction": "out", "number": "1", "outcome": "fine"}, "replacement.outcome"),
        ({"body": {"party": "nobody"}}, "replacement.party"),
        ({"kind": "note", "body": {"text": ""}}, "replacement.text"),
        (
            {"kind": "note", "body": {"text": "x"}, "happened_at": "2026-11-25T10:00:00+08:00"},
            "replacement.happened_at",
        ),
    ],
)
async def test_what_could_not_be_recorded_cannot_be_a_replacement(
    notebook: Notebook, replacement: dict[str, object], field: str
) -> None:
    [made] = await notebook.record([call("no_answer")])
    with pytest.raises(InvalidRecord) as refused:
        await notebook.record(
            [NewActivity("c1", "correction", {"of": made, "why": "点错了", "replacement": replacement})]
        )
    assert refused.value.field == field


async def test_every_record_is_in_exactly_one_state_before_and_after_a_sync(notebook: Notebook) -> None:
    async def counted() -> tuple[int, int, int]:
        state = await notebook.sync_state()
        counts = (state.waiting, state.uploaded, state.quarantined)
        assert sum(counts) == len(await notebook.journal())
        return counts

    await notebook.record([call("no_answer")])
    assert await counted() == (1, 0, 0)
    await notebook.sync()
    assert await counted() == (0, 1, 0)
    await notebook.record([call("busy")])
    assert await counted() == (1, 1, 0)


async def test_five_cases_are_pinned_for_three_days_and_no_more(
    notebook: Notebook, branch: RunningBranch, clock: HandClock
) -> None:
    for n in range(5):
        branch.case(case_id=f"p{n}", contract_no=f"p{n}", customer_no=f"P{n}")
    await notebook.sync()
    for n in range(5):
        await notebook.pin(f"p{n}")
    with pytest.raises(NotebookError):
        await notebook.pin("c1")
    assert (await notebook.case("p0")).pinned_until == DAY + timedelta(days=2)
    assert sum(r.pinned for r in await notebook.customers()) == 5
    await notebook.unpin("p0")
    assert (await notebook.case("p0")).pinned_until is None
    clock.at += timedelta(days=3)
    assert not any(r.pinned for r in await notebook.customers())


async def test_an_estimate_grows_with_the_days(notebook: Notebook) -> None:
    soon = await notebook.estimate("c1", DAY)
    later = await notebook.estimate("c1", DAY + timedelta(days=10))
    assert soon is not None and later is not None
    # 8,000 × 12 % × 1.5 ÷ 360 = 4.00 a day
    assert later.penalty - soon.penalty == Decimal("40.00")
    assert later.total - soon.total == Decimal("40.00")


async def test_a_promise_of_last_week_whose_day_has_passed_can_still_be_corrected(
    notebook: Notebook, clock: HandClock
) -> None:
    made_at = datetime.combine(DAY - timedelta(days=7), time(10, 0), ZONE)
    promise = {"party": "borrower", "amount": "900.00", "due_on": "2026-11-19"}
    [made] = await notebook.record([NewActivity("c1", "promise", promise, happened_at=made_at)])
    replacement = {
        "kind": "promise",
        "body": {**promise, "due_on": "2026-11-20"},
        "happened_at": made_at.isoformat(),
    }
    await notebook.record(
        [NewActivity("c1", "correction", {"of": made, "why": "日期记错", "replacement": replacement})]
    )
    [view] = (await notebook.case("c1")).promises
    assert view.due_on == date(2026, 11, 20)
    [entry] = [e for e in (await notebook.case("c1")).timeline if e.activity.kind == "promise"]
    assert entry.corrected and entry.standing is not None
    assert (entry.activity.body["due_on"], entry.standing.body["due_on"]) == ("2026-11-19", "2026-11-20")


async def test_a_record_taken_back_says_so_and_counts_no_more(notebook: Notebook) -> None:
    [made] = await notebook.record([call()])
    await notebook.record([NewActivity("c1", "correction", {"of": made, "why": "没有这回事"})])
    view = await notebook.case("c1")
    [entry] = [e for e in view.timeline if e.activity.kind == "call"]
    assert (entry.corrected, entry.standing) == (True, None)
    assert view.mix["call"] == 0


async def test_what_the_branch_puts_as_its_procedure_and_limits_holds_on_the_phone_after_the_next_sync(
    notebook: Notebook, branch: RunningBranch, clock: HandClock, tmp_path: Path
) -> None:
    bundled = (Path(__file__).parents[2] / "assets/procedures/psbc_small_loan.toml").read_text("utf-8")
    own = bundled.replace('"首次上门"', '"第一次登门"').replace('"逾期催收函"', '"到期未还提示函"')
    assert own != bundled
    (tmp_path / "own.toml").write_text(own, "utf-8")
    (tmp_path / "limits.json").write_text('{"conversations_a_day": 1}', "utf-8")
    branch.case(
        case_id="new", contract_no="n", customer_no="n", episode_start="2026-11-23", assigned_on="2026-11-23"
    )
    assert branch.cli("settings", "put", "procedures", str(tmp_path / "own.toml")).returncode == 0
    assert branch.cli("settings", "put", "limits", str(tmp_path / "limits.json")).returncode == 0
    await notebook.sync()
    steps = {s.step: s.title.by_language["zh"] for s in (await notebook.case("new")).steps}
    assert steps["first_visit"] == "第一次登门"
    assert (await notebook.notice("new", "borrower")).letter.title == "到期未还提示函"
    await notebook.record([call(happened_at=clock.at - timedelta(hours=1))])
    with pytest.raises(Hindered):
        await notebook.record([call()])


async def test_a_broken_procedure_file_is_refused_by_the_branch_with_the_place_and_nothing_changes(
    notebook: Notebook, branch: RunningBranch, tmp_path: Path
) -> None:
    bundled = (Path(__file__).parents[2] / "assets/procedures/psbc_small_loan.toml").read_text("utf-8")

    def kept() -> object:
        with branch.office.reading() as conn:
            return setting(conn, "procedures")

    before = kept()
    assert before
    for text, place in (
        (bundled.replace("[[steps]]", "[[steps]", 1), "line "),
        (bundled.replace('kind = "visit"', 'kind = "party"', 1), "steps[0].kind"),
    ):
        (tmp_path / "broken.toml").write_text(text, "utf-8")
        done = branch.cli("settings", "put", "procedures", str(tmp_path / "broken.toml"))
        assert done.returncode == 1
        assert place in done.stderr
    assert kept() == before
