"""The letters a Chinese character may begin with when an officer types a name: 赵 → z, 单 → cds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

_LIST: Final = Path(__file__).parents[2] / "assets" / "pinyin_initials.txt"


@cache
def initials() -> Mapping[str, str]:
    """Character → its possible initials, lower case, all readings; a character that is not in it has none known.

    Raises FileNotFoundError where the program was installed without its assets.
    """
    found: dict[str, str] = {}
    for line in _LIST.read_text("utf-8").splitlines():
        letters, _, characters = line.partition("\t")
        found.update(dict.fromkeys(characters, letters))
    return MappingProxyType(found)
