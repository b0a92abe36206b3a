import pytest

from app.i18n.pinyin import initials
from tests.support.make_fonts import STANDARD


@pytest.mark.parametrize(
    ("surname", "letter"),
    [
        ("单", "s"), ("解", "x"), ("仇", "q"), ("区", "o"), ("查", "z"), ("曾", "z"), ("任", "r"), ("盖", "g"),
        ("乐", "y"), ("种", "c"), ("尉", "y"), ("朴", "p"), ("翟", "z"), ("万", "m"), ("赵", "z"), ("吕", "l"),
    ],
)  # fmt: skip
def test_a_surname_is_found_by_the_letter_it_is_read_with(surname: str, letter: str) -> None:
    assert letter in initials()[surname]


def test_a_character_of_several_readings_is_found_by_each() -> None:
    assert set("cds") <= set(initials()["单"])


def test_rare_characters_of_names_have_initials() -> None:
    assert [initials()[c] for c in "䶮喆堃"] == ["y", "z", "k"]


def test_every_character_a_name_is_registered_with_has_initials_in_lower_case() -> None:
    known = initials()
    standard = STANDARD.read_text("utf-8").strip()
    assert [c for c in standard if not known.get(c)] == []
    assert all(letters.isascii() and letters.islower() for letters in known.values())
