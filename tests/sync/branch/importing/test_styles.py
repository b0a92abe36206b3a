from datetime import date
from decimal import Decimal

import pytest

from sync.branch.importing import styles
from sync.branch.importing.styles import Typed, Unreadable


@pytest.mark.parametrize(
    "cell",
    ["26608.75", "26,608.75", "￥26,608.75", "¥26608.75", "26608.75元", "２６，６０８．７５", " 26 608.75 ", "RMB26608.75", "人民币26,608.75元", "26608.750"],
)  # fmt: skip
def test_money_is_read_in_all_its_styles(cell: str) -> None:
    assert styles.money(cell) == Decimal("26608.75")


@pytest.mark.parametrize(
    "cell",
    ["八万", "1.5万8", "1.50001234万元", "-100.00", "(100.00)", "1,23", "12,34,567", "1.005", "1e5", "99999999999", "NaN", "Infinity", "12元5", "", "1.2.3", "１亿", "0x10", "1_000"],
)  # fmt: skip
def test_what_is_no_amount_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.money(cell)


@pytest.mark.parametrize("cell", ["2.660875万元", "2.660875万", "￥2.660875 萬元", "２．６６０８７５万元"])
def test_ten_thousands_are_read_where_they_are_said(cell: str) -> None:
    assert styles.money(cell) == Decimal("26608.75")


def test_a_spreadsheets_dust_behind_the_cents_is_no_third_place() -> None:
    assert styles.money(Typed("1736.2600000001")) == Decimal("1736.26")
    with pytest.raises(Unreadable):
        styles.money(Typed("1736.263"))


@pytest.mark.parametrize(
    "cell", ["0.1458", "14.58%", "14.58％", "１４．５８％", "0.14580", ".1458", "14.580 %"]
)
def test_a_rate_is_a_fraction_or_a_percentage(cell: str) -> None:
    assert str(styles.rate(cell)) == "0.1458"


@pytest.mark.parametrize("cell", ["14.58", "1458", "-0.1", "145.8%", "0.1458%", "7.5‰", "高", "50%", "nan"])
def test_a_rate_that_could_be_either_or_neither_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.rate(cell)


def test_an_interest_free_loan_has_a_rate() -> None:
    assert str(styles.rate("0%")) == "0"


@pytest.mark.parametrize(
    ("cell", "value"), [("0.5", "0.5"), ("50%", "0.5"), ("30%", "0.3"), ("0", "0"), ("100%", "1")]
)
def test_the_uplift_is_a_fraction_or_a_percentage(cell: str, value: str) -> None:
    assert str(styles.uplift(cell)) == value


@pytest.mark.parametrize("cell", ["50", "1.5", "150%", "-50%", "一半", "0.5%"])
def test_an_uplift_that_cannot_be_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.uplift(cell)


@pytest.mark.parametrize(
    "cell",
    ["2026-11-03", "20261103", "2026/11/3", "2026/11/03", "2026年11月3日", "2026.11.03", "２０２６－１１－０３", "2026-11-03 00:00:00", " 2026 年 11 月 3 日 ", "2026—11—3"],
)  # fmt: skip
def test_a_day_is_read_in_all_its_styles(cell: str) -> None:
    assert styles.day(cell) == date(2026, 11, 3)


@pytest.mark.parametrize(
    "cell", ["2026-13-45", "2026-02-29", "26-11-03", "46329", "3/11/2026", "昨天", "2026-11", "99991231", "0000-00-00", "٢٠٢٦-١١-٠٣"]
)  # fmt: skip
def test_an_impossible_day_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.day(cell)


def test_a_serial_is_a_day_only_in_a_spreadsheets_own_cell() -> None:
    assert styles.day(Typed("46329", styles.from_serial(46329, date(1899, 12, 30)))) == date(2026, 11, 3)
    with pytest.raises(Unreadable):
        styles.day("46329")


@pytest.mark.parametrize(
    "cell",
    ["19900001542", "199 0000 1542", "199-0000-1542", "１９９００００１５４２", "+86 19900001542", "+86-199-0000-1542", "8619900001542", "0086 19900001542", "(86)19900001542", "19900001542.0", "'+8619900001542", "199\u20110000\u20111542\u200b"],
)  # fmt: skip
def test_a_telephone_number_is_read_in_all_its_styles(cell: str) -> None:
    assert styles.telephones(cell) == ("19900001542",)


@pytest.mark.parametrize(
    "cell",
    ["0827-1234567-801", "0827-1234567转801", "0827-1234567 转 801", "(0827)1234567转分机801", "0827-1234567 ext 801", "0827-1234567 Ext. 801", "08271234567x801", "０８２７－１２３４５６７－８０１", "0827-1234567（分机：801）", "0827-1234567#801", "0827—1234567—801", "+86-827-1234567-801", "08271234567;ext=801", "0827-1234567，转801"],
)  # fmt: skip
def test_an_extension_stays_behind_its_line_in_all_its_styles(cell: str) -> None:
    assert styles.telephones(cell) == ("08271234567-801",)


def test_what_looks_like_an_extension_and_is_a_number_set_in_groups_is_one_number() -> None:
    assert styles.telephones("400-800-1234、010-1234-5678") == ("4008001234", "01012345678")
    assert styles.telephones("0827-1234567-8") == ("08271234567-8",)
    assert styles.telephones("0827-1234567转801/0827-1234567转802") == ("08271234567-801", "08271234567-802")
    assert styles.telephones("+86 827 1234567, +86 10 12345678") == ("08271234567", "01012345678")
    assert styles.telephones("+86 400 800 1234") == ("4008001234",)


def test_a_line_keeps_its_area_code_and_a_cell_may_hold_two_numbers() -> None:
    assert styles.telephones("0827-8222333") == ("08278222333",)
    assert styles.telephones("19900001542、0827-8222333") == ("19900001542", "08278222333")
    for between in (" ", "　", "  +86 "):
        assert styles.telephones(f"199 0000 1542{between}19900001543") == ("19900001542", "19900001543")


@pytest.mark.parametrize(
    "cell", ["1990000154", "199000015422", "12345678901", "不详", "1.99E+10", "phone", "110", "19900001542x", "²19900001542", "0827-1234567转", "0827-1234567-8222333", "1990000154-801", "转801", "00000000000", "19900001542 1990000154"]
)  # fmt: skip
def test_what_is_no_telephone_number_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.telephones(cell)


@pytest.mark.parametrize(
    ("cell", "value"), [("074x", "074X"), ("０７４Ｘ", "074X"), ("0701", "0701"), (Typed("701"), "0701")]
)
def test_the_last_four_of_an_identity_number(cell: str, value: str) -> None:
    assert styles.id_last4(cell) == value


@pytest.mark.parametrize("cell", ["701", "X012", "510101199001010012", "12345", "ABCD"])
def test_what_is_not_the_last_four_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.id_last4(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (" 5107 2026 000001 ", "51072026000001"),
        ("５１０７２０２６０００００１", "51072026000001"),
        ("51072026000001.0", "51072026000001"),
        ('="51072026000001"', "51072026000001"),
        ("ＤＢ－０８", "DB-08"),
    ],
)
def test_a_contract_number_is_read_in_all_its_styles(cell: str, value: str) -> None:
    assert styles.number(cell) == value


@pytest.mark.parametrize("cell", ["5.1072E+13", "-", "", "5" * 65, "51\x000", Typed("5107202600000123")])
def test_a_contract_number_that_lost_its_digits_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.number(cell)


def test_what_a_program_kept_as_text_comes_out_of_its_formula() -> None:
    assert styles.unguarded('="012X"') == "012X"
    assert styles.unguarded('="5 ""甲"""') == '5 "甲"'
    assert styles.unguarded("'=1+1") == "=1+1"


def test_names_keep_their_rare_characters_and_lose_their_padding() -> None:
    assert styles.name(" 张　䶮 ") == "张䶮"
    assert styles.name("龚\ue863") == "龚䶮"
    assert styles.name("阿依古丽·买买提") == "阿依古丽·买买提"
    assert styles.name("John Smith") == "John Smith"


def test_only_names_part_a_cell_into_several() -> None:
    assert styles.names("保一、阿不都·买买提；龚\ue863(已故)/*三") == [
        "保一",
        "阿不都·买买提",
        "龚\ue863(已故)",
        "*三",
    ]
    for odd in ("=cmd|' /C calc'!A0", '=HYPERLINK("http://x","张")', "@SUM(A,B)"):
        assert styles.names(odd) == [odd]


@pytest.mark.parametrize("cell", ["123", "\ufffd三", "#N/A", "——", "张" * 65])
def test_what_is_no_name_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        styles.name(cell)


def test_an_address_is_one_line_with_half_width_digits_and_its_own_punctuation() -> None:
    assert styles.words("乙村１组\n５号（旁）") == "乙村1组 5号（旁）"


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2", "@x", "＝1", "\t=1", " =1"])
def test_a_guarded_cell_starts_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    assert styles.guarded(cell) == "'" + cell
    assert styles.unguarded(styles.guarded(cell)) == cell
