"""The supervisor's answer on the officer's own phone, over a real branch."""

from pathlib import Path

from sqlalchemy import delete

from sync.branch import tables as t
from tests.support.branch_server import running_branch
from tests.sync.test_command_line import CALL, Phone


def test_a_rejected_record_says_why_and_counts_no_more_until_it_is_accepted(tmp_path: Path) -> None:
    with running_branch(tmp_path / "branch") as branch:
        branch.allow_contact_at_any_hour()
        case_id = branch.case(contract_no="A-1")
        phone = Phone(tmp_path / "phone")
        phone.enrol(branch)
        phone.run("sync")
        with branch.office.changing() as changes:
            changes.conn.execute(delete(t.assignment))
        [activity_id] = phone.record({"case_id": case_id, **CALL}).stdout.split()
        assert phone.json("sync")["quarantined"] == 1

        branch.cli_json("quarantine", "reject", activity_id, "--why", "不是你的户")
        phone.json("sync")

        [entry] = phone.json("case", "A-1")["timeline"]
        assert entry["state"] == "rejected"
        status = phone.json("status")
        assert (status["quarantined"], status["rejected"]) == (0, 1)
        branch.cli_json("quarantine", "accept", activity_id)
        phone.json("sync")
        [entry] = phone.json("case", "A-1")["timeline"]
        assert entry["state"] == "accepted"
        assert phone.json("status")["uploaded"] == 1
        assert phone.json("doctor")["sound"]
