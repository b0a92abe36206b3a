"""Which rows are impossible, and which only lack something."""

from pathlib import Path

import pytest

from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.report import Report
from sync.branch.office import Office
from tests.sync.branch.importing.lists import cases, figures, row, write

# Two sound rows beside the one that is tried: the list's day is theirs.
SOUND = (row(8), row(9))


def imported(office: Office, tmp_path: Path, **cells: str) -> Report:
    return import_overdue(office, write(tmp_path / "list.csv", [row(1, **cells), *SOUND]))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("合同编号", ""),
        ("合同编号", "5.1072E+13"),
        ("客户姓名", ""),
        ("客户姓名", "123"),
        ("身份证后四位", "12"),
        ("手机", "不详"),
        ("备用电话", "1990000"),
        ("贷款产品", ""),
        ("贷款产品", "房贷"),
        ("贷款金额", "五万"),
        ("贷款金额", "0"),
        ("放款日", "2026-02-30"),
        ("放款日", ""),
        ("到期日", "2026-01-31"),
        ("还款方式", "随便"),
        ("年利率", "14.58"),
        ("年利率", ""),
        ("罚息上浮", "50"),
        ("贷款余额", "-1.00"),
        ("贷款余额", "60000.00"),
        ("最早未还应还日", "2026-13-45"),
        ("逾期天数", "6"),
        ("逾期天数", "五天"),
        ("逾期本金", "30000.01"),
        ("逾期本金", ""),
        ("逾期利息", "三百"),
        ("罚息", "-5.25"),
        ("当期应还", "abc"),
        ("账户余额", "-0.01"),
        ("还款账号", "6.217E+18"),
        ("担保人1姓名", ""),
        ("担保人1类型", "朋友"),
        ("担保人1责任方式", "看情况"),
        ("担保人1手机", "无号码"),
        ("担保人1保证期间届满日", "2025-01-31"),
        ("首次上门日", "2026-11-24"),
        ("首次上门日", "2026-01-30"),
        ("通知书送达日", "2026-12-01"),
        ("管户信贷员工号", ""),
        ("管户信贷员工号", "w999"),
        ("数据日期", ""),
        ("数据日期", "2026-11-22"),
        ("客户姓名", "试\x00一"),
    ],
)
def test_an_impossible_cell_rejects_its_row_alone_and_names_it(
    office: Office, tmp_path: Path, column: str, value: str
) -> None:
    report = imported(office, tmp_path, **{column: value})

    assert {(p.line, p.column, p.value) for p in report.rejected} >= {(2, column, value)}
    assert {p.line for p in report.rejected} == {2}
    assert (report.taken, report.exit_code) == (2, 2)
    for problem in report.rejected:
        chinese, english = problem.to_json()["reason"].split(" / ")
        assert chinese != english
        assert english.isascii() or "：" in chinese


@pytest.mark.parametrize(
    "cells",
    [
        {"最早未还应还日": "2026-11-23", "逾期天数": "0"},
        {"最早未还应还日": "2026-11-30", "逾期天数": ""},
        {"最早未还应还日": "2026-01-31", "逾期天数": "296"},
        {"放款日": "2026-11-30", "到期日": "2027-11-30"},
        {"到期日": "2026-05-31"},
        {"逾期本金": "0", "逾期利息": "0", "罚息": "0"},
        {"配偶姓名": "", "配偶手机": "19900000002"},
    ],
)
def test_cells_that_contradict_each_other_reject_the_row(
    office: Office, tmp_path: Path, cells: dict[str, str]
) -> None:
    assert {p.line for p in imported(office, tmp_path, **cells).rejected} == {2}


@pytest.mark.parametrize(
    "column",
    ["客户编号", "身份证后四位", "手机", "经营地址", "乡镇", "村组", "经营项目", "还款方式", "罚息上浮", "逾期天数", "当期应还", "还款账号", "账户余额", "担保人1类型", "担保人1责任方式", "担保人1手机", "担保人1保证期间届满日", "管户信贷员姓名"],
)  # fmt: skip
def test_what_is_merely_missing_is_absent(office: Office, tmp_path: Path, column: str) -> None:
    report = imported(office, tmp_path, **{column: ""})
    assert (report.taken, report.rejected) == (3, [])


def test_every_fault_of_a_row_is_named(office: Office, tmp_path: Path) -> None:
    report = imported(office, tmp_path, 客户姓名="", 年利率="高", 贷款产品="房贷")
    assert [p.column for p in report.rejected] == ["客户姓名", "贷款产品", "年利率"]
    assert report.taken + report.unchanged + report.rejected_rows == 3


def test_a_row_becomes_a_case_and_its_figures(office: Office, tmp_path: Path) -> None:
    imported(
        office,
        tmp_path,
        备用电话="1990000 0001、0827-8222333",
        配偶姓名="试二",
        配偶手机="199-0000-0002",
        家庭地址="试县甲镇丙村2组2号",
        首次上门日="2026-11-16",
    )

    case = cases(office)["5100000001"]
    assert (case["status"], case["status_since"]) == ("open", "2026-11-23")
    # The visit was on the 16th: the episode began the day before at the latest.
    assert case["episode_start"] == "2026-11-15"
    assert (case["assigned_to"], case["assigned_on"]) == ("w001", "2026-11-23")
    assert case["history"] == {
        "first_visit_on": "2026-11-16",
        "notice_served_on": None,
        "last_contact_on": None,
    }
    borrower = case["borrower"]
    assert [p["number"] for p in borrower["phones"]] == ["19900000001", "08278222333"]
    assert [(a["kind"], a["town"], a["village"]) for a in borrower["addresses"]] == [
        ("business", "甲镇", "乙村"),
        ("home", "甲镇", ""),
    ]
    assert [(d["role"], d["name"], d["phones"][0]["number"]) for d in case["debtors"]] == [
        ("spouse", "试二", "19900000002")
    ]
    loan = case["loan"]
    assert (loan["amount"], loan["annual_rate"], loan["penalty_uplift"]) == ("50000.00", "0.1458", "0.5")
    assert loan["method"] == "equal_instalments"
    # On the 31st, or on the month's last day.
    assert loan["instalment_dates"][:3] == ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert loan["instalment_dates"][-1] == "2027-01-31"
    assert len(loan["instalment_dates"]) == 12
    assert figures(office)["5100000001"] == {
        "as_of": "2026-11-23",
        "due_since": "2026-11-18",
        "principal_outstanding": "30000.00",
        "overdue_principal": "4000.00",
        "overdue_interest": "300.00",
        "penalty_interest": "5.25",
        "instalment_due": "4500.00",
        "account_balance": "100.00",
        "missing": "4205.25",
        "longest_dpd": 5,
        "payments_cover": None,
    }


def test_nothing_is_missing_where_the_account_holds_enough(office: Office, tmp_path: Path) -> None:
    imported(office, tmp_path, 账户余额="9,999.00")
    assert figures(office)["5100000001"]["missing"] == "0.00"


def test_the_same_guarantor_twice_in_a_row_is_one(office: Office, tmp_path: Path) -> None:
    twice = {
        "担保人2姓名": "保一",
        "担保人2类型": "担保人",
        "担保人2手机": "199 0000 0011",
        "担保人7姓名": "保一",
        "担保人7类型": "担保人",
        "担保人7手机": "19900000017",
    }
    imported(office, tmp_path, **twice)
    guarantors = cases(office)["5100000001"]["guarantors"]
    assert [(g["name"], g["phones"][0]["number"]) for g in guarantors] == [
        ("保一", "19900000011"),
        ("保一", "19900000017"),
    ]
    assert len({g["guarantor_id"] for g in guarantors}) == 2


@pytest.mark.parametrize("between", ["、", ";", "；", "\n", "/", "，", " | "])
def test_several_guarantors_in_one_cell_are_several_people(
    office: Office, tmp_path: Path, between: str
) -> None:
    cells = {
        "担保人1姓名": between.join(("保一", "阿不都·买买提", "保三")) + between.strip(" |"),
        "担保人1手机": between.join(("19900000011", "19900000012", "0827-8222333-801")),
        "担保人1责任方式": between.join(("连带责任", "一般保证", "连带责任")),
    }
    report = import_overdue(office, write(tmp_path / "list.csv", [row(1, **cells)], "utf-8"))
    assert (report.taken, report.rejected) == (1, [])
    (case,) = cases(office).values()
    people = case["guarantors"]
    assert [g["name"] for g in people] == ["保一", "阿不都·买买提", "保三"]
    assert [g["phones"][0]["number"] for g in people] == ["19900000011", "19900000012", "08278222333-801"]
    assert [g["liability"] for g in people] == ["joint", "general", "joint"]
    assert {(g["role"], g["guarantee_ends"]) for g in people} == {("guarantor", "2030-01-31")}


def test_what_is_not_clearly_one_of_several_peoples_rejects_the_row(office: Office, tmp_path: Path) -> None:
    rows = [
        row(1, 担保人1姓名="保一、保二"),  # one number for two people
        row(2, 担保人1姓名="保一、保二", 担保人1手机="19900000011、1990"),
        row(3, 客户姓名="试一、试二"),
        row(4, 配偶姓名="试一/试二"),
    ]
    report = import_overdue(office, write(tmp_path / "list.csv", rows))
    assert [(p.line, p.column, p.value) for p in report.rejected] == [
        (2, "担保人1手机", "19900000011"),
        (3, "担保人1手机", "19900000011、1990"),
        (4, "客户姓名", "试一、试二"),
        (5, "配偶姓名", "试一/试二"),
    ]


def test_of_two_rows_with_one_contract_the_first_stands(office: Office, tmp_path: Path) -> None:
    report = import_overdue(office, write(tmp_path / "list.csv", [row(1), row(1, 客户姓名="试二"), row(2)]))
    assert [(p.line, p.column) for p in report.rejected] == [(3, "合同编号")]
    assert cases(office)["5100000001"]["borrower"]["name"] == "试一"
