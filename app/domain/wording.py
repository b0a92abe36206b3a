"""话术检查: words that must not stand in a note, because they must not be said (law.md: no threats, no shaming)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.domain.limits import SettingError, unknown
from app.domain.message import Message

KINDS: Final = ("threat", "shaming", "disclosure")
_MEMBERS: Final = {"threats": "threat", "shaming": "shaming", "disclosure": "disclosure"}
# What a branch's list replaces. Whole phrases: a single character would be found in every second note.
DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "threat": (
        "后果自负", "走着瞧", "小心点", "打断", "弄死", "找人收拾", "收拾你", "让你好看", "不客气", "抓起来", "抓人",
        "坐牢", "蹲监狱", "堵门", "泼油漆", "断水断电", "威胁", "恐吓", "扣人", "搬东西抵", "拉走抵债",
    ),
    "shaming": (
        "老赖", "骗子", "不要脸", "丢人", "丢脸", "游街", "贴大字报", "张贴照片", "喇叭", "群发", "发朋友圈", "通报全村",
        "让全村知道", "告诉邻居", "拉横幅",
    ),
    "disclosure": (
        "欠款", "欠钱", "欠债", "欠银行", "逾期", "催收", "催款", "还款", "还钱", "贷款", "借款", "债务", "征信",
    ),
}  # fmt: skip
_NOISE: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase in a note: `kind` is threat, shaming or disclosure."""

    kind: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases looked for, by kind."""

    phrases: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, doc: Mapping[str, Any] | None) -> Words:
        """From the setting `words`: {"threats": […], "shaming": […], "disclosure": […]}; a list takes the default's place.

        Raises SettingError naming the key.
        """
        phrases = dict(DEFAULTS)
        for member, value in (doc or {}).items():
            if member not in _MEMBERS:
                raise SettingError(str(member), unknown(_MEMBERS))
            if not isinstance(value, list):
                raise SettingError(member, Message("a list of phrases is needed"))
            for n, phrase in enumerate(value):
                if not isinstance(phrase, str) or not _bare(phrase):
                    raise SettingError(f"{member}[{n}]", Message("a phrase is needed"))
            phrases[_MEMBERS[member]] = tuple(value)
        return cls(phrases)

    def found_in(self, note: str, third_party: bool) -> tuple[Found, ...]:
        """Phrases of the note, longest first. Spaces and signs between the characters hide nothing.

        That a debt was spoken of is looked for only where the note is about a third party.
        """
        bare = _bare(note)
        found: list[Found] = []
        for kind in KINDS:
            if kind == "disclosure" and not third_party:
                continue
            found += [Found(kind, p) for p in self.phrases.get(kind, ()) if _bare(p) in bare]
        return tuple(sorted(found, key=lambda f: (-len(f.phrase), f.kind, f.phrase)))


def _bare(text: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()
