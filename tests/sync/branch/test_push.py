import hashlib
import json
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from sync.branch import tables as t
from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import NO_HASH, WirePhone
from tests.sync.branch.conftest import HandClock


def statuses(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [r["status"] for r in response.json()["results"]]


def refused(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def stored(branch: RunningBranch) -> list[Any]:
    with branch.office.reading() as conn:
        return list(conn.execute(select(t.activity).order_by(t.activity.c.n)))


def test_records_are_stored_as_the_bytes_that_came(branch: RunningBranch, phone: WirePhone):
    items = [phone.record(branch.case()) for _ in range(3)]
    response = phone.push(items)

    assert statuses(response) == ["created"] * 3
    assert response.json()["head"] == phone.head
    assert [r["id"] for r in response.json()["results"]] == [i for i, _ in items]
    assert [row.record for row in stored(branch)] == [record for _, record in items]


def test_a_push_with_no_items_declares_the_head_and_it_is_kept(
    branch: RunningBranch, phone: WirePhone, clock: HandClock
):
    phone.record(branch.case())
    declared = phone.head
    response = phone.push([])
    clock.pass_by(minutes=5)
    phone.push([])
    phone.push([], head=[0, NO_HASH])

    assert response.json()["head"] == [0, NO_HASH]
    assert response.json()["results"] == []
    with branch.office.reading() as conn:
        kept = [tuple(row) for row in conn.execute(select(t.declared_head).order_by(t.declared_head.c.seq))]
    first, last = branch.office.now_ms() - 300_000, branch.office.now_ms()
    assert kept == [
        (phone.device_id, 0, NO_HASH, last, last),
        (phone.device_id, declared[0], declared[1], first, last),
    ]


def test_an_answer_cut_on_its_way_costs_only_a_repetition(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    first = [phone.record(case_id) for _ in range(2)]
    phone.push(first)
    again = [*first, phone.record(case_id)]

    assert statuses(phone.push(again)) == ["duplicate", "duplicate", "created"]
    assert statuses(phone.push(again)) == ["duplicate"] * 3
    assert len(stored(branch)) == 3


def test_records_after_a_gap_are_sent_back_with_the_number_wanted(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    one, two, three = (phone.record(case_id) for _ in range(3))
    phone.push([one])
    response = phone.push([three])

    assert refused(response) == (409, "resend_from")
    assert response.json()["resend_from"] == 2
    assert statuses(phone.push([two, three])) == ["created", "created"]


def test_a_gap_in_the_middle_stores_nothing(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    one, _, three = (phone.record(case_id) for _ in range(3))
    response = phone.push([one, three])

    assert refused(response) == (409, "resend_from")
    assert response.json()["resend_from"] == 1
    assert stored(branch) == []


def test_a_record_with_another_prev_does_not_follow(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    phone.push([phone.record(case_id)])
    forged = phone.record(case_id, prev="a" * 64)

    assert refused(phone.push([forged])) == (409, "resend_from")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body[:-1],
        lambda body: body[:-20],
        lambda body: body + b"\n",
        lambda body: body.replace(b'"text"', b'"tixt"'),
        lambda body: body.replace(b'"protocol": 1', b'"protocol": 2'),
        lambda body: body.split(b"\n")[0],
        lambda body: b"",
        lambda body: b"<html>Sign in</html>",
    ],
)
def test_a_broken_frame_is_refused_whole(branch: RunningBranch, phone: WirePhone, spoil):
    body = phone.frame([phone.record(branch.case()) for _ in range(2)])

    assert refused(phone.push_bytes(spoil(body))) == (400, "malformed")
    assert stored(branch) == []
    assert statuses(phone.push_bytes(body)) == ["created", "created"]


@pytest.mark.parametrize(
    "line",
    [
        {"head": [2**70, "a" * 64]},
        {"head": "none"},
        {"items": [["", 0, hashlib.sha256(b"").hexdigest()]]},
        {"items": [["\ud800", 0, hashlib.sha256(b"").hexdigest()]]},
        {"items": [["x" * 300, 0, hashlib.sha256(b"").hexdigest()]]},
        {"items": [["a", -1, ""]]},
        {"items": {}},
        {"lost": [0, 1]},
        {"lost": [2, 1]},
        {"lost": [1, 2**70]},
    ],
)
def test_a_first_line_that_cannot_be_is_malformed(phone: WirePhone, line: dict[str, Any]):
    assert refused(phone.push([], **line)) == (400, "malformed")


def test_what_cannot_be_read_is_quarantined_and_leaves_its_neighbours_alone(
    branch: RunningBranch, phone: WirePhone
):
    case_id = branch.case()
    items = [
        phone.record(case_id),
        phone.chain(str(uuid.uuid4()), b"\xff\xfe not json"),
        phone.record(case_id),
    ]
    response = phone.push(items)

    assert statuses(response) == ["created", "quarantined", "created"]
    assert response.json()["results"][1]["reason"]
    assert response.json()["head"] == phone.head
    assert [row.record for row in stored(branch)] == [record for _, record in items]


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"null",
        b"[1]",
        b'"a"',
        b'{"activity_id":1}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b"[" * 30000,
        b'{"a":' * 9000 + b"1" + b"}" * 9000,
        b"9" * 5000,
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
    ],
)
def test_any_bytes_are_taken_and_quarantined(branch: RunningBranch, phone: WirePhone, record: bytes):
    odd = phone.chain(str(uuid.uuid4()), record)

    assert statuses(phone.push([odd])) == ["quarantined"]
    assert statuses(phone.push([odd])) == ["duplicate"]
    assert statuses(phone.push([phone.record(branch.case())])) == ["created"]


@pytest.mark.parametrize(
    "members",
    [
        {"recorded_at": "yesterday"},
        {"recorded_at": "2026-11-23T10:00:00"},
        {"recorded_at": "0001-01-01T00:00:00+14:00", "happened_at": "0001-01-01T00:00:00+14:00"},
        {"happened_at": "2026-11-24T10:00:00+08:00"},
        {"body": None},
        {"kind": None},
        {"kind": "call", "body": {"party": "borrower", "outcome": "thrilled"}},
        {"officer_id": "w002"},
        {"device_id": str(uuid.uuid4())},
        {"activity_id": None},
        {"note": "x" * 70_000},
    ],
)
def test_a_record_that_fails_validation_is_quarantined(
    branch: RunningBranch, phone: WirePhone, members: dict[str, Any]
):
    case_id = branch.case()
    _, record = phone.record(case_id, **members)

    assert statuses(phone.push([(str(uuid.uuid4()), record)])) == ["quarantined"]
    assert statuses(phone.push([phone.record(case_id)])) == ["created"]


def test_a_record_sent_under_another_number_is_quarantined(branch: RunningBranch, phone: WirePhone):
    _, record = phone.record(branch.case())

    assert statuses(phone.push([(str(uuid.uuid4()), record)])) == ["quarantined"]


def test_unknown_kinds_and_members_are_kept_as_they_came(branch: RunningBranch, phone: WirePhone):
    item = phone.record(branch.case(), kind="drone_flight", body={"height": 3}, weather={"rain": True})

    assert statuses(phone.push([item])) == ["created"]
    assert branch.exported() == [json.loads(item[1])]


def test_a_case_never_assigned_to_the_officer_is_quarantined(branch: RunningBranch, phone: WirePhone):
    items = [phone.record(branch.case("w002")), phone.record(str(uuid.uuid4()))]

    assert statuses(phone.push(items)) == ["quarantined", "quarantined"]


def test_a_record_of_a_case_that_moved_away_is_created_and_marked_late(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
):
    case_id = branch.case()
    before = phone.record(case_id)
    phone.push([before])
    branch.move(case_id, "w002")
    after = phone.record(case_id)

    assert statuses(phone.push([after])) == ["created"]
    assert [row.late for row in stored(branch)] == [False, True]
    assert ("activity", after[0]) in colleague.pull().keys
    assert ("activity", after[0]) not in phone.pull().keys


def test_the_same_number_with_other_bytes_is_quarantined(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
):
    case_id = branch.case()
    first = phone.record(case_id)
    second = phone.record(case_id, activity_id=first[0])
    foreign = colleague.record(branch.case("w002"), activity_id=first[0])

    assert statuses(phone.push([first, second])) == ["created", "quarantined"]
    assert statuses(colleague.push([foreign])) == ["quarantined"]
    assert statuses(phone.push([first, second])) == ["duplicate", "duplicate"]
    assert branch.exported() == [json.loads(first[1])]


def test_a_quarantined_record_sent_again_is_a_duplicate_that_still_tells_why(
    branch: RunningBranch, phone: WirePhone
):
    item = phone.record(branch.case("w002"))
    first = phone.push([item]).json()["results"][0]
    again = phone.push([item]).json()["results"][0]

    assert (first["status"], again["status"]) == ("quarantined", "duplicate")
    assert first["reason"] == again["reason"]


def test_quarantined_records_are_in_no_feed_and_no_export(branch: RunningBranch, phone: WirePhone):
    good, bad = phone.record(branch.case()), phone.record(branch.case("w002"))
    phone.push([good, bad])

    assert [k for k in phone.pull().keys if k[0] == "activity"] == [("activity", good[0])]
    assert [r["activity_id"] for r in branch.exported()] == [good[0]]


def test_records_declared_lost_let_the_chain_go_on_from_zeros(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    first = phone.record(case_id)
    phone.push([first])
    phone.head = [5, NO_HASH]
    rebuilt = phone.record(case_id)

    assert refused(phone.push([rebuilt])) == (409, "resend_from")
    assert statuses(phone.push([rebuilt], lost=[2, 5])) == ["created"]
    assert statuses(phone.push([rebuilt], lost=[2, 5])) == ["duplicate"]
    assert statuses(phone.push([phone.record(case_id)], lost=[2, 5])) == ["created"]
    with branch.office.reading() as conn:
        assert [tuple(r)[1:3] for r in conn.execute(select(t.lost_records))] == [(2, 5)]


def test_lost_records_without_a_next_one_move_the_head_and_are_declared_once(
    branch: RunningBranch, phone: WirePhone
):
    phone.head = [3, NO_HASH]

    assert phone.push([], lost=[1, 3]).json()["head"] == [3, NO_HASH]
    assert phone.push([], lost=[1, 3]).json()["head"] == [3, NO_HASH]
    assert statuses(phone.push([phone.record(branch.case())])) == ["created"]


def test_lost_records_beyond_a_gap_are_sent_back(phone: WirePhone):
    phone.head = [9, NO_HASH]
    response = phone.push([], lost=[5, 9])

    assert refused(response) == (409, "resend_from")
    assert response.json()["resend_from"] == 1


def test_more_than_two_hundred_records_in_one_push_are_taken(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    items = [phone.record(case_id) for _ in range(450)]

    assert statuses(phone.push(items)) == ["created"] * 450
    assert phone.push([]).json()["head"] == phone.head


def test_a_push_of_more_records_than_anybody_has_is_refused_whole(branch: RunningBranch, phone: WirePhone):
    items = [phone.chain(str(n), b"") for n in range(5001)]

    assert refused(phone.push(items)) == (413, "too_large")
    assert stored(branch) == []


def test_the_answer_carries_the_branchs_clock(branch: RunningBranch, phone: WirePhone, clock: HandClock):
    assert phone.push([]).json()["time_ms"] == int(clock.at.timestamp() * 1000)
    assert phone.push([]).json()["protocol"] == 1


def test_nothing_of_a_push_is_lost_when_the_branch_stops_right_after_it(
    branch: RunningBranch, phone: WirePhone
):
    item = phone.record(branch.case())
    phone.push([item])
    branch.stop()
    branch.start()

    assert statuses(phone.push([item])) == ["duplicate"]
