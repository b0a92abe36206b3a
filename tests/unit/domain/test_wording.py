from typing import Any

import pytest

from app.domain.limits import SettingError
from app.domain.wording import Words

WORDS = Words.read(None)


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("告诉他再不还就后果自负", "threat"),
        ("后 果，自-负", "threat"),
        ("他就是个老赖", "shaming"),
    ],
)
def test_threats_and_shaming_are_found_whatever_stands_between_the_characters(note: str, kind: str) -> None:
    assert [f.kind for f in WORDS.found_in(note, third_party=False)] == [kind]


@pytest.mark.parametrize("note", ["", "客户在家，答应周六存两千", "生意清淡，账期未到"])
def test_a_plain_note_passes(note: str) -> None:
    assert WORDS.found_in(note, third_party=False) == ()


def test_the_debt_may_be_named_to_a_debtor_but_not_to_others() -> None:
    assert WORDS.found_in("说明了逾期的后果", third_party=False) == ()
    assert [f.kind for f in WORDS.found_in("请邻居转告他逾期了", third_party=True)] == ["disclosure"]


def test_a_branchs_list_takes_the_defaults_place() -> None:
    own = Words.read({"threats": ["试验用语"]})
    assert own.found_in("后果自负", third_party=False) == ()
    assert [f.phrase for f in own.found_in("这是试验用语。", third_party=False)] == ["试验用语"]


@pytest.mark.parametrize(
    ("doc", "path"),
    [({"threat": []}, "threat"), ({"threats": "后果"}, "threats"), ({"shaming": ["a", "，"]}, "shaming[1]")],
)
def test_a_list_that_cannot_be_used_is_named_by_its_key(doc: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingError) as refused:
        Words.read(doc)
    assert refused.value.path == path
