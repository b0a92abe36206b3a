"""Values that can be right each by itself and cannot be right together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from app.domain.message import Message
from sync.branch.importing import styles
from sync.branch.importing.cells import Cells

# An instalment due on a holiday is due the working day after; the longest holidays are ten days.
HOLIDAY: Final = timedelta(days=15)


def check_amounts(cells: Cells, found: Mapping[str, Any]) -> None:
    """Note amounts that contradict each other."""
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


def check_days(cells: Cells, found: Mapping[str, Any], data_on: date | None) -> None:
    """Note days that contradict each other, the list's day `data_on` or 逾期天数."""
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
