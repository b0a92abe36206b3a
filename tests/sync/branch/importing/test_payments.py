from datetime import date
from pathlib import Path

import pytest

from sync.branch.importing.errors import NotAList, NotYet
from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.payments import import_payments
from sync.branch.importing.places import import_places
from sync.branch.importing.rejected import rejected_path
from sync.branch.office import Office
from tests.sync.branch.importing.lists import cases, everything, figures, read, row, versions, write

FIRST = "5100000001"


def paid(serial: str = "L1", **cells: str) -> dict[str, str]:
    sound = {
        "合同编号": FIRST,
        "还款日期": "20261124",
        "还款金额": "1,000.00",
        "还款人": "试一",
        "流水号": serial,
    }
    return sound | cells


@pytest.fixture
def listed(office: Office, tmp_path: Path) -> Office:
    """Two cases, the first with a spouse and a guarantor."""
    import_overdue(office, write(tmp_path / "list.csv", [row(1, 配偶姓名="试二"), row(2)]))
    return office


def test_a_payment_is_kept_with_its_payer(listed: Office, tmp_path: Path) -> None:
    payers = ("试一", "试二", "保一")
    rows = [paid(f"L{n}", 还款人=name) for n, name in enumerate(payers)]
    report = import_payments(listed, write(tmp_path / "paid.csv", rows))
    case = cases(listed)[FIRST]
    assert (report.taken, report.warnings) == (3, [])
    assert [p["payer"] for p in case["payments"]] == [
        "borrower",
        case["debtors"][0]["debtor_id"],
        case["guarantors"][0]["guarantor_id"],
    ]
    assert case["payments"][0] == {
        "payment_id": "L0",
        "date": "2026-11-24",
        "amount": "1000.00",
        "payer": "borrower",
    }


def test_money_from_somebody_else_counts_and_is_told(listed: Office, tmp_path: Path) -> None:
    report = import_payments(listed, write(tmp_path / "paid.csv", [paid(还款人="路人")]))
    assert (report.taken, report.rejected, len(report.warnings)) == (1, [], 1)
    assert cases(listed)[FIRST]["payments"][0]["payer"] == "other:路人"


def test_money_that_names_nobody_is_the_borrowers(listed: Office, tmp_path: Path) -> None:
    report = import_payments(listed, write(tmp_path / "paid.csv", [paid(还款人="")]))
    assert (report.taken, report.warnings) == (1, [])
    assert cases(listed)[FIRST]["payments"][0]["payer"] == "borrower"


def test_the_same_file_twice_changes_nothing(listed: Office, tmp_path: Path) -> None:
    path = write(tmp_path / "paid.csv", [paid("L1"), paid("L2"), paid("L2")])
    assert (first := import_payments(listed, path)).taken == 2
    assert first.unchanged == 1
    before = everything(listed)
    assert import_payments(listed, path).unchanged == 3
    assert everything(listed) == before


def test_the_data_is_complete_up_to_the_last_day_for_all_cases(listed: Office, tmp_path: Path) -> None:
    before = versions(listed)
    import_payments(listed, write(tmp_path / "paid.csv", [paid("L1"), paid("L2", 还款日期="2026-11-22")]))
    assert {f["payments_cover"] for f in figures(listed).values()} == {"2026-11-24"}
    assert versions(listed)["5100000002"] == before["5100000002"]


def test_covers_says_so_where_the_file_cannot(listed: Office, tmp_path: Path) -> None:
    empty = tmp_path / "paid.csv"
    empty.write_bytes("合同编号,还款日期,还款金额,还款人,流水号\n".encode("gb18030"))
    assert len(import_payments(listed, empty).warnings) == 1
    assert {f["payments_cover"] for f in figures(listed).values()} == {None}
    import_payments(listed, empty, covers=date(2026, 11, 25))
    assert {f["payments_cover"] for f in figures(listed).values()} == {"2026-11-25"}
    # An older file does not make the data less complete, and a new case learns how far it reaches.
    import_payments(listed, write(tmp_path / "paid.csv", [paid()]))
    import_overdue(listed, write(tmp_path / "list.csv", [row(3)]))
    assert {f["payments_cover"] for f in figures(listed).values()} == {"2026-11-25"}


def test_no_promise_is_called_broken_for_a_payment_known_to_be_missing(
    listed: Office, tmp_path: Path
) -> None:
    rows = [paid("L1", 还款金额="一千"), paid("L2", 合同编号="5100000002")]
    path = write(tmp_path / "paid.csv", rows)
    report = import_payments(listed, path)
    assert [(p.line, p.column) for p in report.rejected] == [(2, "还款金额")]
    assert {c: f["payments_cover"] for c, f in figures(listed).items()} == {
        FIRST: None,
        "5100000002": "2026-11-24",
    }

    assert report.rejected_file is not None
    import_payments(listed, write(path, [paid("L1")]))
    assert {f["payments_cover"] for f in figures(listed).values()} == {"2026-11-24"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("合同编号", "5100000077"),
        ("合同编号", ""),
        ("还款日期", "2026-11-31"),
        ("还款日期", "2027-11-24"),
        ("还款日期", "1995-11-24"),
        ("还款金额", "0"),
        ("还款金额", "-5"),
        ("还款金额", ""),
        ("流水号", ""),
        ("流水号", "L9"),
    ],
)
def test_an_impossible_payment_is_rejected_alone(
    listed: Office, tmp_path: Path, column: str, value: str
) -> None:
    import_payments(listed, write(tmp_path / "before.csv", [paid("L9", 还款金额="7.00")]))
    report = import_payments(
        listed, write(tmp_path / "paid.csv", [paid("L1", **{column: value}), paid("L2")])
    )
    assert [(p.line, p.column, p.value) for p in report.rejected] == [(2, column, value)]
    assert (report.taken, report.exit_code) == (1, 2)


def test_a_payment_from_before_the_contract_was_paid_out_again_counts_and_is_told(
    listed: Office, tmp_path: Path
) -> None:
    path = write(tmp_path / "paid.csv", [paid(还款日期="2025-12-20")])
    report = import_payments(listed, path)
    assert (report.taken, report.exit_code) == (1, 0)
    assert [w.params["day"] for w in report.warnings] == ["2025-12-20"]
    assert [p["date"] for p in cases(listed)[FIRST]["payments"]] == ["2025-12-20"]
    assert import_payments(listed, path).unchanged == 1


def test_the_data_cannot_be_complete_up_to_a_day_that_has_not_come(listed: Office, tmp_path: Path) -> None:
    before = everything(listed)
    with pytest.raises(NotYet):
        import_payments(listed, write(tmp_path / "paid.csv", [paid()]), covers=date(2027, 11, 24))
    assert everything(listed) == before


def test_a_list_is_no_payments_file(listed: Office, tmp_path: Path) -> None:
    before = everything(listed)
    with pytest.raises(NotAList):
        import_payments(listed, write(tmp_path / "list.csv", [row(1)]))
    assert everything(listed) == before


def place(contract: str = FIRST, lat: str = "32.2", lon: str = "106.7", source: str = "") -> dict[str, str]:
    return {"合同编号": contract, "纬度": lat, "经度": lon, "来源": source}


@pytest.mark.parametrize(
    ("lat", "lon", "column"),
    [("106.7", "32.2", "纬度"), ("0", "0", "纬度"), ("32.2", "181", "经度"), ("三十二", "106.7", "纬度"), ("", "106.7", "纬度"), ("nan", "106.7", "纬度"), ("32,2", "106.7", "纬度")],
)  # fmt: skip
def test_a_position_that_cannot_be_is_rejected(
    listed: Office, tmp_path: Path, lat: str, lon: str, column: str
) -> None:
    report = import_places(
        listed, write(tmp_path / "places.csv", [place(lat=lat, lon=lon), place("5100000002")])
    )
    assert {(p.line, p.column) for p in report.rejected} >= {(2, column)}
    assert report.taken == 1


def test_a_position_with_all_the_digits_of_a_program_is_one(listed: Office, tmp_path: Path) -> None:
    places = [{"合同编号": "5100000001", "纬度": "32.272996000000003", "经度": "106.76730199999999"}]
    assert import_places(listed, write(tmp_path / "places.csv", places)).taken == 1


def test_of_two_positions_of_a_contract_the_first_stands_however_often_either_file_comes(
    listed: Office, tmp_path: Path
) -> None:
    path = write(tmp_path / "places.csv", [place(), place(lat="32.3"), place("5100000002")])
    assert (import_places(listed, path).taken, rejected_path(path).exists()) == (2, True)
    before = everything(listed)
    for _ in range(2):
        assert (r := import_places(listed, rejected_path(path))).taken == 0
        assert [p.column for p in r.rejected] == ["合同编号"]
        assert (import_places(listed, path).taken, everything(listed)) == (0, before)

    (refused,) = read(rejected_path(path), "utf-8-sig")
    mended = write(tmp_path / "mended.csv", [refused | {"拒收原因": ""}], "utf-8-sig")
    assert import_places(listed, mended).taken == 1


def test_a_position_waits_for_its_contract(listed: Office, tmp_path: Path) -> None:
    report = import_places(listed, write(tmp_path / "places.csv", [place("5100000003")]))
    assert (report.taken, len(report.warnings)) == (1, 1)
    import_overdue(listed, write(tmp_path / "list.csv", [row(3)]))
    assert cases(listed)["5100000003"]["borrower"]["addresses"][0]["lat"] == 32.2
