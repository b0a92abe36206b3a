import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.branch.office import put_meta, read_meta
from sync.branch.pull import Cursor
from sync.branch.switching import restored
from sync.protocol import PAGE_MAX_BYTES, Check, weight
from tests.support.branch_server import RunningBranch, case_document
from tests.support.wire_phone import Answer, WirePhone

SETTINGS = 7


def epoch_of(branch: RunningBranch) -> str:
    with branch.office.reading() as conn:
        return read_meta(conn)["epoch"]


def refused(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


class Replica:
    """Applies pages as protocol.md says and nothing else."""

    def __init__(self, phone: WirePhone) -> None:
        self.phone = phone
        self.cursor = ""
        self.held: dict[tuple[str, str], int] = {}
        self.seen: set[tuple[str, str]] | None = None

    def page(self, **query: int) -> Answer:
        page = self.phone.pull(self.cursor, **query)
        if page.line["snapshot"]:
            self.seen = set()
        for kind, doc_id, version, _ in page.line["docs"]:
            self.held[kind, doc_id] = version
            if self.seen is not None:
                self.seen.add((kind, doc_id))
        for kind, doc_id in page.line["removed"]:
            self.held.pop((kind, doc_id), None)
        if not page.line["more"] and self.seen is not None:
            self.held = {k: v for k, v in self.held.items() if k in self.seen}
            self.seen = None
        self.cursor = page.line["cursor"]
        return page

    def pull(self, **query: int) -> Answer:
        while True:
            page = self.page(**query)
            if not page.line["more"]:
                return page

    def check(self) -> dict:
        total = sum(weight(kind, doc_id, version) for (kind, doc_id), version in self.held.items())
        return Check(len(self.held), total % 2**64).to_wire()


def test_a_new_start_brings_settings_cases_figures_and_activities(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    record = phone.record(case_id)
    phone.push([record])
    page = phone.pull()

    assert page.line["snapshot"] is True
    assert page.line["more"] is False
    assert page.line["removed"] == []
    assert sum(kind == "settings" for kind, _ in page.keys) == SETTINGS
    assert page.keys[SETTINGS:] == [("case", case_id), ("figures", case_id), ("activity", record[0])]
    assert json.loads(page.docs["case", case_id]) == case_document(case_id)


def test_nothing_new_is_an_empty_page_that_still_carries_the_check(branch: RunningBranch, phone: WirePhone):
    branch.case()
    first = phone.pull().line
    again = phone.pull(first["cursor"]).line

    assert (again["docs"], again["removed"], again["more"], again["snapshot"]) == ([], [], False, False)
    assert again["check"] == first["check"]


def test_only_what_changed_comes_after_a_cursor(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    cursor = phone.pull().line["cursor"]
    branch.update("figures", case_id, {"as_of": "2026-11-24"})
    page = phone.pull(cursor)

    assert page.line["docs"] == [["figures", case_id, 2, 22]]
    assert page.docs["figures", case_id] == b'{"as_of":"2026-11-24"}'


def test_the_same_bytes_again_raise_no_version(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    cursor = phone.pull().line["cursor"]
    branch.update("case", case_id, case_document(case_id))

    assert phone.pull(cursor).line["docs"] == []


def test_own_activities_come_without_bytes_unless_asked_for(branch: RunningBranch, phone: WirePhone):
    item = phone.record(branch.case())
    phone.push([item])

    assert ["activity", item[0], 1, 0] in phone.pull().line["docs"]
    assert phone.pull(own=1).docs["activity", item[0]] == item[1]


def test_a_second_phone_of_the_same_officer_gets_the_bytes(branch: RunningBranch, phone: WirePhone):
    item = phone.record(branch.case())
    phone.push([item])
    second = WirePhone(branch.url)
    second.enrol(branch.code())

    assert second.pull().docs["activity", item[0]] == item[1]
    second.close()


def test_an_officer_sees_only_their_own_feed(branch: RunningBranch, phone: WirePhone, colleague: WirePhone):
    mine, theirs = branch.case(), branch.case("w002")
    phone.push([phone.record(mine)])
    colleague.push([colleague.record(theirs)])

    assert {k[1] for k in phone.pull().keys if k[0] in ("case", "figures")} == {mine}
    assert {k[1] for k in colleague.pull().keys if k[0] in ("case", "figures")} == {theirs}
    assert sum(k[0] == "activity" for k in phone.pull().keys) == 1
    assert sum(k[0] == "activity" for k in colleague.pull().keys) == 1


def test_a_case_that_moves_takes_figures_and_everybodys_activities_along(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
):
    case_id = branch.case()
    item = phone.record(case_id)
    phone.push([item])
    old, new = phone.pull().line["cursor"], colleague.pull().line["cursor"]
    branch.move(case_id, "w002")
    whole = [("case", case_id), ("figures", case_id), ("activity", item[0])]

    left, arrived = phone.pull(old), colleague.pull(new)
    assert sorted(map(tuple, left.line["removed"])) == sorted(whole)
    assert left.line["docs"] == []
    assert arrived.keys == whole
    assert arrived.docs["activity", item[0]] == item[1]


def test_a_case_that_comes_back_is_there_again(branch: RunningBranch, phone: WirePhone, colleague: WirePhone):
    replica = Replica(phone)
    case_id = branch.case()
    replica.pull()
    branch.move(case_id, "w002")
    branch.move(case_id, "w001")

    assert replica.pull().line["check"] == replica.check()
    assert ("case", case_id) in replica.held


def test_a_page_ends_at_the_limit_and_says_there_is_more(branch: RunningBranch, phone: WirePhone):
    for _ in range(5):
        branch.case()
    page, cursors, docs = phone.pull(limit=4), set(), []
    while True:
        docs += page.keys
        cursors.add(page.line["cursor"])
        assert ("check" in page.line) is not page.line["more"]
        if not page.line["more"]:
            break
        assert len(page.keys) == 4
        page = phone.pull(page.line["cursor"], limit=4)
        assert page.line["snapshot"] is False

    assert len(docs) == len(set(docs)) == SETTINGS + 10
    assert len(cursors) == 5


def test_a_page_ends_at_four_mebibytes_but_holds_one_document_at_least(
    branch: RunningBranch, phone: WirePhone
):
    for _ in range(3):
        branch.case(notes="长" * (PAGE_MAX_BYTES // 6))
    huge = branch.case(notes="x" * (PAGE_MAX_BYTES + 1))
    page, sizes = phone.pull(), []
    while page.line["more"]:
        sizes.append(sum(len(b) for b in page.docs.values()))
        page = phone.pull(page.line["cursor"])
        if ("case", huge) in page.keys:
            assert len(page.keys) == 1

    assert len(sizes) >= 2
    assert all(size <= PAGE_MAX_BYTES or size > PAGE_MAX_BYTES + 1 for size in sizes)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_a_snapshot_read_while_things_change_ends_at_the_feeds_check(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone, limit: int
):
    replica = Replica(phone)
    cases = [branch.case() for _ in range(6)]
    replica.pull()
    replica.cursor = ""
    changes = [
        lambda: branch.move(cases[0], "w002"),
        lambda: branch.update("case", cases[1], {"case_id": cases[1], "notes": "new"}),
        lambda: branch.case(),
        lambda: branch.move(cases[2], "w002"),
        lambda: branch.move(cases[0], "w001"),
        lambda: branch.update("settings", "words", {"avoid": ["x"]}),
        lambda: branch.move(cases[3], "w002"),
    ]
    page = replica.page(limit=limit)
    while page.line["more"] or changes:
        if changes:
            changes.pop(0)()
        page = replica.page(limit=limit)

    assert page.line["check"] == replica.check()
    assert ("case", cases[2]) not in replica.held
    assert ("case", cases[0]) in replica.held


def test_a_removal_from_before_a_snapshot_is_not_told_but_nothing_of_it_stays(
    branch: RunningBranch, phone: WirePhone
):
    replica = Replica(phone)
    case_id = branch.case()
    replica.pull()
    branch.move(case_id, "w002")
    replica.cursor = ""
    page = replica.pull()

    assert page.line["removed"] == []
    assert page.line["check"] == replica.check()


def test_settings_go_to_every_officer(branch: RunningBranch, phone: WirePhone, colleague: WirePhone):
    cursors = [p.pull().line["cursor"] for p in (phone, colleague)]
    branch.update("settings", "words", {"avoid": ["x"]})

    for p, cursor in zip((phone, colleague), cursors, strict=True):
        assert p.pull(cursor).line["docs"] == [["settings", "words", 2, 15]]


def test_an_officer_who_comes_later_has_all_settings_and_a_sound_check(branch: RunningBranch):
    branch.update("settings", "words", {"avoid": ["x"]})
    branch.officer("w003", "孙试")
    late = WirePhone(branch.url, "w003")
    late.enrol(branch.code("w003"))
    replica = Replica(late)

    assert replica.pull().line["check"] == replica.check()
    assert len(replica.held) == SETTINGS
    late.close()


@pytest.mark.parametrize("cursor", ["x", "%00", "W10", "bnVsbA", "有", "A" * 5000, "WzEsMiwzLDRd"])
def test_a_cursor_this_branch_did_not_make_has_expired(phone: WirePhone, cursor: str):
    assert refused(phone.pull_raw(cursor)) == (410, "cursor_expired")


def test_a_cursor_of_another_officer_has_expired(phone: WirePhone, colleague: WirePhone):
    assert refused(phone.pull_raw(colleague.pull().line["cursor"])) == (410, "cursor_expired")


def test_a_cursor_past_the_feed_has_expired(branch: RunningBranch, phone: WirePhone):
    ahead = Cursor.of(epoch_of(branch), "w001", 10**30).encode()

    assert refused(phone.pull_raw(ahead)) == (410, "cursor_expired")


@given(st.binary(min_size=8, max_size=8), st.integers(0, 2**63), st.integers(0, 2**63))
def test_a_cursor_is_read_as_it_was_made_and_nothing_else_is(bound: bytes, seq: int, since: int):
    text = Cursor(bound, seq, since).encode()

    assert Cursor.decode(text) == Cursor(bound, seq, since)
    assert [Cursor.decode(text[:n]) for n in range(len(text))] == [None] * len(text)


def test_a_cursor_of_the_first_version_goes_on_where_it_stood(branch: RunningBranch, phone: WirePhone):
    first = branch.case()
    seq = phone.pull().line["check"]["count"]
    old = json.dumps([epoch_of(branch), "w001", seq, 0]).encode()
    second = branch.case()
    page = phone.pull(base64.urlsafe_b64encode(old).rstrip(b"=").decode())

    named = {d[1] for d in page.line["docs"]}
    assert second in named and first not in named


def test_a_cursor_from_before_a_new_epoch_has_expired(branch: RunningBranch, phone: WirePhone):
    cursor = phone.pull().line["cursor"]
    with branch.office.changing() as changes:
        put_meta(changes.conn, {"epoch": "another"})
    restored(branch.office)

    assert refused(phone.pull_raw(cursor)) == (410, "cursor_expired")
    assert phone.pull().line["snapshot"] is True


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": -1}, {"limit": "many"}, {"own": 2}, {"own": "x"}])
def test_parameters_that_cannot_be_are_malformed(phone: WirePhone, query: dict):
    assert refused(phone.pull_raw(**query)) == (400, "malformed")


def test_a_limit_above_a_thousand_is_a_thousand(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    phone.push([phone.record(case_id) for _ in range(1001)])

    assert len(phone.pull(limit=10**9).keys) == 1000


def test_an_app_too_old_to_pull_may_still_push(branch: RunningBranch, phone: WirePhone):
    phone.http.headers["Waifang-App"] = "0.0.1"

    assert refused(phone.pull_raw()) == (426, "app_too_old")
    assert phone.push([phone.record(branch.case())]).status_code == 200


@pytest.mark.parametrize("version", ["0.1.0", "0.1.0+build.7", "9.0", "", "development"])
def test_an_app_that_is_not_known_to_be_too_old_may_pull(phone: WirePhone, version: str):
    phone.http.headers["Waifang-App"] = version

    assert phone.pull_raw().status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # about its file
def test_a_pull_writes_nothing(branch: RunningBranch, phone: WirePhone):
    branch.case()
    wal = branch.folder / "branch.db-wal"
    before = wal.stat().st_size
    phone.pull(phone.pull().line["cursor"])

    assert wal.stat().st_size == before
