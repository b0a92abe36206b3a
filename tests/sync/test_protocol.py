"""What goes over the wire survives it whole, or not at all."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol import (
    Check,
    Document,
    EnrolAnswer,
    Head,
    Hello,
    Item,
    Malformed,
    Page,
    PushAnswer,
    PushRequest,
    PushResult,
    TooLarge,
    gunzip,
    record_hash,
    weight,
)

IDS = st.text(min_size=1, max_size=8)
DOCS = st.builds(
    Document,
    kind=st.sampled_from(["case", "figures", "activity", "settings"]),
    id=IDS,
    version=st.integers(1, 2**40),
    body=st.none() | st.binary(min_size=1, max_size=50),
)
PAGES = st.builds(
    Page,
    cursor=st.text(max_size=20),
    more=st.booleans(),
    time_ms=st.integers(0, 2**45),
    snapshot=st.booleans(),
    docs=st.lists(DOCS, max_size=5).map(tuple),
    removed=st.lists(st.tuples(IDS, IDS), max_size=3).map(tuple),
    check=st.none() | st.builds(Check, st.integers(0, 10**6), st.integers(0, 2**64 - 1)),
)


@given(PAGES)
def test_a_page_comes_back_as_it_was_sent(page: Page) -> None:
    assert Page.decode(page.encode()) == page


@given(PAGES, st.data())
def test_a_page_cut_anywhere_is_refused(page: Page, data: st.DataObject) -> None:
    body = page.encode()
    with pytest.raises(Malformed):
        Page.decode(body[: data.draw(st.integers(0, len(body) - 1))])


@given(st.lists(st.builds(Item, IDS, st.binary(max_size=60)), max_size=5), st.data())
def test_a_push_comes_back_whole_and_a_flipped_byte_of_a_record_is_refused(
    items: list[Item], data: st.DataObject
) -> None:
    request = PushRequest(Head(9, "ab" * 32), tuple(items), lost=(2, 4))
    body = request.encode()
    assert PushRequest.decode(body) == request
    start = body.index(b"\n") + 1
    if start < len(body):
        at = data.draw(st.integers(start, len(body) - 1))
        with pytest.raises(Malformed):
            PushRequest.decode(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


def test_the_first_line_of_a_push_is_the_documented_one() -> None:
    line, rest = PushRequest(Head(), (Item("a", b"{}"),)).encode().split(b"\n", 1)
    assert json.loads(line) == {"protocol": 1, "head": [0, "0" * 64], "items": [["a", 2, record_hash(b"{}")]]}
    assert rest == b"{}\n"


def test_documents_are_split_by_their_lengths_not_by_lines() -> None:
    page = Page(
        "c", False, 1, False, (Document("case", "a", 1, b"one\n\ntwo"), Document("case", "b", 1, b"\n"))
    )
    assert [d.body for d in Page.decode(page.encode()).docs] == [b"one\n\ntwo", b"\n"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]\n", b'{"protocol":2}\n', b"\xff\n", b"<html>\n", b"[" * 100_000 + b"\n"]
)
def test_what_is_no_frame_is_refused(body: bytes) -> None:
    for kind in (Page, PushRequest):
        with pytest.raises(Malformed):
            kind.decode(body)
    for answer in (PushAnswer, Hello, EnrolAnswer):
        with pytest.raises(Malformed):
            answer.decode(body)


def test_answers_come_back_as_they_were_sent() -> None:
    answers = (
        PushAnswer(
            5, Head(1, "0f" * 32), (PushResult("a", "quarantined", "why"), PushResult("b", "created"))
        ),
        Hello(1, 1, "南江", "e1", 7, "PEM", {"push_items": 200}),
        EnrolAnswer("w001", "甲", "b", "南江", "Asia/Shanghai", Head()),
    )
    for answer in answers:
        assert type(answer).decode(answer.encode()) == answer


def test_an_abbreviated_empty_head_is_understood() -> None:
    assert Head.from_wire([0, "00"]) == Head()


@given(st.lists(st.tuples(IDS, IDS, st.integers(1, 99)), unique=True))
def test_the_check_sum_does_not_depend_on_the_order_and_takes_back_what_it_added(
    docs: list[tuple[str, str, int]],
) -> None:
    check = Check()
    for d in docs:
        check = check.add(*d)
    assert check == Check(len(docs), sum(weight(*d) for d in docs) % 2**64)
    assert Check.from_wire(check.to_wire()) == check
    for d in reversed(docs):
        check = check.remove(*d)
    assert check == Check()


def test_a_truncated_gzip_body_is_refused_and_a_bomb_is_stopped() -> None:
    packed = gzip.compress(b"x" * 1000)
    assert gunzip(packed) == b"x" * 1000
    for cut in range(len(packed)):
        with pytest.raises(Malformed):
            gunzip(packed[:cut])
    with pytest.raises(TooLarge):
        gunzip(gzip.compress(bytes(2000)), cap=1999)
