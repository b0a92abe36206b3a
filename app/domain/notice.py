"""催收函／通知书: the notice to one addressee, filled in from the case and the day's figures.

The phone shows and records it, the branch prints it: both from here, so that number and words are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.domain.ageing import days_past_due
from app.domain.amounts import in_capitals, penalty_of_days
from app.domain.procedure import Procedure
from app.domain.records import BORROWER, Case, Figures

LETTER_DAYS: Final = (7, 30)  # 再拖 7 天／30 天约增罚息
# A branch's own words: `notice_text` and `guarantor_notice_text` of its procedure, with procedure.NOTICE_GAPS.
_TO_DEBTOR: Final = (
    "{to}：",
    "您于 {disbursed} 与我行（社、公司）签订的合同（编号 {contract_no}）项下贷款 {loan}，自 {due_since} 起未按约定还款，截至 {as_of} 已逾期 {days} 天。",
    "截至该日，您应补齐逾期款项合计 {amount}（大写：{capitals}），其中：本金 {principal}，利息 {interest}，罚息 {penalty}。具体金额以还款当日柜面为准。",
    "请您自收到本函之日起立即将上述款项存入尾号 {account_tail} 的本人还款账户。逾期期间罚息继续计收：再拖 7 天约增罚息 {penalty_7}，再拖 30 天约增罚息 {penalty_30}。",
    "逾期信息将报送征信系统，影响您今后的贷款。如仍不履行，我方将依法采取包括诉讼在内的措施，由此产生的费用依法由您承担。",
    "请勿将现金交付任何工作人员，也不要转入个人账户。",
)
_TO_GUARANTOR: Final = (
    "{to}：",
    "您作为{role}，为借款人 {borrower} 与我行（社、公司）签订的合同（编号 {contract_no}）项下贷款 {loan} 提供担保。该贷款自 {due_since} 起未按约定还款，截至 {as_of} 已逾期 {days} 天。",
    "截至该日，借款人应补齐逾期款项合计 {amount}（大写：{capitals}），其中：本金 {principal}，利息 {interest}，罚息 {penalty}。具体金额以还款当日柜面为准。",
    "现依法要求您履行担保责任，督促借款人还款，或替其将上述款项存入尾号 {account_tail} 的还款账户。罚息继续计收：再拖 7 天约增 {penalty_7}，再拖 30 天约增 {penalty_30}。",
    "如仍不履行，我方将依法采取包括诉讼在内的措施。请勿将现金交付任何工作人员，也不要转入个人账户。",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One notice: `addressee` a party, `to` their name, `amount_claimed` CNY as of `as_of`, `parts` principal, interest
    and penalty of it; `paragraphs` in Chinese."""

    title: str
    number: str
    addressee: str
    to: str
    paragraphs: tuple[str, ...]
    amount_claimed: Decimal
    parts: tuple[Decimal, Decimal, Decimal]
    as_of: date
    on: date


def notice_number(case: Case, addressee: str, on: date) -> str:
    """Contract, day and addressee (0 the borrower, then debtors and guarantors in the case's order).

    Made without asking anybody, and the same on the phone and on the branch's print of that day.
    """
    parties = [BORROWER, *(d.debtor_id for d in case.debtors), *(g.guarantor_id for g in case.guarantors)]
    place = parties.index(addressee) if addressee in parties else len(parties)
    return f"{case.contract_no}-{on:%Y%m%d}-{place}"


def letter(case: Case, figures: Figures, procedure: Procedure, addressee: str, on: date) -> Letter:
    """The notice to `addressee`, dated `on`. Amounts are the figures' own, as of their day, never computed ahead."""
    guarantor = case.guarantor(addressee)
    to = case.party_name(addressee) or addressee.removeprefix("other:")
    as_of = figures.as_of or on
    amount = figures.amount_due
    title = procedure.notice_title["zh"]
    gaps: Mapping[str, Any] = {
        "to": to,
        "borrower": case.borrower.name,
        "role": procedure.guarantor_title["zh"],
        "contract_no": case.contract_no,
        "loan": _yuan(case.loan.amount),
        "disbursed": _day(case.loan.disbursed_on),
        "due_since": _day(figures.due_since),
        "as_of": _day(as_of),
        "days": days_past_due(case, figures, as_of),
        "amount": _yuan(amount),
        "capitals": in_capitals(amount),
        "principal": _yuan(figures.overdue_principal),
        "interest": _yuan(figures.overdue_interest),
        "penalty": _yuan(figures.penalty_interest),
        "account_tail": case.loan.account_tail or "——",
        "penalty_7": _yuan(penalty_of_days(case, figures, LETTER_DAYS[0])),
        "penalty_30": _yuan(penalty_of_days(case, figures, LETTER_DAYS[1])),
        "title": title,
        "on": _day(on),
    }
    template = (
        (procedure.notice_text or _TO_DEBTOR)
        if guarantor is None
        else (procedure.guarantor_notice_text or _TO_GUARANTOR)
    )
    return Letter(
        title=title,
        number=notice_number(case, addressee, on),
        addressee=addressee,
        to=to,
        paragraphs=tuple(p.format_map(gaps) for p in template),
        amount_claimed=amount,
        parts=(figures.overdue_principal, figures.overdue_interest, figures.penalty_interest),
        as_of=as_of,
        on=on,
    )


def _yuan(amount: Decimal) -> str:
    return f"人民币 {amount:,.2f} 元"


def _day(on: date | None) -> str:
    return f"{on.year}年{on.month}月{on.day}日" if on else "——"
