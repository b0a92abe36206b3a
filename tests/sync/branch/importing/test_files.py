"""What a file may look like, and what is no list at all."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sync.branch.importing.errors import BadMapping, NotAList
from sync.branch.importing.overdue import import_overdue
from sync.branch.office import Office
from tests.sync.branch.importing.lists import BANK, GOOD, cases, everything, figures, read, row, write

NUMBERS = (
    "贷款金额",
    "贷款余额",
    "逾期本金",
    "逾期利息",
    "罚息",
    "当期应还",
    "账户余额",
    "年利率",
    "罚息上浮",
)
DAYS = ("放款日", "到期日", "最早未还应还日", "担保人1保证期间届满日", "数据日期")


def typed(column: str, cell: str) -> object:
    """The cell as a spreadsheet keeps it when somebody typed it in."""
    if cell and column in DAYS:
        return datetime.fromisoformat(cell)
    if cell and column in NUMBERS:
        return float(Decimal(cell))
    if cell and column in ("合同编号", "手机", "担保人1手机", "逾期天数"):
        return float(cell)
    return cell or None


def as_workbook(path: Path, rows: list[dict[str, str]]) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    sheet = book.create_sheet("名单")
    sheet.append(list(rows[0]))
    for each in rows:
        sheet.append([typed(column, cell) for column, cell in each.items()])
    book.save(path)
    return path


def without_ids(office: Office) -> list[object]:
    found = []
    for contract, case in sorted(cases(office).items()):
        guarantors = [{k: v for k, v in g.items() if k != "guarantor_id"} for g in case["guarantors"]]
        found.append((contract, case | {"case_id": "", "guarantors": guarantors}, figures(office)[contract]))
    return found


def test_a_workbook_of_typed_cells_is_the_same_list(office: Office, tmp_path: Path) -> None:
    rows = [row(1), row(2, 身份证后四位="0123")]
    assert import_overdue(office, as_workbook(tmp_path / "list.xlsx", rows)).taken == 2
    from_workbook = everything(office)

    assert import_overdue(office, write(tmp_path / "list.csv", rows)).unchanged == 2
    assert everything(office) == from_workbook
    assert cases(office)["5100000001"]["borrower"]["phones"][0]["number"] == "19900000001"


def test_a_workbooks_serials_are_days_and_its_rows_keep_their_numbers(office: Office, tmp_path: Path) -> None:
    path = as_workbook(tmp_path / "list.xlsx", [row(1), row(2), row(3, 客户姓名="")])
    book = openpyxl.load_workbook(path)
    sheet = book["名单"]
    column = [cell.value for cell in sheet[1]].index("放款日") + 1
    sheet.cell(2, column).value = (date(2026, 1, 31) - date(1899, 12, 30)).days
    sheet.cell(2, column).number_format = "General"
    sheet.insert_rows(3)
    book.save(path)

    report = import_overdue(office, path)
    assert (report.taken, [p.line for p in report.rejected]) == (2, [5])
    assert cases(office)["5100000001"]["loan"]["disbursed_on"] == "2026-01-31"


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_do_not_matter(
    office: Office, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    rows = [row(1, 客户姓名="喆堃"), row(2)]
    path = write(tmp_path / "list.csv", rows, encoding, delimiter=delimiter)
    assert import_overdue(office, path).taken == 2
    assert cases(office)["5100000001"]["borrower"]["name"] == "喆堃"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_branchs_whole_list_is_the_same_in_every_encoding(
    office: Office, tmp_path: Path, encoding: str
) -> None:
    text = (BANK / "overdue_2026-11-23.csv").read_bytes().decode("gb18030")
    original, other = tmp_path / "list.csv", tmp_path / "other.csv"
    original.write_bytes(text.encode("gb18030"))
    other.write_bytes(text.encode(encoding))
    import_overdue(office, original)
    before = everything(office)
    report = import_overdue(office, other)
    assert (report.taken, report.unchanged, report.rejected_rows) == (0, 116, 5)
    assert everything(office) == before


def test_headings_may_stand_in_any_order_with_spaces_and_full_width_digits(
    office: Office, tmp_path: Path
) -> None:
    headings = {"担保人1姓名": "担保人１ 姓名", "合同编号": " 合 同 编 号 "}
    rows = [{headings.get(k, k): v for k, v in reversed(row(1).items())}]
    assert import_overdue(office, write(tmp_path / "list.csv", rows)).taken == 1
    assert cases(office)["5100000001"]["guarantors"][0]["name"] == "保一"


def test_other_headings_come_over_by_a_mapping_file(office: Office, tmp_path: Path) -> None:
    rows = [{"借据号" if k == "合同编号" else k: v for k, v in row(1).items()}]
    path, mapping = write(tmp_path / "list.csv", rows), tmp_path / "map.toml"
    mapping.write_text('"借据号" = "合同编号"\n', "utf-8")

    with pytest.raises(NotAList) as raised:
        import_overdue(office, path)
    assert raised.value.message.params["headings"] == ["合同编号"]
    assert import_overdue(office, path, mapping=mapping).taken == 1


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("# ours\n借据号 = 1", 2),
        ('"借据号" = "没有这个"', "没有这个"),
        ("[", 1),
        ('"借据号" = 3', "借据号"),
        ('["表头"]\n"借据号" = "合同编号"', "表头"),
    ],
)
def test_a_mapping_file_that_is_wrong_is_one_clear_error_that_names_the_place(
    office: Office, tmp_path: Path, content: str, named: object
) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(content, "utf-8")
    with pytest.raises(BadMapping) as raised:
        import_overdue(office, write(tmp_path / "list.csv", [row(1)]), mapping=mapping)
    assert named in raised.value.message.params.values()


def test_a_mapping_file_saved_by_a_chinese_windows_is_read(office: Office, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_bytes('"借据号" = "合同编号"\r\n'.encode("gbk"))
    rows = [{"借据号" if k == "合同编号" else k: v for k, v in row(1).items()}]
    assert import_overdue(office, write(tmp_path / "list.csv", rows), mapping=mapping).taken == 1


def test_a_title_above_and_sums_and_signatures_among_the_rows_are_passed_over_and_told(
    office: Office, tmp_path: Path
) -> None:
    heading, one, two = lines_of(tmp_path, [row(1), row(2)])
    total = ",,合计：" + "," * (heading.count(",") - 2)
    text = [
        "石桥支行逾期清单",
        "单位：元,,2026-11-23",
        "",
        heading,
        one,
        total,
        two,
        "合计,2户",
        "制表人：赵敏",
        "共 2 条",
    ]
    path = tmp_path / "list.csv"
    path.write_bytes("\r\n".join(text).encode("gb18030") + b"\x1a")
    report = import_overdue(office, path, full_list=True)
    assert (report.taken, report.rejected) == (2, [])
    assert [w.params["lines"] for w in report.warnings] == [["1", "2", "6", "8", "9", "10"]]


def test_headings_may_carry_a_unit_and_a_mark_but_not_another_unit(office: Office, tmp_path: Path) -> None:
    marked = {"贷款金额": "贷款金额（元）", "合同编号": "*合同\n编号", "客户姓名": "客户姓名[必填]"}
    rows = [{marked.get(k, k): v for k, v in row(1).items()}]
    assert import_overdue(office, write(tmp_path / "list.csv", rows)).taken == 1
    rows = [{"贷款金额(千元)" if k == "贷款金额" else k: v for k, v in row(2).items()}]
    with pytest.raises(NotAList):
        import_overdue(office, write(tmp_path / "list.csv", rows))


IN_WAN = {"贷款金额": "5", "贷款余额": "3.00", "逾期本金": "0.4", "逾期利息": "0.03", "罚息": "0.000525"} | {
    "当期应还": "0.45",
    "账户余额": "0.01",
}


def figures_of(office: Office, contract: str = "5100000001") -> tuple[str, ...]:
    case, owed = cases(office)[contract], figures(office)[contract]
    return (case["loan"]["amount"], *(v for k, v in owed.items() if k not in ("as_of", "due_since")))


def test_columns_and_cells_that_say_万元_or_percent_are_read_as_that(office: Office, tmp_path: Path) -> None:
    import_overdue(office, write(tmp_path / "plain.csv", [row(1)]))
    plain = figures_of(office)
    headings = {k: f"{k}（万元）" for k in IN_WAN} | {"年利率": "年利率(%)", "罚息上浮": "罚息上浮【%】"}
    cells = row(2, **IN_WAN, 年利率="14.58", 罚息上浮="50")
    path = write(tmp_path / "list.csv", [{headings.get(k, k): v for k, v in cells.items()}])
    assert import_overdue(office, path).taken == 1
    assert figures_of(office, "5100000002") == plain
    loan = cases(office)["5100000002"]["loan"]
    assert (loan["annual_rate"], loan["penalty_uplift"]) == ("0.1458", "0.5")

    cells = row(3, **{k: f"{v}万元" for k, v in IN_WAN.items()})
    assert import_overdue(office, write(tmp_path / "list.csv", [cells])).taken == 1
    assert figures_of(office, "5100000003") == plain


@pytest.mark.parametrize("title", ["单位：万元", "（金额单位：人民币万元）", "单位:,万元,币种：人民币"])
def test_a_title_that_says_万元_counts_also_for_the_rejected_rows(
    office: Office, tmp_path: Path, title: str
) -> None:
    import_overdue(office, write(tmp_path / "plain.csv", [row(1)]))
    path = write(tmp_path / "list.csv", [row(2, **IN_WAN), row(3, **IN_WAN, 客户姓名="")])
    path.write_bytes(f"逾期清单,{title}\r\n".encode("gb18030") + path.read_bytes())
    report = import_overdue(office, path)
    assert (report.taken, report.rejected_rows) == (1, 1)
    assert figures_of(office, "5100000002") == figures_of(office)

    assert report.rejected_file is not None
    mended = write(
        tmp_path / "mended.csv", [read(report.rejected_file, "utf-8-sig")[0] | {"客户姓名": "试三"}]
    )
    assert import_overdue(office, mended).taken == 1
    assert figures_of(office, "5100000003") == figures_of(office)


def test_a_list_that_counts_in_what_cannot_be_read_is_refused_whole(office: Office, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [row(1)])
    path.write_bytes("单位：千元\r\n".encode("gb18030") + path.read_bytes())
    with pytest.raises(NotAList):
        import_overdue(office, path)
    mapping = tmp_path / "map.toml"
    for line in ('"月利率" = "年利率"', '"利率(‰)" = "年利率"', '"本金(千元)" = "贷款金额"'):
        mapping.write_text(line, encoding="utf-8")
        with pytest.raises(BadMapping):
            import_overdue(office, write(tmp_path / "list.csv", [row(1)]), mapping=mapping)
    mapping.write_text('"本金(万元)" = "贷款金额"\n"执行利率(%)" = "年利率"', encoding="utf-8")
    rows = [{"贷款金额": "本金(万元)", "年利率": "执行利率(%)"}.get(k, k) for k in GOOD]
    cells = dict(zip(rows, row(1, 贷款金额="5", 年利率="14.58").values(), strict=True))
    assert import_overdue(office, write(tmp_path / "list.csv", [cells]), mapping=mapping).taken == 1
    assert cases(office)["5100000001"]["loan"]["amount"] == "50000.00"


def test_of_a_workbook_only_what_is_shown_is_read_and_two_lists_are_not_chosen_between(
    office: Office, tmp_path: Path
) -> None:
    path = as_workbook(tmp_path / "list.xlsx", [row(1)])
    book = openpyxl.load_workbook(path)
    old = book.create_sheet("上月", 0)
    old.append(list(GOOD))
    old.append(list(row(7).values()))
    book.save(path)
    with pytest.raises(NotAList) as raised:
        import_overdue(office, path)
    assert raised.value.message.params["sheets"] == ["上月", "名单"]

    old.sheet_state = "hidden"
    book.save(path)
    assert import_overdue(office, path).taken == 1
    assert list(cases(office)) == ["5100000001"]


def test_rows_a_filter_hides_are_read_like_the_others_and_told(office: Office, tmp_path: Path) -> None:
    path = as_workbook(tmp_path / "list.xlsx", [row(1), row(2), row(3)])
    book = openpyxl.load_workbook(path)
    for sheet in book:
        sheet.row_dimensions[3].hidden = True
        sheet.row_dimensions[9].hidden = True
    book.save(path)
    report = import_overdue(office, path, full_list=True)
    assert (report.taken, [w.params for w in report.warnings]) == (3, [{"count": 1, "lines": ["3"]}])
    assert report.exit_code == 0


def test_an_account_number_a_spreadsheet_counted_with_rejects_its_row(office: Office, tmp_path: Path) -> None:
    path = as_workbook(tmp_path / "list.xlsx", [row(1)])
    book = openpyxl.load_workbook(path)
    book["名单"].cell(2, list(GOOD).index("还款账号") + 1).value = 6217000000000000001
    book.save(path)
    report = import_overdue(office, path)
    assert [p.column for p in report.rejected] == ["还款账号"]
    assert report.rejected_file is not None
    assert [p.column for p in import_overdue(office, report.rejected_file).rejected] == ["还款账号"]


def changed(path: Path, change: Callable[[Any, Callable[[str], int]], None]) -> Path:
    """The workbook with its list's sheet changed; the second argument finds a heading's column."""
    book = openpyxl.load_workbook(path)
    change(book["名单"], lambda heading: list(GOOD).index(heading) + 1)
    book.save(path)
    return path


def test_what_stands_in_a_cell_merged_over_rows_stands_in_each(office: Office, tmp_path: Path) -> None:
    def merge(sheet: Any, at: Callable[[str], int]) -> None:
        for heading in ("客户编号", "客户姓名", "手机", "账户余额"):
            sheet.merge_cells(start_row=2, end_row=3, start_column=at(heading), end_column=at(heading))
        sheet.merge_cells(start_row=4, end_row=5, start_column=at("逾期本金"), end_column=at("逾期本金"))

    path = as_workbook(tmp_path / "list.xlsx", [row(1), row(2), row(3), row(4), row(5)])
    report = import_overdue(office, changed(path, merge))
    assert (report.taken, [p.line for p in report.rejected]) == (3, [4, 5])
    first, second = (cases(office)[c] for c in ("5100000001", "5100000002"))
    assert first["borrower"] == second["borrower"]
    assert first["customer_no"] == second["customer_no"]
    assert figures(office)["5100000002"]["account_balance"] == "100.00"


def test_a_formula_without_its_result_rejects_its_row_and_one_with_it_is_read(
    office: Office, tmp_path: Path
) -> None:
    def calculate(sheet: Any, at: Callable[[str], int]) -> None:
        sheet.cell(2, at("账户余额")).value = "=50+50"
        sheet.append(["合计", *[None] * (at("贷款金额") - 2), "=SUM(P2:P3)"])

    path = changed(as_workbook(tmp_path / "list.xlsx", [row(1), row(2)]), calculate)
    report = import_overdue(office, path)
    assert (report.taken, [(p.line, p.column) for p in report.rejected]) == (1, [(2, "")])

    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w") as packed:
        for name, part in parts.items():
            packed.writestr(name, part.replace(b"<f>50+50</f><v />", b"<f>50+50</f><v>100</v>"))
    assert (r := import_overdue(office, path)).rejected == []
    assert (r.taken, figures(office)["5100000001"]["account_balance"]) == (1, "100.00")


def test_a_chart_beside_the_list_is_passed_over(office: Office, tmp_path: Path) -> None:
    path = as_workbook(tmp_path / "list.xlsx", [row(1)])
    book = openpyxl.load_workbook(path)
    book.create_chartsheet("图")
    book.save(path)
    assert import_overdue(office, path).taken == 1


def test_headings_may_stand_in_two_lines_and_come_again_on_every_page(office: Office, tmp_path: Path) -> None:
    import_overdue(office, write(tmp_path / "plain.csv", [row(1), row(2)]))
    plain = without_ids(office)
    heading, one, two = lines_of(tmp_path, [row(1), row(2)])
    over, under, group = [], [], "担保人1"
    for name in heading.split(","):
        within = name.startswith(group)
        over.append(name if not within else "" if group in over else group)
        under.append(name.removeprefix(group) if within else "")
    path = tmp_path / "list.csv"
    for top in ([",".join(over), ",".join(under)], ["客户信息" + "," * heading.count(","), heading]):
        path.write_bytes("\r\n".join([*top, one, *top, two, "总计(2户),80000"]).encode("gb18030"))
        report = import_overdue(office, path)
        assert (report.unchanged, report.rejected) == (2, [])
        assert without_ids(office) == plain


def test_one_stray_cell_at_the_end_of_a_sheet_costs_nothing(office: Office, tmp_path: Path) -> None:
    path = as_workbook(tmp_path / "list.xlsx", [row(1)])
    book = openpyxl.load_workbook(path)
    book["名单"].cell(1_048_576, 16_384).value = " "
    book.save(path)
    assert import_overdue(office, path).taken == 1


def test_a_workbooks_rejected_rows_read_the_same_from_the_csv_beside_it(
    office: Office, tmp_path: Path
) -> None:
    path = as_workbook(tmp_path / "list.xlsx", [row(1, 客户姓名="")])
    book = openpyxl.load_workbook(path)
    sheet = book["名单"]
    headings = [cell.value for cell in sheet[1]]
    for column, value in (("放款日", (date(2026, 1, 31) - date(1899, 12, 30)).days), ("身份证后四位", 12)):
        cell = sheet.cell(2, headings.index(column) + 1)
        cell.value, cell.number_format = value, "General"
    book.save(path)
    beside = import_overdue(office, path).rejected_file
    assert beside is not None
    (refused,) = read(beside, "utf-8-sig")
    report = import_overdue(office, write(beside, [refused | {"客户姓名": "试一"}], "utf-8-sig"))
    assert (report.taken, report.rejected) == (1, [])
    (case,) = cases(office).values()
    assert (case["loan"]["disbursed_on"], case["borrower"]["id_last4"]) == ("2026-01-31", "0012")


def test_headings_nobody_knows_are_passed_over_with_a_warning(office: Office, tmp_path: Path) -> None:
    report = import_overdue(office, write(tmp_path / "list.csv", [row(1, 手机号码="1")]))
    assert report.taken == 1
    assert [w.params["headings"] for w in report.warnings] == [["手机号码"]]


def no_lists() -> dict[str, bytes]:
    good = ",".join(row(1)).encode()
    return {
        "empty": b"",
        "blank": b"\n\n  \n",
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
        "zip": b"PK\x03\x04" + bytes(200),
        "old excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "prose": "今天天气很好，\n没有名单。".encode(),
        "other headings": "姓名,电话\n试一,19900000001\n".encode("gb18030"),
        "payments": "合同编号,还款日期,还款金额,还款人,流水号\n".encode("gb18030"),
        "heading twice": good + b",\xe5\xae\xa2\xe6\x88\xb7\xe5\xa7\x93\xe5\x90\x8d\n",
        "nul": bytes(1000),
        "pdf": b"%PDF-1.7\n" + bytes(range(128, 256)) * 9,
        "half utf-16": b"\xff\xfe\x00",
        "utf-32": (good.decode() + "\n").encode("utf-32"),
        "password": b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
    }


@pytest.mark.parametrize("content", no_lists().values(), ids=no_lists().keys())
def test_a_file_that_is_no_list_is_one_clear_error_and_no_change(
    office: Office, tmp_path: Path, content: bytes
) -> None:
    import_overdue(office, write(tmp_path / "good.csv", [row(1)]))
    before = everything(office)
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(NotAList):
        import_overdue(office, path, full_list=True, yes=True)
    assert everything(office) == before
    assert not list(tmp_path.glob("*.rejected.csv"))


def test_a_folder_or_a_file_that_is_not_there_is_one_clear_error(office: Office, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.csv", tmp_path / ("x" * 300)):
        with pytest.raises(NotAList):
            import_overdue(office, path)


def lines_of(tmp_path: Path, rows: list[dict[str, str]]) -> list[str]:
    return write(tmp_path / "source.csv", rows).read_bytes().decode("gb18030").splitlines()


def test_a_row_with_too_many_or_too_few_cells_is_rejected_by_its_line(office: Office, tmp_path: Path) -> None:
    heading, one, two, three, four = lines_of(tmp_path, [row(n) for n in range(1, 5)])
    short, long, trailing = two.rsplit(",", 1)[0], three + ",多", four + ",,,"
    path = tmp_path / "list.csv"
    path.write_bytes("\r\n".join([heading, "", one, short, long, trailing, ""]).encode("gb18030"))
    report = import_overdue(office, path)
    assert (report.taken, [(p.line, p.column) for p in report.rejected]) == (2, [(4, ""), (5, "")])


def test_a_program_may_keep_every_cell_as_text_by_a_formula(office: Office, tmp_path: Path) -> None:
    rows = [{k: f'="{v}"' for k, v in row(1).items()}]
    assert import_overdue(office, write(tmp_path / "list.csv", rows)).taken == 1
    assert import_overdue(office, write(tmp_path / "list.csv", [row(1)])).unchanged == 1


def test_a_quoted_line_break_is_one_row_and_lines_are_counted_on(office: Office, tmp_path: Path) -> None:
    rows = [row(1, 经营地址="乙村\r\n1组"), row(2, 客户姓名="")]
    report = import_overdue(office, write(tmp_path / "list.csv", rows))
    assert (report.taken, [p.line for p in report.rejected]) == (1, [4])
    assert cases(office)["5100000001"]["borrower"]["addresses"][0]["text"] == "乙村 1组"


def test_a_quote_that_does_not_close_costs_its_own_row_only(office: Office, tmp_path: Path) -> None:
    rows = [row(1, 贷款余额="30,000.00"), row(2, 贷款余额="30,000.00"), row(3, 贷款余额="30,000.00"), row(4)]
    lines = lines_of(tmp_path, rows)
    lines[2] = lines[2].replace('"30,000.00"', '"30,000.00')
    path = tmp_path / "list.csv"
    path.write_bytes("\n".join(lines).encode("gb18030"))
    report = import_overdue(office, path)
    assert (report.taken, [p.line for p in report.rejected]) == (3, [3])


def test_bytes_that_are_no_text_cost_their_own_row_only(office: Office, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [row(1), row(2, 客户姓名="甲丁丙"), row(3)], "utf-8")
    path.write_bytes(path.read_bytes().replace("丁".encode(), b"\xe4\xb8"))
    report = import_overdue(office, path)
    assert (report.taken, [(p.line, p.column) for p in report.rejected]) == (2, [(3, "客户姓名")])


def test_a_name_that_lost_a_character_on_the_way_is_taken_and_told(office: Office, tmp_path: Path) -> None:
    rows = [
        row(1, 客户姓名="𠮷䶮㐂"),
        row(2, 客户姓名="张?"),
        row(3, 担保人1姓名="保\ue123"),
        row(4, 配偶姓名="？四"),
    ]
    report = import_overdue(office, write(tmp_path / "list.csv", rows))
    assert (report.taken, [w.params for w in report.warnings]) == (4, [{"lines": ["3", "4", "5"]}])
    assert cases(office)["5100000001"]["borrower"]["name"] == "𠮷䶮㐂"


def test_headings_without_rows_take_nothing(office: Office, tmp_path: Path) -> None:
    report = import_overdue(office, write(tmp_path / "list.csv", []))
    assert (report.taken, report.exit_code, len(report.warnings)) == (0, 0, 1)


def test_the_rejected_file_is_safe_in_a_spreadsheet_and_imports_as_it_came(
    office: Office, tmp_path: Path
) -> None:
    formula = '=HYPERLINK("http://x")'
    path = write(tmp_path / "list.csv", [row(1, 客户姓名=formula, 手机="+86 19900000001", 年利率="")])
    report = import_overdue(office, path)
    assert report.rejected_file is not None
    (refused,) = read(report.rejected_file, "utf-8-sig")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in refused.values())
    assert "年利率" in refused["拒收原因"]

    refused |= {"年利率": "0.1", "客户姓名": "试一"}
    mended = import_overdue(office, write(report.rejected_file, [refused], "utf-8-sig"))
    assert (mended.taken, mended.warnings) == (1, [])
    assert cases(office)["5100000001"]["borrower"]["phones"][0]["number"] == "19900000001"


def test_the_rejected_file_goes_when_nothing_is_rejected_any_more(office: Office, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [row(1), row(2, 年利率="")])
    assert (beside := import_overdue(office, path).rejected_file) is not None and beside.exists()
    write(path, [row(1), row(2)])
    import_overdue(office, path)
    assert not beside.exists()


def test_a_folder_that_cannot_be_written_to_does_not_stop_the_import(office: Office, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [row(1), row(2, 年利率="")])
    # A folder in its place: even root cannot write a file there.
    (tmp_path / "list.csv.rejected.csv").mkdir()
    report = import_overdue(office, path)
    assert (report.taken, report.rejected_file, len(report.warnings)) == (1, None, 1)
    assert len(cases(office)) == 1
