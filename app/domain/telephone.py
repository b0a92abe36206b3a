"""A telephone number and the extension behind it, in whatever spelling people give them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
# 转801, (分机801), ext. 801, x801, #801 and RFC 3966's ;ext=801.
_MARKED: Final = re.compile(
    r"[-,;(]?(?:转接?(?:分机)?|轉接?|分机号?|分機號?|内线|內線|extension|ext|x|#)[:.=]?(\d{1,6})\)?$",
    re.IGNORECASE | re.ASCII,
)
# A hyphen says so only behind a number that is whole without what follows: 0827-1234567-801, not 199-0000-1542.
_HYPHENED: Final = re.compile(r"(.{7,30})-(\d{1,6})", re.ASCII)
_ONE: Final = re.compile(r"(?:\+86|0086)?(?:1[3-9]\d{9}|[48]00\d{7})", re.ASCII)
_WHOLE: Final = re.compile(
    rf"{_ONE.pattern}|0(?:10|2\d)\d{{8}}|0[3-9]\d{{9,10}}|(?:\+86|0086)0?(?:10\d{{8}}|2\d{{9}}|[3-9]\d{{9,10}})"
    r"|[2-9]\d{6,7}",
    re.ASCII,
)
_SET_FOR_LOOKS: Final = re.compile(r"[()\-.]")


def split_extension(number: str) -> tuple[str, str]:
    """The line as it is written, half-width and without blanks, and the digits of the extension, empty for none."""
    if number.isascii() and number.isdigit():  # nearly all of them, and a notebook compares thousands
        return number, ""
    text = "".join(unicodedata.normalize("NFKC", number).split()).translate(_DASHES)
    if marked := _MARKED.search(text):
        return text[: marked.start()], marked[1]
    if (hyphened := _HYPHENED.fullmatch(text)) and not _fits(_ONE, text) and _fits(_WHOLE, hyphened[1]):
        return hyphened[1], hyphened[2]
    return text, ""


def digits(number: str) -> str:
    """What tells one number from another: its digits without a mobile's country code, `-` and an extension's."""
    line, extension = split_extension(number)
    found = line if line.isdecimal() else "".join(c for c in line if c.isdecimal())
    found = found[2:] if len(found) == 13 and found.startswith("86") else found
    return f"{found}-{extension}" if found and extension else found


def line_digits(number: str) -> str:
    """The digits of the line alone, by which people remember a number."""
    return digits(number).partition("-")[0]


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.fullmatch(_SET_FOR_LOOKS.sub("", text)) is not None
