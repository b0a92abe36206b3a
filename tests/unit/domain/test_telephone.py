import pytest

from app.domain.contacts import same_value
from app.domain.telephone import digits, line_digits, split_extension


@pytest.mark.parametrize(
    "spelling",
    ["0827-1234567-801", "0827-1234567转801", "08271234567-801", "０８２７１２３４５６７转８０１", "0827 1234567 ext. 801"],
)  # fmt: skip
def test_a_line_and_its_extension_are_told_apart_in_every_spelling(spelling: str) -> None:
    assert digits(spelling) == "08271234567-801"
    assert line_digits(spelling) == "08271234567"


def test_two_extensions_of_one_line_are_two_numbers_and_neither_is_the_line() -> None:
    assert not same_value("phone", "0827-1234567-801", "0827-1234567-802")
    assert not same_value("phone", "0827-1234567-801", "0827-1234567")
    assert same_value("phone", "0827-1234567-801", "0827 1234567 转 801")


def test_an_extension_makes_no_number_of_another() -> None:
    # 86 and eleven digits are a mobile's only where they are written as one number.
    assert digits("86123456-80123") != digits("12345680123")
    assert digits("+86 199 0000 1542") == digits("199-0000-1542") == digits("１９９ ００００ １５４２")


def test_a_number_set_in_groups_has_no_extension() -> None:
    for number in ("199-0000-1542", "+86-199-0000-1542", "400-800-1234", "010-1234-5678", "8222-2333"):
        assert split_extension(number)[1] == ""


def test_words_and_nothing_have_no_digits() -> None:
    assert (digits(""), digits("不详"), digits("转801")) == ("", "", "")
