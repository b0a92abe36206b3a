"""The book keeps what can be read, names what cannot, and does not depend on the order of arrival."""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from app.domain.book import Book

CASE = json.dumps({"case_id": "c1", "contract_no": "A-1", "borrower": {"name": "甲"}}).encode()
FIGURES = json.dumps({"as_of": "2026-11-23", "overdue_principal": "10.00"}).encode()
CALL = json.dumps(
    {
        "activity_id": "a1",
        "case_id": "c1",
        "kind": "call",
        "happened_at": "2026-11-23T10:00:00+08:00",
        "recorded_at": "2026-11-23T10:00:00+08:00",
        "officer_id": "w001",
        "device_id": "d",
        "device_seq": 1,
        "body": {"party": "borrower", "outcome": "no_answer"},
    }
).encode()
DOCUMENTS = (("case", "c1", CASE), ("figures", "c1", FIGURES), ("activity", "a1", CALL))


@pytest.mark.parametrize("order", list(permutations(DOCUMENTS)))
def test_a_case_is_whole_in_whatever_order_its_documents_came(
    order: tuple[tuple[str, str, bytes], ...],
) -> None:
    book = Book()
    for document in order:
        book.put(*document)
        list(book.files())
    file = book.file("c1")
    assert (file.case.contract_no, str(file.figures.amount_due)) == ("A-1", "10.00")
    assert [a.activity_id for a in file.activities] == ["a1"]


def test_a_case_is_found_by_its_contract_number_too() -> None:
    book = Book()
    book.put("case", "c1", CASE)
    assert book.find("A-1") == book.find("c1") == book.file("c1")
    assert book.find("nobody") is None


def test_a_removed_document_is_gone_from_its_case() -> None:
    book = Book()
    for document in DOCUMENTS:
        book.put(*document)
    book.drop("activity", "a1")
    assert book.file("c1").activities == ()
    book.drop("case", "c1")
    assert list(book.files()) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"case_id": 5}', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("kind", ["case", "activity", "settings"])
def test_a_document_that_cannot_be_read_is_named_and_the_others_stand(kind: str, body: bytes) -> None:
    book = Book()
    book.put(kind, "bad", body)
    book.put("case", "c1", CASE)
    assert [f.case.case_id for f in book.files()] == ["c1"]
    assert book.unreadable == ({(kind, "bad")} if (kind, body) != ("settings", b'{"case_id": 5}') else set())


def test_an_unknown_kind_of_document_is_left_alone() -> None:
    book = Book()
    book.put("weather", "v1", b"whatever")
    assert (list(book.files()), book.unreadable) == ([], set())


def _activity(activity_id: str, case_id: str, kind: str, day: int, **body: object) -> bytes:
    at = f"2026-11-{day:02}T10:00:00+08:00"
    return json.dumps(
        {
            "activity_id": activity_id, "case_id": case_id, "kind": kind, "happened_at": at, "recorded_at": at,
            "officer_id": "w001", "device_id": "d", "device_seq": 1, "body": body,
        }
    ).encode()  # fmt: skip


def test_elsewhere_is_what_stands_in_other_cases_on_a_day_and_whoever_asked_for_peace() -> None:
    book = Book()
    for case_id in ("c1", "c2", "c3"):
        book.put("case", case_id, json.dumps({"case_id": case_id}).encode())
    day = datetime(2026, 11, 23, 0, tzinfo=UTC)

    def found() -> list[str]:
        around = book.elsewhere("c1", day, day + timedelta(hours=9))
        return sorted(f"{case.case_id} {a.activity_id} {a.body.get('outcome')}" for case, a in around)

    assert found() == []
    book.put("activity", "own", _activity("own", "c1", "call", 23, outcome="busy"))
    book.put("activity", "a", _activity("a", "c2", "call", 23, outcome="busy"))
    book.put("activity", "b", _activity("b", "c2", "call", 20, outcome="busy"))
    book.put("activity", "peace", _activity("peace", "c3", "call", 2, outcome="do_not_contact"))
    assert found() == ["c2 a busy", "c3 peace do_not_contact"]
    moved = {"kind": "call", "body": {"outcome": "refused"}, "happened_at": "2026-11-23T09:00:00+08:00"}
    book.put("activity", "x", _activity("x", "c2", "correction", 24, of="b", why="另一天", replacement=moved))
    book.put("activity", "y", _activity("y", "c2", "correction", 24, of="a", why="记错了"))
    assert found() == ["c2 b refused", "c3 peace do_not_contact"]
    book.drop("activity", "y")
    book.drop("case", "c3")
    assert found() == ["c2 a busy", "c2 b refused"]
