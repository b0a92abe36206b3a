"""The book keeps what can be read, names what cannot, and does not depend on the order of arrival."""

import json
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
