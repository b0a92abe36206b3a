"""Made-up lists for tests, and what a branch holds after them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sync.branch import tables as t
from sync.branch.office import Office

BANK = Path(__file__).parents[4] / "assets" / "demo"
COMPANY = Path(__file__).parent / "data"

GOOD: Mapping[str, str] = {
    "合同编号": "5100000001",
    "客户编号": "KH1",
    "客户姓名": "试一",
    "身份证后四位": "012X",
    "手机": "19900000001",
    "备用电话": "",
    "配偶姓名": "",
    "配偶手机": "",
    "经营地址": "试县甲镇乙村1组1号",
    "家庭地址": "",
    "乡镇": "甲镇",
    "村组": "乙村",
    "经营项目": "茶叶",
    "贷款产品": "农户保证贷款",
    "联保小组号": "",
    "贷款金额": "50000.00",
    "放款日": "2026-01-31",
    "到期日": "2027-01-31",
    "还款方式": "等额本息",
    "年利率": "0.1458",
    "罚息上浮": "0.5",
    "贷款余额": "30000.00",
    "最早未还应还日": "2026-11-18",
    "逾期天数": "5",
    "逾期本金": "4000.00",
    "逾期利息": "300.00",
    "罚息": "5.25",
    "当期应还": "4500.00",
    "还款账号": "6217****0001",
    "账户余额": "100.00",
    "担保人1姓名": "保一",
    "担保人1类型": "担保人",
    "担保人1责任方式": "连带责任",
    "担保人1手机": "19900000011",
    "担保人1地址": "",
    "担保人1保证期间届满日": "2030-01-31",
    "首次上门日": "",
    "通知书送达日": "",
    "管户信贷员工号": "w001",
    "管户信贷员姓名": "赵敏",
    "数据日期": "2026-11-23",
}


def row(number: int = 1, **cells: str) -> dict[str, str]:
    """A row that can be right, for contract 510000000<number> of a customer of its own."""
    return {**GOOD, "合同编号": f"51{number:08}", "客户编号": f"KH{number}", **cells}


def next_day(listed: Mapping[str, str], **cells: str) -> dict[str, str]:
    """The row as the next day's list has it: a day older, the penalty moved."""
    return {**listed, "数据日期": "2026-11-24", "逾期天数": "6", "罚息": "6.30", **cells}


def write(path: Path, rows: Iterable[Mapping[str, str]], encoding: str = "gb18030", **style: Any) -> Path:
    rows = list(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]) if rows else list(GOOD), **style)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def read(path: Path, encoding: str = "gb18030") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def documents(office: Office, kind: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """Contract → version and document."""
    with office.reading() as conn:
        rows = conn.execute(
            select(t.case_.c.contract_no, t.document.c.version, t.document.c.body)
            .join(t.document, t.document.c.doc_id == t.case_.c.case_id)
            .where(t.document.c.kind == kind)
        ).all()
    return {r.contract_no: (r.version, json.loads(r.body)) for r in rows}


def cases(office: Office) -> dict[str, dict[str, Any]]:
    return {contract: document for contract, (_, document) in documents(office, "case").items()}


def figures(office: Office) -> dict[str, dict[str, Any]]:
    return {contract: document for contract, (_, document) in documents(office, "figures").items()}


def versions(office: Office, kind: str = "case") -> dict[str, int]:
    return {contract: version for contract, (version, _) in documents(office, kind).items()}


def statuses(office: Office) -> dict[str, str]:
    return {contract: case["status"] for contract, case in cases(office).items()}


def feeds(office: Office) -> dict[str, set[tuple[str, str]]]:
    """Officer → the documents their phone is to hold."""
    found: dict[str, set[tuple[str, str]]] = {}
    with office.reading() as conn:
        for item in conn.execute(select(t.feed_item).where(t.feed_item.c.op == "put")).all():
            found.setdefault(item.officer_id, set()).add((item.kind, item.doc_id))
    return found


def everything(office: Office) -> dict[str, list[Any]]:
    """Every row of every table but the log of imports: what 'changes nothing' is held against."""
    with office.reading() as conn:
        return {
            table.name: sorted(map(repr, conn.execute(select(table)).all()))
            for table in t.metadata.sorted_tables
            if table.name != "import_log"
        }
