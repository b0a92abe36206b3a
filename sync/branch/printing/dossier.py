"""案卷: what the lawyer gets of a case: parties, amounts, clocks, promises, notices, the whole timeline, and whether
the officers' journals are unbroken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Spacer
from sqlalchemy import Connection, select

from app.domain.clocks import guarantee_clocks, limitation
from app.domain.corrections import known_on
from app.domain.promises import judge
from app.domain.records import BORROWER, Activity, CaseFile
from app.i18n import Translator, translator
from sync.branch import tables as t
from sync.branch.case_files import case_file, rules_of
from sync.branch.chains import Chain, check_chain
from sync.branch.office import Office
from sync.branch.printing.fonts import register
from sync.branch.printing.layout import TITLE, Page, pdf

_HASH_SHOWN = 12
# Members whose values are codes, by kind of activity where that matters; the group of their words.
_GROUPS = {
    **{
        ("", name): name
        for name in (
            "outcome", "cause", "reason", "reason_detail", "explained", "business_state", "direction", "place", "agreed",
            "checklist", "kind",
        )
    },
    ("contact_check", "state"): "contact_state",
    ("contact_check", "field"): "contact_field",
    ("notice", "method"): "notice_method",
    ("notice", "result"): "notice_result",
    ("guarantor_demand", "method"): "demand_method",
    ("referral", "to"): "referral_to",
}  # fmt: skip


def chains_of(conn: Connection, case_id: str) -> list[Chain]:
    """The journals in which records of this case stand, each checked from its first record, from the bytes that came."""
    act = t.activity.c
    devices = conn.scalars(
        select(act.device_id).where(act.case_id == case_id).distinct().order_by(act.device_id)
    )
    return [check_chain(conn, device_id) for device_id in devices.all()]


def dossier_pdf(office: Office, key: str) -> tuple[bytes, list[Chain], frozenset[str]]:
    """The dossier of a case (case_id or contract number), its chains, and characters the font does not have.

    Raises BranchError.
    """
    with office.reading() as conn:
        file = case_file(conn, key)
        rules = rules_of(conn)
        chains = chains_of(conn, file.case.case_id)
        act = t.activity.c
        hashes = {
            r.activity_id: (r.hash, r.late)
            for r in conn.execute(
                select(act.activity_id, act.hash, act.late).where(act.case_id == file.case.case_id)
            )
        }
        quarantined = conn.scalar(
            select(t.activity.c.n).where(act.case_id == file.case.case_id, act.status != "created").limit(1)
        )
    say = translator("zh")
    parts = _Parts(file, say, office.today(), rules, hashes, office.zone)
    sections = [
        # Wide enough for two numbers: in less, a line would end inside the second.
        ("当事人", ("身份", "姓名", "电话", "地址"), (2, 2, 4, 4), list(parts.people())),
        ("金额", ("项目", "金额（元）"), (3, 3), list(parts.amounts())),
        ("还款", ("日期", "金额", "付款人"), (2, 2, 2), list(parts.payments())),
        ("还款承诺", ("承诺日", "应还日", "金额", "已还", "状态", "承诺人"), (2, 2, 2, 2, 2, 2), list(parts.promises())),
        ("送达", ("日期", "编号", "送达对象", "方式", "结果", "见证人／单号"), (2, 4, 2, 2, 2, 3), list(parts.notices())),
        ("保证期间", ("担保人", "责任", "届满日", "计算方法", "主张日"), (2, 2, 2, 5, 2), list(parts.guarantees())),
        ("诉讼时效", ("日期", "事项", "效力", "说明", "届满日"), (2, 2, 2, 5, 2), list(parts.ledger())),
        ("主管决定", ("日期", "决定", "理由", "决定人"), (2, 2, 5, 2), list(parts.decisions())),
        ("催记时间线（更正与原记录并存）", ("时间", "类别", "内容", "信贷员", "记录哈希"), (3.4, 1.8, 9, 1.8, 3), list(parts.timeline())),
        ("记录链核对", ("设备", "信贷员", "记录数", "申报丢失", "结果"), (4, 2, 2, 2, 4), [_chain_row(c) for c in chains]),
    ]  # fmt: skip
    head = f"案卷 {file.case.contract_no}"
    made = f"{office.name}  {say.full_date(office.today())}"
    warning = "另有待核查的记录未列入。" if quarantined is not None else ""
    texts = [head, made, warning, "无"]
    texts += [
        words
        for title, columns, _, rows in sections
        for words in (title, *columns, *(c for r in rows for c in r))
    ]
    written = register(texts)
    page = Page(written)
    page.text(head, 20, bold=True, **TITLE)
    page.text(made, 10)
    if warning:
        page.text(warning, 10, bold=True)
    for title, columns, widths, rows in sections:
        # Room for the heading and a first row; "keep with next" would push a long table onto a page of its own.
        page.story += [CondPageBreak(35 * mm), Spacer(0, 4 * mm)]
        page.text(title, 13, bold=True)
        if rows:
            page.table([columns, *rows], widths)
        else:
            page.text("无", 10)
    return pdf(page, head, f"{head}  {made}"), chains, written.missing


class _Parts:
    """The rows of each section, in words."""

    def __init__(
        self, file: CaseFile, say: Translator, today: date, rules: Any, hashes: dict[str, Any], zone: Any
    ) -> None:
        self.file, self.case, self.say, self.today, self.rules = file, file.case, say, today, rules
        self.hashes, self.zone = hashes, zone
        self.known = known_on(file.activities, today, zone)

    def people(self) -> Iterator[tuple[str, ...]]:
        case, code = self.case, self.say.code
        b = case.borrower
        yield (
            code("role", BORROWER),
            b.name,
            "、".join(p.number for p in b.phones),
            "；".join(a.text for a in b.addresses),
        )
        for d in case.debtors:
            yield code("role", d.role), d.name, "、".join(p.number for p in d.phones), ""
        for g in case.guarantors:
            yield (
                code("role", g.role),
                g.name,
                "、".join(p.number for p in g.phones),
                "；".join(a.text for a in g.addresses),
            )

    def amounts(self) -> Iterator[tuple[str, ...]]:
        f, loan = self.file.figures, self.case.loan
        yield "合同金额", _money(loan.amount)
        yield "放款日／到期日", f"{_day(loan.disbursed_on)}／{_day(loan.maturity)}"
        yield "最早未还应还日", _day(f.due_since)
        yield f"逾期本金（截至 {_day(f.as_of)}）", _money(f.overdue_principal)
        yield "逾期利息", _money(f.overdue_interest)
        yield "罚息", _money(f.penalty_interest)
        yield "补齐逾期合计", _money(f.amount_due)
        yield "贷款余额", _money(f.principal_outstanding)

    def payments(self) -> Iterator[tuple[str, ...]]:
        for p in sorted(self.case.payments, key=lambda p: (p.date, p.payment_id)):
            yield _day(p.date), _money(p.amount), self._name(p.payer)

    def promises(self) -> Iterator[tuple[str, ...]]:
        for p in judge(self.file, self.today, self.zone):
            state = self.say.code("promise_state", p.state)
            yield (
                _day(p.made_on),
                _day(p.due_on),
                _money(p.amount),
                _money(p.paid),
                state,
                self._name(p.party),
            )

    def notices(self) -> Iterator[tuple[str, ...]]:
        for on, a in self.known:
            if a.kind == "notice":
                b = a.body
                proof = "／".join(str(b[m]) for m in ("witness", "post_no") if b.get(m))
                yield (
                    _day(on), str(b.get("notice_no", "")), self._name(str(b.get("addressee", ""))),
                    self.say.code("notice_method", str(b.get("method", ""))),
                    self.say.code("notice_result", str(b.get("result", ""))), proof,
                )  # fmt: skip

    def guarantees(self) -> Iterator[tuple[str, ...]]:
        clocks = guarantee_clocks(self.case, self.known, self.rules.calendar, self.rules.limits, self.today)
        for clock in clocks:
            how = " ".join(
                self.say.say(m) for m in (clock.how, clock.unknown, clock.caution) if m is not None
            )
            yield (
                self._name(clock.guarantor_id),
                self.say.code("liability", clock.liability),
                _day(clock.ends_on),
                how,
                _day(clock.met_on),
            )

    def ledger(self) -> Iterator[tuple[str, ...]]:
        found = limitation(self.case, self.known, self.rules.calendar, self.rules.limits, self.today)
        if found.expires_on is None:
            yield "——", "", "", self.say.say(found.unknown) if found.unknown else "", "——"
        for line in found.lines:
            if line.effect == "no":
                continue
            kind = {"due": "到期", "payment": "还款"}.get(line.kind) or self.say.code("kind", line.kind)
            missing = "、".join(self.say.code("proof", m) for m in line.missing)
            why = self.say.say(line.why) + (f"（还缺：{missing}）" if missing else "")
            yield _day(line.on), kind, self.say.code("effect", line.effect), why, _day(line.expires_on)

    def decisions(self) -> Iterator[tuple[str, ...]]:
        for d in self.case.decisions:
            yield _day(d.on), self.say.code("decision", d.what), d.why, d.by

    def timeline(self) -> Iterator[tuple[str, ...]]:
        for a in sorted(self.file.activities, key=lambda a: (a.happened_at, a.activity_id)):
            hash_, late = self.hashes.get(a.activity_id, ("", False))
            yield (
                f"{a.happened_at.astimezone(self.zone):%Y-%m-%d %H:%M}",
                self.say.code("kind", a.kind) + ("（迟到）" if late else ""),
                self._told(a),
                a.officer_id,
                hash_[:_HASH_SHOWN],
            )

    def _told(self, a: Activity) -> str:
        """What a record says, member by member, codes in words; the override with its reason."""
        told = [
            f"{self.say.code('field', name)}：{self._value(a.kind, name, value)}"
            for name, value in a.body.items()
            if value not in (None, "", [], {})
        ]
        override = a.raw.get("override")
        if isinstance(override, dict):
            told.append(f"仍继续：{override.get('why', '')}")
        return "；".join(told)

    def _value(self, kind: str, name: str, value: Any) -> str:
        group = _GROUPS.get((kind, name)) or _GROUPS.get(("", name))
        if group is not None:
            several = value if isinstance(value, list) else [value]
            return "、".join(self.say.code(group, v) if isinstance(v, str) else str(v) for v in several)
        if name in ("party", "addressee", "guarantor_id") and isinstance(value, str):
            return self._name(value)
        if name == "met" and isinstance(value, list):
            return "、".join(self._name(str(v)) for v in value)
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, dict):
            kind = str(value.get("kind") or kind)  # a correction's replacement may be of another kind
            return "，".join(
                f"{self.say.code('field', m)} {self._value(kind, m, v)}"
                for m, v in value.items()
                if v not in (None, "", [], {})
            )
        if isinstance(value, list):
            return "；".join(self._value(kind, name, v) for v in value)
        return json.dumps(value, ensure_ascii=False)

    def _name(self, party: str) -> str:
        return self.case.party_name(party) or party.removeprefix("other:")


def _chain_row(chain: Chain) -> tuple[str, ...]:
    result = "完整，无改动" if chain.first_wrong is None else f"自第 {chain.first_wrong} 条起不连续"
    return (
        chain.device_id,
        chain.officer_id,
        str(chain.records),
        str(sum(b - a + 1 for a, b in chain.lost)),
        result,
    )


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _day(on: date | None) -> str:
    return on.isoformat() if on else "——"
