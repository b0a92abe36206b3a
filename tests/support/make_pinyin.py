"""Makes assets/pinyin_initials.txt from pypinyin's dictionary of readings.

    pip install pypinyin
    python -m tests.support.make_pinyin

Not run in CI: the list is committed. A line is the possible initials, a tab, and the characters read so: of a
character with several readings (单 dān, chán, shàn as a surname) an officer may type any.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import Path

from pypinyin.constants import PINYIN_DICT

from tests.support.make_fonts import STANDARD, gb2312

OUT = Path(__file__).parents[2] / "assets" / "pinyin_initials.txt"
# Surnames whose reading the dictionary lacks.
SURNAMES = {
    "种": "c",
    "黑": "h",
    "折": "s",
    "秘": "b",
    "繁": "p",
    "覃": "qt",
    "缪": "m",
    "万": "mw",
    "俟": "qs",
}


def initials(character: str) -> str:
    readings = PINYIN_DICT.get(ord(character), "").split(",")
    letters = {unicodedata.normalize("NFD", r)[0] for r in readings if r} | set(SURNAMES.get(character, ""))
    return "".join(sorted(c for c in letters if c.isascii() and c.isalpha()))


def main() -> None:
    read_so: defaultdict[str, list[str]] = defaultdict(list)
    for character in sorted(set(STANDARD.read_text("utf-8").strip() + gb2312())):
        if found := initials(character):
            read_so[found].append(character)
    OUT.write_text("".join(f"{key}\t{''.join(read_so[key])}\n" for key in sorted(read_so)), "utf-8")


if __name__ == "__main__":
    main()
