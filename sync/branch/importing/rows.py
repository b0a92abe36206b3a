"""One row of an overdue list as a typed row, or the problems that keep it from being one.

What is impossible is a problem; what is merely missing (a telephone, a spouse, an end of the guarantee) is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from app.domain.message import Message
from sync.branch.importing import styles
from sync.branch.importing.report import Problem
from sync.branch.importing.sheet import Row
from sync.branch.importing.styles import Unreadable

T = TypeVar("T")

METHODS: Final = {
    "等额本息": "equal_instalments",
    "等额本金": "equal_principal",
    "先息后本": "interest_first",
    "按月付息到期还本": "interest_first",
    "按期付息到期还本": "interest_first",
    "阶段性等额本息": "equal_instalments",
    "到期还本付息": "bullet",
    "到期一次还本付息": "bullet",
    "一次性还本付息": "bullet",
    "利随本清": "bullet",
}
ROLES: Final = {
    "担保人": "guarantor",
    "保证人": "guarantor",
    "反担保人": "counter_guarantor",
    "联保小组成员": "joint_group_member",
    "联保成员": "joint_group_member",
    "联保人": "joint_group_member",
}
LIABILITIES: Final = {
    "连带责任": "joint",
    "连带责任保证": "joint",
    "连带保证": "joint",
    "一般责任": "general",
    "一般保证": "general",
    "一般保证责任": "general",
    "未约定": "unstated",
    "约定不明": "unstated",
}
# An instalment due on a holiday is due the working day after; the longest holidays are ten days.
HOLIDAY: Final = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class ListedGuarantor:
    """A guarantor as a row names them; `role` is empty where the file does not say."""

    name: str
    role: str
    liability: str
    phones: tuple[str, ...]
    address: str
    guarantee_ends: date | None
    relation: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A row that can be right. Money in CNY, rates as fractions; what the file leaves out is empty or None."""

    line: int
    contract_no: str
    customer_no: str
    name: str
    id_last4: str
    phones: tuple[str, ...]
    other_phones: tuple[str, ...]
    debtors: tuple[tuple[str, str, tuple[str, ...]], ...]
    business: str
    home: str
    town: str
    village: str
    occupation: str
    product: str
    group_no: str
    amount: Decimal
    disbursed_on: date
    maturity: date
    method: str
    annual_rate: Decimal
    penalty_uplift: Decimal | None
    principal: Decimal
    due_since: date
    overdue_principal: Decimal
    overdue_interest: Decimal
    penalty: Decimal
    instalment_due: Decimal | None
    account: str
    balance: Decimal | None
    guarantors: tuple[ListedGuarantor, ...]
    first_visit_on: date | None
    notice_served_on: date | None
    officer_id: str
    officer_name: str
    data_on: date

    @property
    def owed(self) -> Decimal:
        """补齐逾期: the three overdue parts."""
        return self.overdue_principal + self.overdue_interest + self.penalty

    @property
    def dpd(self) -> int:
        """Days past due on the day of the list."""
        return (self.data_on - self.due_since).days


class Cells:
    """The cells of one row, read one by one; what is wrong with them is collected in `problems`."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.problems: list[Problem] = []

    def raw(self, column: str) -> str:
        """The cell as it came; empty where the file has no such column."""
        return self.row.cells.get(column, "")

    def wrong(self, column: str, reason: Message) -> None:
        """Note a problem of a column."""
        self.problems.append(Problem(self.row.line, column, self.raw(column), reason))

    def must(self, column: str, read: Callable[[str], T]) -> T | None:
        """A cell the row cannot do without; None, and a problem, where it cannot be read."""
        if styles.is_blank(self.raw(column)):
            self.wrong(column, Message("It is empty."))
            return None
        return self._read(column, read)

    def may(self, column: str, read: Callable[[str], T]) -> T | None:
        """A cell that may be empty; None where it is, and also, with a problem, where it cannot be read."""
        return None if styles.says_nothing(self.raw(column)) else self._read(column, read)

    def _read(self, column: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(self.raw(column))
        except Unreadable as e:
            self.problems.append(Problem(self.row.line, column, self.raw(column), e.message))
            return None


def read_row(
    row: Row, products: Mapping[str, Any], officers: Mapping[str, str], data_on: date | None
) -> Listed | list[Problem]:
    """Read one row of the list of `data_on`. `products` is the setting, `officers` number → name."""
    if row.broken is not None:
        return [Problem(row.line, "", "", row.broken)]
    cells = Cells(row)
    found = _people(cells) | _loan(cells, products) | _amounts(cells) | _dates(cells)
    found["guarantors"] = _guarantors(cells)
    officer = cells.must("管户信贷员工号", styles.number)
    if officer is not None and (found_officer := registered(officer, officers)) is None:
        cells.wrong("管户信贷员工号", Message("Nobody registered this officer."))
    else:
        found["officer_id"] = found_officer if officer is not None else ""
    found["officer_name"] = cells.may("管户信贷员姓名", styles.words) or ""
    _check_amounts(cells, found)
    _check_days(cells, found, data_on)
    return cells.problems or Listed(line=row.line, **found)


def registered(officer: str, officers: Mapping[str, str]) -> str | None:
    """The officer's number as it was registered; upper and lower case are the same."""
    if officer in officers:
        return officer
    return next((known for known in officers if known.casefold() == officer.casefold()), None)


def _people(cells: Cells) -> dict[str, Any]:
    debtors = tuple(
        (role, name, cells.may(phone, styles.telephones) or ())
        for role, column, phone in (
            ("spouse", "配偶姓名", "配偶手机"),
            ("co_borrower", "共同借款人姓名", "共同借款人手机"),
        )
        if (name := _name_beside(cells, column, phone)) is not None
    )
    return {
        "contract_no": cells.must("合同编号", styles.number),
        "customer_no": cells.may("客户编号", styles.number) or "",
        "name": cells.must("客户姓名", styles.name),
        "id_last4": cells.may("身份证后四位", styles.id_last4) or "",
        "phones": cells.may("手机", styles.telephones) or (),
        "other_phones": cells.may("备用电话", styles.telephones) or (),
        "debtors": debtors,
        "business": cells.may("经营地址", styles.words) or "",
        "home": cells.may("家庭地址", styles.words) or "",
        "town": cells.may("乡镇", styles.words) or "",
        "village": cells.may("村组", styles.words) or "",
        "occupation": cells.may("经营项目", styles.words) or "",
    }


def _name_beside(cells: Cells, column: str, *details: str) -> str | None:
    """A name that may be missing, but not where there are details of that person."""
    name = cells.may(column, styles.name)
    if (
        name is None
        and styles.says_nothing(cells.raw(column))
        and any(not styles.says_nothing(cells.raw(detail)) for detail in details)
    ):
        cells.wrong(column, Message("The name is missing, but there are details of the person."))
    return name


def _loan(cells: Cells, products: Mapping[str, Any]) -> dict[str, Any]:
    product = cells.must("贷款产品", lambda cell: "".join(styles.words(cell).split()))
    if product is not None and product not in products:
        cells.wrong("贷款产品", Message("The branch's table of products does not have it."))
    return {
        "product": product,
        "group_no": cells.may("联保小组号", styles.number) or "",
        "method": cells.may("还款方式", lambda cell: styles.one_of(cell, METHODS)) or "",
        "annual_rate": cells.must("年利率", styles.rate),
        "penalty_uplift": cells.may("罚息上浮", styles.uplift),
        "account": cells.may("还款账号", styles.words) or "",
    }


def _amounts(cells: Cells) -> dict[str, Any]:
    return {
        "amount": cells.must("贷款金额", styles.money),
        "principal": cells.must("贷款余额", styles.money),
        "overdue_principal": cells.must("逾期本金", styles.money),
        "overdue_interest": cells.must("逾期利息", styles.money),
        "penalty": cells.must("罚息", styles.money),
        "instalment_due": cells.may("当期应还", styles.money),
        "balance": cells.may("账户余额", styles.money),
    }


def _dates(cells: Cells) -> dict[str, Any]:
    return {
        "disbursed_on": cells.must("放款日", styles.day),
        "maturity": cells.must("到期日", styles.day),
        "due_since": cells.must("最早未还应还日", styles.day),
        "first_visit_on": cells.may("首次上门日", styles.day),
        "notice_served_on": cells.may("通知书送达日", styles.day),
        "data_on": cells.must("数据日期", styles.day),
    }


def _guarantors(cells: Cells) -> tuple[ListedGuarantor, ...]:
    numbers = sorted({int(c.removeprefix("担保人")[:-2]) for c in cells.row.cells if _names_guarantor(c)})
    found: list[ListedGuarantor] = []
    for n in numbers:
        one = _guarantor(cells, f"担保人{n}")
        same = next((g for g in found if one and (g.name, g.phones) == (one.name, one.phones)), None)
        if one is not None and same is None:
            found.append(one)
    return tuple(found)


def _names_guarantor(column: str) -> bool:
    return column.startswith("担保人") and column.endswith("姓名")


def _guarantor(cells: Cells, of: str) -> ListedGuarantor | None:
    details = [of + what for what in ("类型", "责任方式", "手机", "地址", "保证期间届满日")]
    name = _name_beside(cells, of + "姓名", *details)
    made: dict[str, Any] = {
        "role": cells.may(of + "类型", lambda cell: styles.one_of(cell, ROLES)) or "",
        "liability": cells.may(of + "责任方式", lambda cell: styles.one_of(cell, LIABILITIES)) or "unstated",
        "phones": cells.may(of + "手机", styles.telephones) or (),
        "address": cells.may(of + "地址", styles.words) or "",
        "guarantee_ends": cells.may(of + "保证期间届满日", styles.day),
        "relation": cells.may(of + "关系", styles.words) or "",
    }
    disbursed = _silently(cells, "放款日")
    if made["guarantee_ends"] and disbursed and made["guarantee_ends"] < disbursed:
        cells.wrong(of + "保证期间届满日", Message("It is before the loan was disbursed."))
    return ListedGuarantor(name=name, **made) if name is not None else None


def _silently(cells: Cells, column: str) -> date | None:
    """A day whose own problems are noted where it is read first."""
    try:
        return styles.day(cells.raw(column))
    except Unreadable:
        return None


def _check_amounts(cells: Cells, found: Mapping[str, Any]) -> None:
    amount, principal, overdue = found["amount"], found["principal"], found["overdue_principal"]
    if amount is not None and amount == 0:
        cells.wrong("贷款金额", Message("The loan's amount cannot be nothing."))
    if amount and principal is not None and principal > amount:
        cells.wrong("贷款余额", Message("It is more than the loan's amount."))
    if principal is not None and overdue is not None and overdue > principal:
        cells.wrong("逾期本金", Message("It is more than the outstanding principal."))
    parts = (overdue, found["overdue_interest"], found["penalty"])
    if all(part == 0 for part in parts):
        cells.wrong("逾期本金", Message("Nothing is overdue in this row."))


def _check_days(cells: Cells, found: Mapping[str, Any], data_on: date | None) -> None:
    disbursed, maturity, due = found["disbursed_on"], found["maturity"], found["due_since"]
    own = found["data_on"]
    if own is not None and data_on is not None and own != data_on:
        cells.wrong("数据日期", Message("The other rows are of {day}.", {"day": data_on.isoformat()}))
    if disbursed and maturity and maturity <= disbursed:
        cells.wrong("到期日", Message("It is not after the day the loan was disbursed."))
    if disbursed and due and due <= disbursed:
        cells.wrong("最早未还应还日", Message("It is not after the day the loan was disbursed."))
    if maturity and due and maturity > (disbursed or maturity - HOLIDAY) and due > maturity + HOLIDAY:
        cells.wrong("最早未还应还日", Message("It is after the loan's maturity."))
    if own is None:
        return
    if disbursed and disbursed > own:
        cells.wrong("放款日", Message("It is after the day of the data."))
    for column, at in (("首次上门日", "first_visit_on"), ("通知书送达日", "notice_served_on")):
        if found[at] and found[at] > own:
            cells.wrong(column, Message("It is after the day of the data."))
        elif found[at] and disbursed and found[at] < disbursed:
            cells.wrong(column, Message("It is before the loan was disbursed."))
    _check_dpd(cells, due, own)


def _check_dpd(cells: Cells, due: date | None, own: date) -> None:
    said = cells.may("逾期天数", styles.days)
    if due is None:
        return
    if due >= own:
        cells.wrong(
            "最早未还应还日", Message("It is not before the day of the data: nothing is overdue yet.")
        )
    elif said is not None and said != (own - due).days:
        cells.wrong(
            "逾期天数",
            Message(
                "From the earliest unpaid due date to the day of the data it is {days} days.",
                {"days": str((own - due).days)},
            ),
        )
