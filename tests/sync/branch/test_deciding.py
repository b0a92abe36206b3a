"""What supervisor and clerk answer, and that a later list does not undo it."""

import json
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sync.branch.contacts import answer, reported
from sync.branch.decisions import decide
from sync.branch.errors import BranchError
from sync.branch.exporting.reasons import reason_rows
from sync.branch.holiday import holidays_of, years_around
from sync.branch.importing.overdue import import_overdue
from sync.branch.office import setting
from tests.support.branch_server import RunningBranch
from tests.sync.branch.importing.lists import cases, row, statuses, write

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CONTRACT = "5100000001"


@pytest.fixture
def made(tmp_path: Path, database_url: str | None) -> RunningBranch:
    branch = RunningBranch(tmp_path / "branch", now=lambda: NOW, database_url=database_url)
    branch.officer()
    import_overdue(branch.office, write(tmp_path / "list.csv", [row(1), row(2)]), full_list=True)
    yield branch
    branch.close()


def found(made: RunningBranch, kind: str, body: dict[str, Any], contract: str = CONTRACT) -> str:
    """A record of an officer, as the branch keeps it."""
    from sqlalchemy import insert

    from sync.branch import tables as t

    activity_id, case_id = str(uuid.uuid4()), cases(made.office)[contract]["case_id"]
    at = "2026-11-23T09:00:00+08:00"
    record = {
        "activity_id": activity_id, "case_id": case_id, "kind": kind, "happened_at": at, "recorded_at": at,
        "device_id": "d", "device_seq": 1, "prev": "0" * 64, "officer_id": "w001", "body": body,
    }  # fmt: skip
    with made.office.changing() as changes:
        device = {
            "device_id": "d", "officer_id": "w001", "secret_hash": "x", "head_seq": 0, "head_hash": "",
            "declared_seq": 0, "declared_hash": "", "enrolled_ms": 0,
        }  # fmt: skip
        n = len(list(changes.conn.execute(t.activity.select())))
        if n == 0:
            changes.conn.execute(insert(t.device).values(**device))
        changes.conn.execute(
            insert(t.activity).values(
                activity_id=activity_id, device_id="d", seq=n + 1, prev="", hash="", status="created", late=False,
                record=json.dumps(record).encode(), received_ms=0, officer_id="w001", case_id=case_id, kind=kind,
                happened_on=NOW.date(),
            )
        )  # fmt: skip
        changes.created(case_id, activity_id)
    return activity_id


def changed(**body: Any) -> dict[str, Any]:
    given = {
        "party": "borrower",
        "field": "phone",
        "old": "19900000001",
        "state": "changed",
        "new": "19900009999",
    }
    return {**given, **body}


def phones(made: RunningBranch) -> list[tuple[str, str | None]]:
    listed = cases(made.office)[CONTRACT]["borrower"]["phones"]
    return [(p["number"], p["verified_on"]) for p in listed]


def test_a_confirmed_number_takes_the_old_ones_place_and_a_later_list_leaves_it(
    made: RunningBranch, tmp_path: Path
) -> None:
    reported_id = found(made, "contact_check", changed())
    assert [(r.id, r.old, r.new) for r in reported(made.office)] == [
        (reported_id, "19900000001", "19900009999")
    ]
    answer(made.office, reported_id, accept=True)
    assert phones(made) == [("19900009999", "2026-11-23")]
    assert reported(made.office) == []
    import_overdue(made.office, write(tmp_path / "again.csv", [row(1, 罚息="9.99"), row(2)]), full_list=True)
    assert phones(made) == [("19900009999", "2026-11-23")]


def test_an_invalid_number_confirmed_is_gone_and_a_rejected_report_is_told_as_such(
    made: RunningBranch, tmp_path: Path
) -> None:
    wrong = found(made, "contact_check", changed(state="invalid", new=None))
    answer(made.office, wrong, accept=True)
    assert phones(made) == []
    other = found(made, "contact_check", changed(field="address", old="试县甲镇乙村1组1号", new="别处"))
    answer(made.office, other, accept=False)
    assert cases(made.office)[CONTRACT]["borrower"]["addresses"][0]["text"] == "试县甲镇乙村1组1号"
    import_overdue(made.office, write(tmp_path / "again.csv", [row(1, 罚息="9.99"), row(2)]), full_list=True)
    [said] = cases(made.office)[CONTRACT]["rejected_contacts"]
    assert (said["activity_id"], said["field"]) == (other, "address")


def test_a_guarantors_number_is_theirs(made: RunningBranch) -> None:
    who = cases(made.office)[CONTRACT]["guarantors"][0]["guarantor_id"]
    answer(made.office, found(made, "contact_check", changed(party=who, old="199 0000 0011")), accept=True)
    assert cases(made.office)[CONTRACT]["guarantors"][0]["phones"][0]["number"] == "19900009999"


def test_what_nobody_reported_or_is_answered_cannot_be_answered(made: RunningBranch) -> None:
    with pytest.raises(BranchError):
        answer(made.office, "nothing", accept=True)
    once = found(made, "contact_check", changed())
    answer(made.office, once, accept=True)
    with pytest.raises(BranchError):
        answer(made.office, once, accept=True)


def test_what_was_confirmed_right_or_taken_back_waits_for_nobody(made: RunningBranch) -> None:
    found(made, "contact_check", changed(state="confirmed", new=None))
    mistaken = found(made, "contact_check", changed())
    found(made, "correction", {"of": mistaken, "why": "看错了"})
    assert reported(made.office) == []


@pytest.mark.parametrize(
    ("what", "status"), [("legal", "legal"), ("closed", "closed"), ("misuse", "open"), ("refused", "open")]
)
def test_a_decision_reaches_the_case_and_a_later_list_does_not_undo_it(
    made: RunningBranch, tmp_path: Path, what: str, status: str
) -> None:
    decided = decide(made.office, CONTRACT, what, "试", "主管")
    case = cases(made.office)[CONTRACT]
    assert decided["status"] == case["status"] == status
    assert case["decisions"] == [{"what": what, "why": "试", "by": "主管", "on": "2026-11-23"}]
    tomorrow = [row(n, 数据日期="2026-11-24", 逾期天数="6", 罚息="6.30") for n in (1, 2)]
    import_overdue(made.office, write(tmp_path / "tomorrow.csv", tomorrow), full_list=True)
    assert statuses(made.office)[CONTRACT] == status
    assert cases(made.office)[CONTRACT]["decisions"] == case["decisions"]


def test_a_decision_needs_a_case_and_a_reason(made: RunningBranch) -> None:
    with pytest.raises(BranchError):
        decide(made.office, "nobody", "legal", "x", "主管")
    with pytest.raises(BranchError):
        decide(made.office, CONTRACT, "legal", "  ", "主管")
    for why, by in (
        ("x" * 1001, "主管"),
        ("a\0b", "主管"),
        ("\udcc4", "主管"),
        ("试", " "),
        ("试", "主\n管"),
    ):
        with pytest.raises(BranchError):
            decide(made.office, CONTRACT, "legal", why, by)
    assert cases(made.office)[CONTRACT]["decisions"] == []


def test_reasons_are_counted_by_the_last_word_of_each_case(made: RunningBranch) -> None:
    def visit(reason: str, detail: str) -> dict[str, Any]:
        return {"party": "borrower", "cause": "capacity", "reason": reason, "reason_detail": detail}

    found(made, "visit", visit("family", "illness"))
    found(made, "call", visit("cash_flow", "receivable_unpaid"), "5100000002")
    with made.office.reading() as conn:
        rows = {r["reason"]: r for r in reason_rows(conn, None)}
        later = list(reason_rows(conn, datetime(2026, 11, 24).date()))
    assert later == []
    assert rows["family"]["reason_zh"] == "家庭变化"
    assert {k: (r["cases"], r["customers"], r["overdue"], r["said"]) for k, r in rows.items()} == {
        "family": (1, 1, "4305.25", 1),
        "cash_flow": (1, 1, "4305.25", 1),
    }


def test_a_new_branch_knows_the_public_holidays_until_a_clerk_puts_others(
    made: RunningBranch, tmp_path: Path
) -> None:
    def kept() -> dict[str, Any]:
        with made.office.reading() as conn:
            return setting(conn, "holidays")

    assert "2026-10-01" in kept()["holidays"] and "2026-10-10" in kept()["workdays"]
    file = tmp_path / "own.json"
    file.write_text('{"holidays": ["2026-12-01"], "workdays": []}')
    made.cli_json("settings", "put", "holidays", str(file))
    import_overdue(made.office, write(tmp_path / "again.csv", [row(1, 罚息="7.77"), row(2)]), full_list=True)
    assert kept()["holidays"] == ["2026-12-01"]
    assert made.cli_json("settings", "holidays")["changed"] is True
    assert "2026-10-01" in kept()["holidays"]


def test_the_holidays_of_a_year_hold_what_the_state_council_gave_out() -> None:
    of_2026 = holidays_of([2026])
    assert "2026-02-17" in of_2026["holidays"] and "2026-02-14" in of_2026["workdays"]


def test_the_days_sent_reach_to_where_a_limitation_of_action_ends() -> None:
    of_today = holidays_of(years_around(date(2026, 11, 25)))
    last_instalment = date(2031, 10, 1)
    assert date(last_instalment.year + 3, 10, 1).isoformat() in of_today["holidays"]


def test_the_commands_answer_in_json_and_refuse_in_words(made: RunningBranch) -> None:
    waiting = found(made, "contact_check", changed())
    assert [c["id"] for c in made.cli_json("contact", "list")["contacts"]] == [waiting]
    chinese, english = made.cli("contact", "list").stdout.splitlines()
    assert "，借款人，电话：" in chinese and "2026-11-23 09:00" in chinese
    assert ", Borrower, phone: " in english.replace("Phone", "phone")
    assert made.cli_json("contact", "confirm", waiting)["answer"] == "confirmed"
    assert made.cli("contact", "confirm", waiting).returncode == 1
    assert made.cli_json("decide", CONTRACT, "legal", "--why", "试")["status"] == "legal"
    assert made.cli("decide", CONTRACT, "maybe", "--why", "试").returncode == 1
    assert made.exported("reasons") == []
