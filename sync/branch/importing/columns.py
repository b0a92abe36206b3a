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
# A mark for a column that has to be filled, and the unit we count in.
_MARKED: Final = re.compile(r"^\*+|[(\[【](?:单位:?)?(元|人民币|人民币元|必填)[)\]】]$|\*+$")
_UNITS: Final = "万元?|千元|百元|亿元|美元|港元|角|分|%|‰"
_MEASURED: Final = re.compile(rf"[(\[【](?:单位:?)?(?:人民币)?({_UNITS})[)\]】]$|(万元|%|‰)$")
# What a title above the headings says of the whole list.
_COUNTED: Final = re.compile(
    r"单位[:为是(]?(?:人民币)?(万元|千元|百元|亿元|美元|港元|[万角分](?![\u4e00-\u9fff]))"
)
_IN_YUAN: Final = re.compile(r"[(\[【](?:单位:?)?(?:人民币)?元[)\]】]\**$")
_OF_A_MONTH: Final = re.compile("[月日]利?率|‰")
YUAN: Final = "元"
WAN: Final = "万元"
PERCENT: Final = "%"
MONEY: Final = frozenset(
    {"贷款金额", "贷款余额", "逾期本金", "逾期利息", "罚息", "当期应还", "账户余额", "还款金额"}
)
# Amounts that are each one loan's own; loans of one account have its balance in common.
OF_ONE_LOAN: Final = MONEY - {"账户余额"}
RATES: Final = frozenset({"年利率", "罚息上浮"})
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

    def units(self, headings: tuple[str, ...]) -> dict[str, str]:
        """Our heading → the unit its column says it counts in: 元, 万元 or %."""
        return {
            ours: unit
            for h in headings
            if (ours := self._ours(h)) is not None and (unit := _unit_of(h, ours))
        }

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
            if _wrong_measure(theirs, known):
                raise BadMapping(
                    Message(
                        "The mapping file takes {theirs} for {heading}, which counts otherwise.",
                        {"theirs": theirs, "heading": known},
                    )
                )
            mapping[_folded(theirs)] = known
        return Columns(self.required, self.others, self.guarantors, mapping)

    def _ours(self, heading: str) -> str | None:
        folded = _folded(heading)
        if folded in self.mapping:
            return self.mapping[folded]
        bare = _MEASURED.sub("", folded)
        ours = self.mapping.get(bare) or (bare if self._is_ours(bare) else None)
        return None if ours is not None and bare != folded and not _unit_of(heading, ours) else ours

    def _is_ours(self, heading: str) -> bool:
        return (
            heading in self.required
            or heading in self.others
            or (self.guarantors and GUARANTOR.fullmatch(heading) is not None)
        )


def counted_in(title: str, file: str) -> str:
    """The unit a title says the list counts in: 万元, or empty for ours. Raises NotAList for any other."""
    said = _COUNTED.search(_folded(title))
    if said is None:
        return ""
    if said[1] not in ("万", WAN):
        raise NotAList(
            Message("{file} counts in {unit}. Have it made in 元 or 万元.", {"file": file, "unit": said[1]})
        )
    return WAN


def _folded(heading: str) -> str:
    """Half-width, without spaces, quotes, a byte order mark, a mark for "needed" or the unit we count in."""
    text = "".join(unicodedata.normalize("NFKC", heading).strip('"\ufeff').split())
    return _MARKED.sub("", text)


def _unit_of(heading: str, ours: str) -> str:
    """元 or 万元 for an amount, % for a rate; empty where the heading says none, or one that is none of its column."""
    if ours in MONEY and _IN_YUAN.search("".join(unicodedata.normalize("NFKC", heading).split())):
        return YUAN
    said = _MEASURED.search(_folded(heading))
    unit = (said[1] or said[2]) if said else ""
    if unit in ("万", WAN) and ours in MONEY:
        return WAN
    return PERCENT if unit == PERCENT and ours in RATES else ""


def _wrong_measure(theirs: str, ours: str) -> bool:
    """Whether a heading says that its figures are others than those of `ours`: by the month, in 千元."""
    folded = _folded(theirs)
    if ours in MONEY or ours in RATES:
        return (_MEASURED.search(folded) is not None and not _unit_of(theirs, ours)) or (
            ours == "年利率" and _OF_A_MONTH.search(folded) is not None
        )
    return False


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
