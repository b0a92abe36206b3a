import json
import uuid

from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import WirePhone


def pushed(phone: WirePhone, item: tuple[str, bytes]) -> str:
    """Push one record that does not fit; its id."""
    response = phone.push([item])
    assert [r["status"] for r in response.json()["results"]] == ["quarantined"]
    return item[0]


def verdict(phone: WirePhone, activity_id: str) -> dict:
    return json.loads(phone.pull().docs["verdict", activity_id])


def test_an_accepted_record_is_fed_to_the_cases_officer_and_the_answer_to_who_pushed_it(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
):
    theirs = branch.case("w002")
    record = phone.record(theirs)
    activity_id = pushed(phone, record)
    [waits] = branch.cli_json("quarantine", "list")["quarantine"]
    assert (waits["activity_id"], waits["officer_id"], waits["answer"]) == (activity_id, "w001", None)
    assert "never assigned" in waits["reason"]
    cursor = colleague.pull().line["cursor"]
    assert branch.exported() == []

    done = branch.cli_json("quarantine", "accept", activity_id, "--why", "代班", "--by", "李主管")

    assert done["answer"]["fed"]
    assert verdict(phone, activity_id) | {"sha256": ""} == {
        "activity_id": activity_id, "sha256": "", "verdict": "accepted", "why": "代班", "by": "李主管",
        "on": done["answer"]["on"], "fed": True,
    }  # fmt: skip
    assert colleague.pull(cursor).docs["activity", activity_id] == record[1]
    assert ("activity", activity_id) not in phone.pull().docs
    assert [r["activity_id"] for r in branch.exported()] == [activity_id]
    assert branch.cli_json("quarantine", "list")["quarantine"] == []
    assert branch.cli_json("quarantine", "list", "--all")["quarantine"][0]["answer"]["by"] == "李主管"


def test_a_rejected_record_stays_and_is_answered_and_may_still_be_accepted(
    branch: RunningBranch, phone: WirePhone
):
    case = branch.case("w001")
    activity_id = pushed(phone, phone.record(case, "call", {"party": "borrower", "outcome": "nonsense"}))
    assert branch.cli("quarantine", "reject", activity_id, "--why", " ").returncode == 1
    branch.cli_json("quarantine", "reject", activity_id, "--why", "结果写错")
    assert verdict(phone, activity_id)["verdict"] == "rejected"
    again = branch.cli("quarantine", "reject", activity_id, "--why", "again")
    assert (again.returncode, again.stdout) == (1, "")
    assert branch.cli_json("status")["quarantined"] == 0

    branch.cli_json("quarantine", "accept", activity_id)

    assert verdict(phone, activity_id)["verdict"] == "accepted"
    assert branch.cli("quarantine", "reject", activity_id, "--why", "too late").returncode == 1


def test_what_cannot_be_fed_can_only_be_answered(branch: RunningBranch, phone: WirePhone):
    unreadable = pushed(phone, phone.chain("not-json", b"\xff no record"))
    nowhere = pushed(phone, phone.record(str(uuid.uuid4())))
    for activity_id in (unreadable, nowhere):
        done = branch.cli_json("quarantine", "accept", activity_id)
        assert (done["answer"]["verdict"], done["answer"]["fed"]) == ("accepted", False)
        assert done["cannot_feed"]
        assert verdict(phone, activity_id)["fed"] is False
        assert ("activity", activity_id) not in phone.pull().docs
    assert branch.exported() == []
    assert branch.cli_json("quarantine", "show", unreadable)["record_base64"] == "/yBubyByZWNvcmQ="


def test_two_records_under_one_id_are_told_apart_by_number_and_only_one_can_count(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
):
    first, second = branch.case("w002"), branch.case("w001")
    activity_id = str(uuid.uuid4())
    pushed(phone, phone.record(first, activity_id=activity_id))
    pushed(colleague, colleague.record(second, activity_id=activity_id))
    listed = branch.cli_json("quarantine", "list")["quarantine"]
    assert len({h["n"] for h in listed}) == 2
    assert branch.cli("quarantine", "accept", activity_id).returncode == 1

    assert branch.cli_json("quarantine", "accept", str(listed[0]["n"]))["answer"]["fed"]
    assert not branch.cli_json("quarantine", "accept", str(listed[1]["n"]))["answer"]["fed"]

    assert verdict(phone, activity_id)["fed"]
    assert not verdict(colleague, activity_id)["fed"]


def test_the_feeds_check_sum_counts_verdicts(branch: RunningBranch, phone: WirePhone):
    pushed(phone, phone.chain("x", b"no record"))
    branch.cli_json("quarantine", "reject", "x", "--why", "not a record")
    page = phone.pull()
    assert page.line["check"]["count"] == len(page.line["docs"])
