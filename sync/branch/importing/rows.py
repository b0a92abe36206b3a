"""One row of an overdue list as a typed row, or the problems that keep it from being one.

What is impossible is a problem; what is merely missing (a telephone, a spouse, an end of the guarantee) is absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.domain.message import Message
from sync.branch.importing import styles
from sync.branch.importing.cells import Cells
from sync.branch.importing.checks import check_amounts, check_days
from sync.branch.importing.report import Problem
from sync.branch.importing.sheet import Row
from sync.branch.importing.styles import Unreadable
from sync.branch.officers import registered

METHODS: Final = {
    "等额本息": "equal_instalments",
    "等额本金": "equal_principal",
    "先息后本": "interest_first",
    "按月付息到期还本": "interest_first",
    "按季付息到期还本": "interest_first",
    "按期付息到期还本": "interest_first",
    "按月结息到期还本": "interest_first",
    "按季结息到期还本": "interest_first",
    "按月还息到期还本": "interest_first",
    "按季还息到期还本": "interest_first",
    "阶段性等额本息": "equal_instalments",
    "按月等额本息": "equal_instalments",
    "按月等额本金": "equal_principal",
    "到期还本付息": "bullet",
    "到期一次还本付息": "bullet",
    "到期一次性还本付息": "bullet",
    "一次还本付息": "bullet",
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
    "连带保证责任": "joint",
    "连带": "joint",
    "一般责任": "general",
    "一般保证": "general",
    "一般保证责任": "general",
    "一般": "general",
    "未约定": "unstated",
    "约定不明": "unstated",
}


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
    check_amounts(cells, found)
    check_days(cells, found, data_on)
    return cells.problems or Listed(line=row.line, **found)


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
        "name": cells.must("客户姓名", styles.person),
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
    name = cells.may(column, styles.person)
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
        "account": cells.may("还款账号", styles.number) or "",
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
        for one in _guarantors_of(cells, f"担保人{n}"):
            if all((g.name, g.phones) != (one.name, one.phones) for g in found):
                found.append(one)
    return tuple(found)


def _names_guarantor(column: str) -> bool:
    return column.startswith("担保人") and column.endswith("姓名")


def _guarantors_of(cells: Cells, of: str) -> Iterator[ListedGuarantor]:
    """The guarantor of one set of columns, or several who stand in one cell, each with their own part of the others."""
    names = styles.names(cells.raw(of + "姓名"))
    if len(names) < 2:
        details = [of + what for what in ("类型", "责任方式", "手机", "地址", "保证期间届满日")]
        name = _name_beside(cells, of + "姓名", *details)
        made = _guarantor(cells, of)
        return iter(() if name is None else (ListedGuarantor(name=name, **made),))
    each = [
        cells.part({of + what: part for what, part in parts.items()})
        for parts in _shared_out(cells, of, names)
    ]
    read = [(one.must(of + "姓名", styles.name), _guarantor(one, of)) for one in each]
    for problem in (p for one in each for p in one.problems):
        whole = replace(problem, value=cells.raw(problem.column))
        cells.problems += [] if whole in cells.problems else [whole]
    return (ListedGuarantor(name=name, **made) for name, made in read if name is not None)


def _shared_out(cells: Cells, of: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """What of a set of columns is each one's: one part a name, or, of what people can share, one for all."""
    columns = {"姓名": list(names)}
    for what in ("类型", "责任方式", "手机", "地址", "保证期间届满日", "关系"):
        parts = styles.several(cells.raw(of + what))
        if len(parts) == 1 and what not in ("手机", "地址"):
            parts *= len(names)
        if len(parts) not in (0, len(names)):
            cells.wrong(
                of + what,
                Message(
                    "There are {people} names in one cell and {parts} parts here: it is not clear whose they are.",
                    {"people": str(len(names)), "parts": str(len(parts))},
                ),
            )
            parts = []
        columns[what] = parts or [""] * len(names)
    return (dict(zip(columns, parts, strict=True)) for parts in zip(*columns.values(), strict=True))


def _guarantor(cells: Cells, of: str) -> dict[str, Any]:
    """All but the name."""
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
    return made


def _silently(cells: Cells, column: str) -> date | None:
    """A day whose own problems are noted where it is read first."""
    try:
        return styles.day(cells.raw(column))
    except Unreadable:
        return None
