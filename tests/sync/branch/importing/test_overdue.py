"""One day after another: versions, episodes, officers, and what a full list says of those missing from it."""

from pathlib import Path

import pytest

from sync.branch.importing.documents import canonical
from sync.branch.importing.errors import NeedsYes
from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.payments import import_payments
from sync.branch.importing.report import Report
from sync.branch.office import Office
from tests.sync.branch.importing.lists import (
    cases,
    everything,
    feeds,
    figures,
    next_day,
    row,
    statuses,
    versions,
    write,
)

ONE, TWO, THREE, FOUR = (row(n) for n in range(1, 5))
FIRST = "5100000001"


class Clerk:
    """Imports lists and payments made of rows."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office, self.folder = office, folder

    def lists(self, *rows: dict[str, str], full: bool = False, yes: bool = False) -> Report:
        path = write(self.folder / "list.csv", rows)
        return import_overdue(self.office, path, full_list=full, yes=yes)

    def payments(self, *paid: tuple[str, str, str]) -> Report:
        rows = [
            {"合同编号": FIRST, "还款日期": day, "还款金额": amount, "还款人": "试一", "流水号": serial}
            for day, amount, serial in paid
        ]
        return import_payments(self.office, write(self.folder / "paid.csv", rows))


@pytest.fixture
def clerk(office: Office, tmp_path: Path) -> Clerk:
    return Clerk(office, tmp_path)


def test_interest_and_penalty_move_only_the_figures(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO)
    assert clerk.lists(next_day(ONE), next_day(TWO)).taken == 2
    assert set(versions(clerk.office).values()) == {1}
    assert set(versions(clerk.office, "figures").values()) == {2}
    assert figures(clerk.office)[FIRST]["longest_dpd"] == 6


def test_another_style_of_the_same_value_changes_nothing(clerk: Clerk) -> None:
    clerk.lists(ONE)
    before = everything(clerk.office)
    restyled = ONE | {"手机": "+86 199-0000-0001", "贷款余额": "￥30,000.00元", "年利率": "14.58%", "到期日": "2027年1月31日", "担保人1手机": "１９９００００００１１"}  # fmt: skip
    assert clerk.lists(restyled).unchanged == 1
    assert everything(clerk.office) == before


def test_a_new_telephone_raises_that_case_alone(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO)
    clerk.lists(next_day(ONE, 手机="19900000099"), next_day(TWO))
    assert versions(clerk.office) == {FIRST: 2, "5100000002": 1}


def test_ids_are_stable_from_one_list_to_the_next(clerk: Clerk) -> None:
    two = {"担保人2姓名": "保一", "担保人2类型": "担保人", "担保人2手机": "19900000012"}
    swapped = {"担保人1手机": "19900000012", "担保人2姓名": "保一", "担保人2类型": "担保人", "担保人2手机": "19900000011"}  # fmt: skip
    clerk.lists(ONE | two | {"配偶姓名": "试二"})
    before = cases(clerk.office)[FIRST]
    clerk.lists(next_day(ONE) | two | swapped | {"配偶姓名": "试二", "配偶手机": "19900000002"})
    after = cases(clerk.office)[FIRST]

    def ids(case: dict[str, list[dict[str, object]]]) -> dict[str, object]:
        return {str(g["phones"]): g["guarantor_id"] for g in case["guarantors"]}

    assert after["case_id"] == before["case_id"]
    assert after["debtors"][0]["debtor_id"] == before["debtors"][0]["debtor_id"]
    assert ids(after) == ids(before)


def test_a_guarantor_missing_for_a_day_comes_back_as_the_same_person(clerk: Clerk) -> None:
    clerk.lists(ONE)
    before = cases(clerk.office)[FIRST]["guarantors"]
    nobody = {k: "" for k in ONE if k.startswith("担保人1")}
    clerk.lists(next_day(ONE, **nobody))
    assert cases(clerk.office)[FIRST]["guarantors"] == []
    clerk.lists(next_day(ONE))
    assert cases(clerk.office)[FIRST]["guarantors"] == before


def test_an_older_row_moves_nothing_back(clerk: Clerk) -> None:
    clerk.lists(next_day(ONE))
    before = everything(clerk.office)
    report = clerk.lists(ONE)
    assert (report.taken, report.unchanged, len(report.warnings)) == (0, 1, 1)
    assert everything(clerk.office) == before


def test_a_list_dated_a_year_ahead_by_mistake_does_not_block_the_right_ones(clerk: Clerk) -> None:
    ahead = ONE | {"数据日期": "2027-11-23", "逾期天数": "370"}
    assert len(clerk.lists(ahead).warnings) == 1
    assert clerk.lists(ONE).taken == 1
    assert figures(clerk.office)[FIRST]["as_of"] == "2026-11-23"


# --- officers ---


def test_a_case_that_moves_changes_both_officers_feeds(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO)
    clerk.lists(next_day(ONE, 管户信贷员工号="w002", 管户信贷员姓名="李国强"), next_day(TWO))
    moved, stayed = cases(clerk.office)[FIRST], cases(clerk.office)["5100000002"]
    assert (moved["assigned_to"], moved["assigned_on"]) == ("w002", "2026-11-24")
    assert (stayed["assigned_to"], stayed["assigned_on"]) == ("w001", "2026-11-23")
    held = feeds(clerk.office)
    assert {("case", moved["case_id"]), ("figures", moved["case_id"])} <= held["w002"]
    assert moved["case_id"] not in {i for _, i in held["w001"]}


def officer(number: str, name: str) -> dict[str, str]:
    return {"客户编号": "KH1", "管户信贷员工号": number, "管户信贷员姓名": name}


def test_one_customers_loans_go_to_the_first_rows_officer_with_a_warning(clerk: Clerk) -> None:
    report = clerk.lists(ONE | officer("w002", "李国强"), TWO | officer("w001", "赵敏"))
    assert report.taken == 2
    (warning,) = report.to_json()["warnings"]
    assert all(word in warning for word in (FIRST, "5100000002", "w001", "w002"))
    assert {c["assigned_to"] for c in cases(clerk.office).values()} == {"w002"}


def test_where_a_list_disagrees_the_officer_who_holds_the_customer_keeps_them(clerk: Clerk) -> None:
    clerk.lists(ONE | officer("w001", "赵敏"))
    report = clerk.lists(TWO | officer("w002", "李国强"))
    assert len(report.warnings) == 1
    assert {c["assigned_to"] for c in cases(clerk.office).values()} == {"w001"}


def test_a_list_that_gives_all_of_a_customers_loans_to_another_moves_them(clerk: Clerk) -> None:
    clerk.lists(ONE | officer("w001", "赵敏"), TWO | officer("w001", "赵敏"))
    report = clerk.lists(ONE | officer("w002", "李国强"), TWO | officer("w002", "李国强"))
    assert report.warnings == []
    assert {c["assigned_to"] for c in cases(clerk.office).values()} == {"w002"}


def test_a_loan_in_watch_follows_its_customer(clerk: Clerk) -> None:
    clerk.lists(ONE | officer("w001", "赵敏"), TWO | officer("w001", "赵敏"), THREE)
    clerk.payments(("2026-11-24", "5000", "L1"))
    clerk.lists(next_day(TWO) | officer("w001", "赵敏"), next_day(THREE), full=True)
    clerk.lists(next_day(TWO) | officer("w002", "李国强"), next_day(THREE))
    assert statuses(clerk.office)[FIRST] == "watch"
    assert cases(clerk.office)[FIRST]["assigned_to"] == "w002"


# --- full lists ---


def test_a_case_gone_is_repaid_when_payments_cover_it_to_a_yuan(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO, THREE, FOUR)
    clerk.payments(("2026-11-24", "4304.25", "L1"))  # 4305.25 was owed
    report = clerk.lists(*map(next_day, (TWO, THREE, FOUR)), full=True)
    assert report.counts == {"reopened": 0, "watch": 1, "off_list": 0}
    assert cases(clerk.office)[FIRST]["status_since"] == "2026-11-24"


@pytest.mark.parametrize("paid", [("2026-11-24", "4304.24", "L1"), ("2026-11-23", "9999.00", "L1")])
def test_a_payment_too_small_or_counted_by_the_last_list_already_explains_nothing(
    clerk: Clerk, paid: tuple[str, str, str]
) -> None:
    clerk.lists(ONE, TWO, THREE, FOUR)
    clerk.payments(paid)
    clerk.lists(*map(next_day, (TWO, THREE, FOUR)), full=True)
    assert statuses(clerk.office)[FIRST] == "off_list"


def test_a_case_off_the_list_is_judged_again_when_its_payment_arrives(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO, THREE, FOUR)
    clerk.lists(*map(next_day, (TWO, THREE, FOUR)), full=True)
    assert statuses(clerk.office)[FIRST] == "off_list"
    assert clerk.payments(("2026-11-24", "4305.25", "L1")).counts == {"watch": 1}
    assert statuses(clerk.office)[FIRST] == "watch"


def test_a_list_that_is_not_full_says_nothing_of_those_missing(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO)
    clerk.lists(next_day(TWO))
    assert statuses(clerk.office)[FIRST] == "open"


def test_a_rejected_row_with_a_readable_contract_is_still_on_the_list(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO, THREE, FOUR)
    clerk.lists(next_day(ONE, 贷款余额="八万"), *map(next_day, (TWO, THREE, FOUR)), full=True)
    assert statuses(clerk.office)[FIRST] == "open"


def test_a_full_list_that_lacks_more_than_a_third_stops_and_asks(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO, THREE)
    before = everything(clerk.office)
    with pytest.raises(NeedsYes) as stopped:
        clerk.lists(next_day(THREE), full=True)
    assert stopped.value.message.params == {"gone": "2", "open": "3"}
    assert everything(clerk.office) == before

    assert clerk.lists(next_day(THREE), full=True, yes=True).counts["off_list"] == 2


def test_a_third_may_go_unasked(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO, THREE)
    assert clerk.lists(next_day(TWO), next_day(THREE), full=True).counts["off_list"] == 1


def test_a_repaid_case_on_the_list_again_is_open_in_a_new_episode(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO, THREE, FOUR)
    clerk.payments(("2026-11-24", "4305.25", "L1"))
    clerk.lists(*map(next_day, (TWO, THREE, FOUR)), full=True)
    again = {"数据日期": "2026-12-05", "最早未还应还日": "2026-12-01", "逾期天数": "4"}
    report = clerk.lists(ONE | again)
    case = cases(clerk.office)[FIRST]
    assert report.counts["reopened"] == 1
    assert (case["status"], case["status_since"], case["episode_start"]) == (
        "open",
        "2026-12-05",
        "2026-12-01",
    )
    assert figures(clerk.office)[FIRST]["longest_dpd"] == 4
    assert case["payments"][0]["payment_id"] == "L1"


def test_a_case_off_the_list_that_comes_back_goes_on_in_the_same_episode(clerk: Clerk) -> None:
    clerk.lists(ONE, TWO, THREE, FOUR)
    clerk.lists(*map(next_day, (TWO, THREE, FOUR)), full=True)
    again = {"数据日期": "2026-11-25", "最早未还应还日": "2026-11-20", "逾期天数": "5"}
    clerk.lists(ONE | again)
    case = cases(clerk.office)[FIRST]
    assert (case["status"], case["episode_start"]) == ("open", "2026-11-18")


def test_a_loan_paid_up_between_two_partial_lists_starts_anew(clerk: Clerk) -> None:
    clerk.lists(ONE)
    clerk.payments(("2026-11-24", "4305.25", "L1"))
    clerk.lists(ONE | {"数据日期": "2026-12-05", "最早未还应还日": "2026-12-01", "逾期天数": "4"})
    assert cases(clerk.office)[FIRST]["episode_start"] == "2026-12-01"


def test_what_others_wrote_into_a_case_stays(clerk: Clerk) -> None:
    clerk.lists(ONE)
    case_id = cases(clerk.office)[FIRST]["case_id"]
    decision = {"what": "refused", "why": "试", "by": "主管", "on": "2026-11-23"}
    with clerk.office.changing() as changes:
        changes.store("case", {case_id: canonical(cases(clerk.office)[FIRST] | {"decisions": [decision]})})
    clerk.lists(next_day(ONE, 手机="19900000099"))
    assert cases(clerk.office)[FIRST]["decisions"] == [decision]
