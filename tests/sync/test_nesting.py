import json

import pytest

from sync.nesting import DEEPEST, check_nesting, read_json


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'[{"a":'])
def test_what_nests_too_deep_is_refused_before_it_is_read(opened: bytes) -> None:
    with pytest.raises(RecursionError):
        read_json(opened * 100_000)


def test_the_deepest_that_is_allowed_is_read() -> None:
    assert read_json(b"[" * DEEPEST + b"]" * DEEPEST) is not None
    with pytest.raises(RecursionError):
        check_nesting(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


def test_many_brackets_side_by_side_or_in_words_are_no_depth() -> None:
    document = {
        "rows": [{"note": '[[[ { \\" [', "n": []} for _ in range(500)],
        "words": "[" * 1000 + '"{' * 1000,
    }
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=2)):
        assert read_json(text.encode()) == document


def test_a_long_list_of_short_ones_is_read_and_depth_behind_it_is_seen() -> None:
    rows = b"[" + b'["a]][[{",1,{"b":[]}],' * 500
    assert len(read_json(rows + b"[]]")) == 501
    with pytest.raises(RecursionError):
        check_nesting(rows + b"[" * DEEPEST + b"]" * DEEPEST + b"]")
