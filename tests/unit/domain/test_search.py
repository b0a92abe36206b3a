import pytest

from app.domain.message import Code
from app.domain.records import Address, Borrower, Debtor, Phone
from app.domain.search import matches, stage_of
from tests.unit.domain.made_up import d, made_case

INITIALS = {"单": "ds", "龚": "g", "龑": "y", "欧": "o", "阳": "y", "晓": "x", "燕": "y"}
CASE = made_case(
    contract_no="51072026000001",
    customer_no="KH68106871",
    borrower=Borrower(
        "欧阳 晓燕",
        phones=(Phone("19900001542"), Phone("199 0000 7474")),
        addresses=(Address("business", "x", "仁和镇", "桑园村"),),
    ),
    debtors=(Debtor("s1", "spouse", "单龑", (Phone("19900009264"),)),),
)


@pytest.mark.parametrize(
    "query",
    [
        "", "  ", "欧阳", "晓燕", "欧阳晓燕", "欧阳　晓燕", "oyxy", "OYXY", "ｏｙｘｙ", "xy", "o y x y",
        "1542", "１５４２", "0001542", "7474", "199 0000 1542", "9264", "桑园", "桑园村", "仁和", "51072026000001",
        "000001", "KH68106871", "kh681", "桑园 欧阳", "oyxy 1542",
    ],
)  # fmt: skip
def test_a_case_is_found_by_what_an_officer_remembers(query: str) -> None:
    assert matches(CASE, query, INITIALS)


def test_a_line_with_an_extension_is_found_by_the_end_of_either() -> None:
    case = made_case(borrower=Borrower("甲", phones=(Phone("08278222333-801"),)))
    assert all(matches(case, tail, INITIALS) for tail in ("2333", "801", "8222333-801"))


@pytest.mark.parametrize(
    "query", ["阳欧", "oyxz", "oyxyy", "1543", "42", "石桥", "桑园 单", "🙂x", "51072026000002"]
)
def test_another_case_is_not_found(query: str) -> None:
    assert not matches(CASE, query, INITIALS)


def test_a_character_of_several_readings_is_found_by_each() -> None:
    case = made_case(borrower=Borrower("单龑"))
    assert matches(case, "sy", INITIALS)
    assert matches(case, "dy", INITIALS)
    assert not matches(case, "cy", INITIALS)


def test_without_a_table_of_initials_letters_still_find_names_written_in_letters() -> None:
    assert matches(made_case(borrower=Borrower("Ａｎｎａ")), "anna", {})


@pytest.mark.parametrize(
    ("day", "stage"),
    [
        (0, "d1_3"),
        (1, "d1_3"),
        (3, "d1_3"),
        (4, "d4_6"),
        (6, "d4_6"),
        (7, "d7_29"),
        (30, "d30_89"),
        (89, "d30_89"),
        (90, "d90"),
    ],
)
def test_an_open_cases_stage_goes_by_the_day_of_its_episode(day: int, stage: str) -> None:
    assert stage_of(made_case(), d(day)) == Code("stage", stage)


def test_the_stage_of_any_other_case_is_its_status() -> None:
    assert stage_of(made_case(status="watch"), d(3)) == Code("case_status", "watch")
