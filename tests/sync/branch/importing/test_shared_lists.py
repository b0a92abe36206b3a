"""The lists of a branch and of a guarantee company, both days."""

import shutil
from pathlib import Path

import pytest

from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.payments import import_payments
from sync.branch.importing.places import import_places
from sync.branch.office import Office
from tests.sync.branch.importing.lists import (
    BANK,
    COMPANY,
    cases,
    everything,
    feeds,
    figures,
    read,
    statuses,
    versions,
    write,
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The lists where a clerk has them: in a folder that can be written to."""
    for source in (BANK, COMPANY):
        folder = tmp_path / source.name
        folder.mkdir()
        for file in source.glob("*.csv"):
            shutil.copy(file, folder / file.name)
    return tmp_path


def bank(here: Path, name: str) -> Path:
    return here / BANK.name / name


def company(here: Path, name: str) -> Path:
    return here / COMPANY.name / name


def test_the_branchs_list_is_taken_but_for_the_five_rows_that_cannot_be_right(
    office: Office, here: Path
) -> None:
    report = import_overdue(office, bank(here, "overdue_2026-11-23.csv"), full_list=True)

    assert (report.taken, report.unchanged, report.exit_code) == (116, 0, 2)
    assert [(p.line, p.column, p.value) for p in report.rejected] == [
        (37, "管户信贷员工号", "w999"),
        (49, "最早未还应还日", "2026-13-45"),
        (72, "贷款余额", "八万"),
        (85, "合同编号", ""),
        (122, "合同编号", "51072026000001"),
    ]
    assert report.warnings == []
    assert len(cases(office)) == 116
    assert cases(office)["51072026000001"]["borrower"]["name"] == "孟敏辉"


def test_the_companys_lists_are_taken_whole(office: Office, here: Path) -> None:
    first = import_overdue(office, company(here, "overdue_2026-11-23.csv"), full_list=True)
    paid = import_payments(office, company(here, "payments_2026-11-24.csv"))
    second = import_overdue(office, company(here, "overdue_2026-11-24.csv"), full_list=True)

    assert (first.taken, first.exit_code) == (40, 0)
    assert (paid.taken, paid.exit_code) == (4, 0)
    assert (second.taken, second.exit_code) == (41, 0)
    assert second.counts == {"reopened": 0, "watch": 3, "off_list": 0}
    assert {c["procedure"] for c in cases(office).values()} == {"guarantee_company"}
    assert {g["role"] for c in cases(office).values() for g in c["guarantors"]} == {"counter_guarantor"}


def test_a_guarantor_who_paid_is_named_by_their_id(office: Office, here: Path) -> None:
    import_overdue(office, company(here, "overdue_2026-11-23.csv"))
    import_payments(office, company(here, "payments_2026-11-24.csv"))

    case = cases(office)["DB082026000005"]
    (payer,) = {p["payer"] for p in case["payments"]}
    assert [g["name"] for g in case["guarantors"] if g["guarantor_id"] == payer] == ["赵敏堃"]


@pytest.mark.parametrize("list_file", ["overdue_2026-11-23.csv", "overdue_2026-11-24.csv"])
def test_the_same_list_twice_changes_nothing(office: Office, here: Path, list_file: str) -> None:
    first = import_overdue(office, bank(here, list_file), full_list=True)
    before = everything(office)
    second = import_overdue(office, bank(here, list_file), full_list=True)

    assert (second.taken, second.unchanged) == (0, first.taken)
    assert everything(office) == before


def test_the_next_days_list_moves_all_figures_but_only_cases_that_changed(office: Office, here: Path) -> None:
    import_overdue(office, bank(here, "overdue_2026-11-23.csv"), full_list=True)
    import_payments(office, bank(here, "payments_2026-11-24.csv"))
    before, figures_before = versions(office), versions(office, "figures")
    report = import_overdue(office, bank(here, "overdue_2026-11-24.csv"), full_list=True)
    after, figures_after = versions(office), versions(office, "figures")

    assert (report.taken, report.exit_code) == (113, 0)
    risen = {contract for contract in before if after[contract] > before[contract]}
    gone = {contract for contract, status in statuses(office).items() if status in ("watch", "off_list")}
    assert len(gone) == 11
    # Only styles differ in what the second file says of the cases themselves.
    assert risen == gone
    assert all(figures_after[c] == figures_before[c] + 1 for c in before if c not in gone)
    assert all(figures_after[c] == figures_before[c] for c in gone)


def test_loans_gone_from_the_full_list_are_repaid_or_off_the_list(office: Office, here: Path) -> None:
    import_overdue(office, bank(here, "overdue_2026-11-23.csv"), full_list=True)
    import_payments(office, bank(here, "payments_2026-11-24.csv"))
    report = import_overdue(office, bank(here, "overdue_2026-11-24.csv"), full_list=True)

    by_status: dict[str, set[str]] = {}
    for contract, status in statuses(office).items():
        by_status.setdefault(status, set()).add(contract[-3:])
    assert by_status["off_list"] == {"026"}
    assert by_status["watch"] == {"004", "016", "039", "043", "052", "066", "080", "083", "114", "120"}
    assert report.counts == {"reopened": 0, "watch": 10, "off_list": 1}


def test_the_order_of_list_and_payments_makes_no_difference(office: Office, here: Path) -> None:
    import_overdue(office, bank(here, "overdue_2026-11-23.csv"), full_list=True)
    import_overdue(office, bank(here, "overdue_2026-11-24.csv"), full_list=True)
    assert "watch" not in statuses(office).values()
    report = import_payments(office, bank(here, "payments_2026-11-24.csv"))

    assert (report.taken, report.rejected, report.counts) == (17, [], {"watch": 10})
    assert [c for c, status in statuses(office).items() if status == "off_list"] == ["51072026000026"]
    assert {c["status_since"] for c in cases(office).values() if c["status"] == "watch"} == {"2026-11-24"}


def test_a_part_payment_moves_the_figures_and_leaves_the_episode(office: Office, here: Path) -> None:
    import_overdue(office, company(here, "overdue_2026-11-23.csv"))
    started = cases(office)["DB082026000004"]["episode_start"]
    import_overdue(office, company(here, "overdue_2026-11-24.csv"))

    assert figures(office)["DB082026000004"]["due_since"] == "2025-11-19"
    assert figures(office)["DB082026000004"]["longest_dpd"] == 400
    assert cases(office)["DB082026000004"]["episode_start"] == started == "2025-10-19"


def test_the_rejected_rows_mended_are_taken(office: Office, here: Path) -> None:
    listed = bank(here, "overdue_2026-11-23.csv")
    report = import_overdue(office, listed, full_list=True)
    assert report.rejected_file == listed.with_name("overdue_2026-11-23.csv.rejected.csv")
    rows = read(report.rejected_file, "utf-8-sig")
    assert [r["客户姓名"] for r in rows if r["合同编号"] == "51072026000001"] == ["重复合同"]

    rows[0]["管户信贷员工号"] = "w002"
    rows[1]["最早未还应还日"] = "2026-10-24"
    rows[2]["贷款余额"] = "8,000.00"
    rows[3]["合同编号"] = "51072026000084"
    rows[4]["合同编号"] = "51072026009999"
    mended = write(here / "mended.csv", rows, "utf-8-sig")

    assert (again := import_overdue(office, mended)).rejected == []
    assert again.taken == 5
    assert not (here / "mended.csv.rejected.csv").exists()
    assert len(cases(office)) == 121


def test_a_rejected_row_imported_again_as_it_is_takes_no_other_rows_place(office: Office, here: Path) -> None:
    report = import_overdue(office, bank(here, "overdue_2026-11-23.csv"), full_list=True)
    before = cases(office)
    for _ in range(2):  # the second time it comes out of the file the first one left
        report = import_overdue(office, report.rejected_file or here)
        assert (report.taken, report.unchanged, report.rejected_rows) == (0, 0, 5)
        assert cases(office) == before

    rows = read(report.rejected_file or here, "utf-8-sig")
    assert rows[4]["客户姓名"] == "重复合同"
    right = write(here / "right.csv", [rows[4] | {"拒收原因": ""}], "utf-8-sig")
    assert import_overdue(office, right).taken == 1


def test_positions_go_to_the_place_of_business_and_survive_later_lists(office: Office, here: Path) -> None:
    import_overdue(office, bank(here, "overdue_2026-11-23.csv"))
    report = import_places(office, bank(here, "places.csv"))
    assert (report.taken + report.unchanged, report.rejected) == (80, [])
    import_overdue(office, bank(here, "overdue_2026-11-24.csv"))

    business, home = cases(office)["51072026000001"]["borrower"]["addresses"]
    assert (business["kind"], business["lat"], business["lon"]) == ("business", 32.272996, 106.767302)
    assert (business["source"], home["lat"]) == ("上次外访", None)
    before = everything(office)
    assert import_places(office, bank(here, "places.csv")).taken == 0
    assert everything(office) == before


def test_every_officer_is_fed_their_own_cases_with_figures(office: Office, here: Path) -> None:
    import_overdue(office, bank(here, "overdue_2026-11-23.csv"))
    held = cases(office).values()
    for officer, items in feeds(office).items():
        own = {c["case_id"] for c in held if c["assigned_to"] == officer}
        assert {i for kind, i in items if kind == "case"} == own
        assert {i for kind, i in items if kind == "figures"} == own


def test_yesterdays_list_after_todays_takes_nothing_back(office: Office, here: Path) -> None:
    import_overdue(office, bank(here, "overdue_2026-11-24.csv"), full_list=True)
    before = figures(office)
    report = import_overdue(office, bank(here, "overdue_2026-11-23.csv"), full_list=True)

    assert {c: d for c, d in figures(office).items() if c in before} == before
    assert len(report.warnings) == 1
    # Loans only yesterday's list has are known from now on, and known to be off today's.
    assert {s for c, s in statuses(office).items() if c not in before} == {"off_list"}
