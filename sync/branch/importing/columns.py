"""Which heading is which: order is free, spaces and full-width letters do not matter.

Other headings are brought over by a mapping file (TOML), one line for each:

    "借据号" = "合同编号"
    "客户经理" = "管户信贷员工号"

Left what stands in the file, right one of our headings. Headings that are ours already need no line.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.domain.message import Message
from sync.branch.importing.errors import BadMapping, NotAList
from sync.branch.settings import toml_line

CONTRACT: Final = "合同编号"
REASON: Final = "拒收原因"
# A mark for a column that has to be filled, and the unit we count in. Not 万元 or %: those are other figures.
_MARKED: Final = re.compile(r"^\*+|[(\[](元|人民币|人民币元|必填)[)\]]$|\*+$")
GUARANTOR: Final = re.compile(r"担保人([1-9]\d?)(姓名|类型|责任方式|手机|地址|保证期间届满日|关系)")


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings of one sort of list: those it cannot do without, the others, and a mapping file's."""

    required: frozenset[str]
    others: frozenset[str] = frozenset()
    guarantors: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)

    def knows(self, heading: str) -> bool:
        """Whether the heading means something here."""
        return self._ours(heading) is not None

    def ignores(self, heading: str) -> bool:
        """The reasons we wrote into a rejected file ourselves."""
        return _folded(heading) == REASON

    def places(self, headings: tuple[str, ...], file: str) -> dict[str, int]:
        """Our heading → which cell. Raises NotAList for headings that are missing or stand twice."""
        found: dict[str, int] = {}
        twice: list[str] = []
        for at, heading in enumerate(headings):
            ours = self._ours(heading)
            if ours is None:
                continue
            if ours in found:
                twice.append(ours)
            found.setdefault(ours, at)
        if not found:
            raise NotAList(Message("{file} is not a list: no headings were found in it.", {"file": file}))
        if missing := sorted(self.required - found.keys()):
            raise NotAList(
                Message(
                    "{file} lacks these headings: {headings}. A mapping file can name them.",
                    {"file": file, "headings": missing},
                )
            )
        if twice:
            raise NotAList(
                Message("{file} has these headings twice: {headings}.", {"file": file, "headings": twice})
            )
        return found

    def with_mapping(self, path: Path | None) -> Columns:
        """The same with a mapping file's headings. Raises BadMapping."""
        if path is None:
            return self
        mapping: dict[str, str] = {}
        for theirs, ours in _mapping_file(path).items():
            if not isinstance(ours, str):
                raise BadMapping(
                    Message(
                        "{theirs} in the mapping file needs one of our headings in quotes on its right.",
                        {"theirs": theirs},
                    )
                )
            known = self._ours(ours)
            if known is None:
                raise BadMapping(
                    Message(
                        "The mapping file names {heading}, which is none of our headings.",
                        {"heading": ours},
                    )
                )
            mapping[_folded(theirs)] = known
        return Columns(self.required, self.others, self.guarantors, mapping)

    def _ours(self, heading: str) -> str | None:
        folded = _folded(heading)
        if folded in self.mapping:
            return self.mapping[folded]
        if folded in self.required or folded in self.others:
            return folded
        return folded if self.guarantors and GUARANTOR.fullmatch(folded) else None


def _folded(heading: str) -> str:
    """Half-width, without spaces, quotes, a byte order mark, a mark for "needed" or the unit we count in."""
    text = "".join(unicodedata.normalize("NFKC", heading).strip('"\ufeff').split())
    return _MARKED.sub("", text)


def _mapping_file(path: Path) -> dict[str, object]:
    try:
        content = path.read_bytes()
    except OSError as e:
        raise BadMapping(Message("The mapping file {file} cannot be read.", {"file": path.name})) from e
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", "replace")  # what a Chinese Windows calls ANSI
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as e:
        raise BadMapping(
            Message(
                'Line {line} of the mapping file {file} is not TOML: one line for each heading, "theirs" = "ours".',
                {"file": path.name, "line": toml_line(e, text)},
            )
        ) from e


_PERSON: Final = (
    "客户编号",
    "身份证后四位",
    "手机",
    "备用电话",
    "配偶姓名",
    "配偶手机",
    "共同借款人姓名",
    "共同借款人手机",
    "经营地址",
    "家庭地址",
    "乡镇",
    "村组",
    "经营项目",
)
_LOAN: Final = (
    "联保小组号",
    "还款方式",
    "罚息上浮",
    "逾期天数",
    "当期应还",
    "还款账号",
    "账户余额",
    "首次上门日",
    "通知书送达日",
    "管户信贷员姓名",
)
OVERDUE: Final = Columns(
    required=frozenset(
        {
            "合同编号",
            "客户姓名",
            "贷款产品",
            "贷款金额",
            "放款日",
            "到期日",
            "年利率",
            "贷款余额",
            "最早未还应还日",
            "逾期本金",
            "逾期利息",
            "罚息",
            "管户信贷员工号",
            "数据日期",
        }
    ),
    others=frozenset({*_PERSON, *_LOAN}),
    guarantors=True,
)
PAYMENTS: Final = Columns(frozenset({"合同编号", "还款日期", "还款金额", "还款人", "流水号"}))
PLACES: Final = Columns(frozenset({"合同编号", "纬度", "经度"}), frozenset({"来源"}))
