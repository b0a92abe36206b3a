import uuid

import pytest

from sync.branch.enrolment import ALPHABET, read_code
from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import NO_HASH, WirePhone
from tests.sync.branch.conftest import HandClock


def problem(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["waifang-protocol"] == "1"
    return response.status_code, response.json()["code"]


def wrong(code: str) -> str:
    """Another code of the same shape."""
    return "".join(ALPHABET[(ALPHABET.index(c) + 1) % 32] for c in code)


def test_a_code_binds_a_phone_to_its_officer(branch: RunningBranch, stranger: WirePhone):
    response = stranger.enrol(branch.code())

    assert response.status_code == 200
    assert response.headers["waifang-protocol"] == "1"
    assert response.json() == {
        "officer": {"id": "w001", "name": "赵试"},
        "branch": {"id": branch.office.branch_id, "name": "试点支行", "zone": "Asia/Shanghai"},
        "head": [0, NO_HASH],
    }
    assert stranger.pull().line["snapshot"] is True


@pytest.mark.parametrize("typed", ["W001", "ｗ００１", " w001"])
def test_an_officers_number_is_read_as_people_type_it(branch: RunningBranch, stranger: WirePhone, typed: str):
    response = stranger.enrol(branch.code(), officer_id=typed)

    assert response.json()["officer"] == {"id": "w001", "name": "赵试"}


def test_a_code_is_ten_letters_of_crockfords_base_32(branch: RunningBranch):
    code = branch.code()

    assert len(code) == 10
    assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@pytest.mark.parametrize("typed", ["abcde-fgh10", "ABCDE FGHIO", "abcdefghlo", " ABCDEFGH10 "])
def test_a_code_is_read_as_people_type_it(typed: str):
    assert read_code(typed) == "ABCDEFGH10"


@pytest.mark.parametrize("typed", ["", "ABCDEFGH1", "ABCDEFGH100", "ABCDEFGHU0", "ＡＢＣＤＥＦＧＨ１０"])
def test_what_cannot_be_a_code_is_none(typed: str):
    assert read_code(typed) is None


def test_a_code_typed_in_small_letters_with_a_hyphen_binds(branch: RunningBranch, stranger: WirePhone):
    code = branch.code().lower()

    assert stranger.enrol(f"{code[:5]}-{code[5:]}").status_code == 200


def test_the_same_request_gets_the_same_answer_again_even_after_the_hour(
    branch: RunningBranch, stranger: WirePhone, clock: HandClock
):
    code = branch.code()
    first = stranger.enrol(code)
    clock.pass_by(hours=3)
    again = stranger.enrol(code)

    assert (first.status_code, first.json()) == (again.status_code, again.json())


def test_a_used_code_is_no_good_for_a_second_phone(branch: RunningBranch, phone: WirePhone):
    code = branch.code()
    assert phone.enrol(code).status_code == 200
    second = WirePhone(branch.url)

    assert problem(second.enrol(code)) == (401, "code_invalid")
    second.close()


def test_a_used_code_with_another_secret_is_wrong(branch: RunningBranch, stranger: WirePhone):
    code = branch.code()
    stranger.enrol(code)
    stranger.secret = "x" * 43

    assert problem(stranger.enrol(code)) == (401, "code_invalid")


def test_a_code_lives_an_hour(branch: RunningBranch, stranger: WirePhone, clock: HandClock):
    code = branch.code()
    clock.pass_by(minutes=60)

    assert problem(stranger.enrol(code)) == (401, "code_invalid")


def test_a_code_is_good_until_its_hour_is_over(branch: RunningBranch, stranger: WirePhone, clock: HandClock):
    code = branch.code()
    clock.pass_by(minutes=59, seconds=59)

    assert stranger.enrol(code).status_code == 200


def test_how_long_a_code_lives_is_a_setting(branch: RunningBranch, stranger: WirePhone, clock: HandClock):
    branch.update("settings", "limits", {"enrol_code_minutes": 5})
    code = branch.code()
    clock.pass_by(minutes=5)

    assert problem(stranger.enrol(code)) == (401, "code_invalid")


def test_a_code_for_one_officer_is_no_good_for_another(branch: RunningBranch, stranger: WirePhone):
    assert problem(stranger.enrol(branch.code("w002"))) == (401, "code_invalid")


def test_an_officer_nobody_registered_looks_like_a_wrong_code(branch: RunningBranch, stranger: WirePhone):
    assert problem(stranger.enrol(branch.code(), officer_id="w999")) == (401, "code_invalid")


def test_a_code_survives_four_misses(branch: RunningBranch, stranger: WirePhone):
    code = branch.code()
    for _ in range(4):
        assert problem(stranger.enrol(wrong(code))) == (401, "code_invalid")

    assert stranger.enrol(code).status_code == 200


def test_a_code_is_dead_after_five_misses(branch: RunningBranch, stranger: WirePhone):
    code = branch.code()
    for _ in range(5):
        stranger.enrol(wrong(code))

    assert problem(stranger.enrol(code)) == (401, "code_invalid")


def test_misses_for_one_officer_leave_the_codes_of_others_alive(branch: RunningBranch, stranger: WirePhone):
    code = branch.code("w002")
    for _ in range(5):
        stranger.enrol(wrong(code))

    assert stranger.enrol(code, officer_id="w002").status_code == 200


def test_a_new_code_works_after_an_old_one_died(branch: RunningBranch, stranger: WirePhone):
    old = branch.code()
    for _ in range(5):
        stranger.enrol(wrong(old))

    assert stranger.enrol(branch.code()).status_code == 200


def test_too_many_failures_close_enrolment_for_the_whole_branch_for_a_while(
    branch: RunningBranch, stranger: WirePhone, clock: HandClock
):
    branch.update("settings", "limits", {"enrol_failures_per_hour": 3, "enrol_code_minutes": 600})
    code = branch.code()
    for _ in range(3):
        stranger.enrol("0000000000", officer_id="w002")
        clock.pass_by(minutes=1)
    refused = stranger.enrol(code)

    assert problem(refused) == (429, "too_many_failures")
    assert int(refused.headers["retry-after"]) == 57 * 60
    clock.pass_by(minutes=57)
    assert stranger.enrol(code).status_code == 200


def test_the_cap_on_failures_is_kept_over_a_restart(branch: RunningBranch, stranger: WirePhone):
    branch.update("settings", "limits", {"enrol_failures_per_hour": 1})
    stranger.enrol("0000000000")
    branch.stop()
    branch.start()

    assert problem(stranger.enrol(branch.code())) == (429, "too_many_failures")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # about its file
def test_codes_and_secrets_are_not_in_the_file(branch: RunningBranch, stranger: WirePhone):
    code = branch.code()
    stranger.enrol(code)
    raw = b"".join(p.read_bytes() for p in branch.folder.rglob("*") if p.is_file())

    assert stranger.device_id.encode() in raw
    assert code.encode() not in raw
    assert stranger.secret.encode() not in raw


def test_binding_a_known_device_again_keeps_its_chain(branch: RunningBranch, phone: WirePhone):
    phone.push([phone.record(branch.case())])
    old, phone.secret = phone.secret, "n" * 43
    again = phone.enrol(branch.code())

    assert again.json()["head"] == phone.head
    assert phone.pull_raw().status_code == 200
    phone.secret = old
    assert problem(phone.pull_raw()) == (401, "rebind")


def test_a_device_stays_with_its_officer(branch: RunningBranch, phone: WirePhone):
    response = phone.enrol(branch.code("w002"), officer_id="w002")

    assert problem(response) == (409, "device_of_another_officer")


def test_two_devices_cannot_have_one_secret(branch: RunningBranch, phone: WirePhone):
    twin = phone.enrol(branch.code(), device_id=str(uuid.uuid4()))

    assert problem(twin) == (409, "secret_in_use")


@pytest.mark.parametrize(
    "members",
    [
        {"device_id": "not-a-uuid"},
        {"device_secret": "short"},
        {"device_secret": "有" * 40},
        {"officer_id": "w\u0000001"},
        {"officer_id": ""},
        {"code": 7},
        {"device": []},
        {"device": {"name": "x" * 300}},
    ],
)
def test_a_request_that_cannot_be_right_is_malformed_and_counts_no_miss(
    branch: RunningBranch, stranger: WirePhone, members: dict
):
    code = branch.code()
    for _ in range(6):
        assert problem(stranger.enrol(code, **members)) == (400, "malformed")

    assert stranger.enrol(code).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"officer_id":"\\ud800"}', b"[" * 9000])
def test_a_body_that_is_no_request_is_malformed(stranger: WirePhone, body: bytes):
    assert problem(stranger.http.post("/v1/enrol", content=body)) == (400, "malformed")
