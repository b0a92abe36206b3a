from sqlalchemy import delete, update

from sync.branch import tables as t
from sync.branch.switching import revoke
from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import WirePhone


def refused(response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_revoked_device_may_only_push_and_only_into_quarantine_for_thirty_days(
    branch: RunningBranch, phone: WirePhone, clock
):
    case = branch.case()
    before = phone.record(case)
    assert phone.push([before]).json()["results"][0]["status"] == "created"
    done = revoke(branch.office, phone.device_id, "遗失")
    assert done.push_until is not None

    assert refused(phone.pull_raw()) == (401, "device_revoked")
    assert refused(phone.http.options("/v1/blobs", headers=phone.auth())) == (401, "device_revoked")
    after = phone.record(case)
    results = phone.push([after]).json()["results"]
    assert results[0]["status"] == "quarantined"
    assert "switched off" in results[0]["reason"]
    assert refused(phone.enrol(branch.code())) == (401, "device_revoked")
    clock.pass_by(days=30)
    assert refused(phone.push([])) == (401, "device_revoked")
    assert [h["activity_id"] for h in branch.cli_json("quarantine", "list")["quarantine"]] == [after[0]]


def test_device_list_names_what_is_behind_and_revoke_wants_a_known_device_and_a_reason(
    branch: RunningBranch, phone: WirePhone
):
    phone.record(branch.case())
    phone.push([])
    [listed] = branch.cli_json("device", "list")["devices"]
    assert (listed["device_id"], listed["records"], listed["behind"]) == (phone.device_id, 0, 1)
    assert branch.cli("device", "revoke", "nobody", "--why", "x").returncode == 1
    assert branch.cli("device", "revoke", phone.device_id, "--why", " ").returncode == 1
    assert branch.cli_json("device", "revoke", phone.device_id, "--why", "遗失")["revoked_why"] == "遗失"
    assert branch.cli("device", "revoke", phone.device_id, "--why", "again").returncode == 1


def test_a_new_code_for_a_known_device_keeps_its_chain(branch: RunningBranch, phone: WirePhone):
    case = branch.case()
    phone.push([phone.record(case)])
    with branch.office.changing() as changes:
        changes.conn.execute(update(t.device).values(secret_hash="0" * 64))
    assert refused(phone.push([])) == (401, "rebind")
    assert phone.enrol(branch.code()).json()["head"] == phone.head
    assert phone.push([phone.record(case)]).status_code == 200


def test_after_restored_an_old_cursor_is_expired_though_the_server_kept_running(
    branch: RunningBranch, phone: WirePhone
):
    branch.case()
    cursor = phone.pull().line["cursor"]
    before = phone.http.get("/v1/hello").json()["epoch"]
    epoch = branch.cli_json("restored")["epoch"]
    assert phone.http.get("/v1/hello").json()["epoch"] == epoch != before
    assert refused(phone.pull_raw(cursor)) == (410, "cursor_expired")
    assert phone.pull_raw().status_code == 200


def test_a_device_the_branch_does_not_know_is_bound_anew_and_hands_in_from_its_first_record(
    branch: RunningBranch, phone: WirePhone
):
    case = branch.case()
    items = [phone.record(case), phone.record(case)]
    with branch.office.changing() as changes:
        changes.conn.execute(delete(t.enrol_code))
        changes.conn.execute(delete(t.device))
    assert refused(phone.push(items)) == (401, "rebind")
    assert phone.enrol(branch.code()).json()["head"][0] == 0
    assert [r["status"] for r in phone.push(items).json()["results"]] == ["created", "created"]
