"""The styles a core system writes its cells in, read into values. Every function raises Unreadable with the reason.

A cell that came typed from a spreadsheet is a `Typed` text: only there may a bare number be a day (a serial) or
have lost its leading zeros.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from app.domain.message import Message
from app.domain.telephone import split_extension

MONEY_MAX: Final = Decimal("9999999999.99")
# The highest rate a court ever let stand was 36 %; nobody lends below half a percent, but interest-free exists.
RATE_MAX: Final = Decimal("0.36")
RATE_MIN: Final = Decimal("0.005")
UPLIFT_MAX: Final = Decimal(1)
UPLIFT_MIN: Final = Decimal("0.01")
YEARS: Final = range(1980, 2100)
TEXT_MAX: Final = 500
SHORT_MAX: Final = 64

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_WIDE_ALNUM: Final = {code: half for code, half in _WIDE.items() if chr(half).isalnum()} | {0x3000: 0x20}
# Before GB18030 gave 䶮 a place of its own, GBK systems kept it in the private area.
_PRIVATE: Final = {0xE863: 0x4DAE}
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_INVISIBLE: Final = dict.fromkeys([*map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202c\u202d"), 0x7F])
_BROKEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd\ud800-\udfff]")
_SPREADSHEET_ERROR: Final = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")
_NOTHING: Final = frozenset({"", "-", "--", "/", "\\", "无", "暂无", "N/A", "NULL", "null", "None"})
_SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_CURRENCY_BEFORE: Final = re.compile(r"^(RMB|CNY|人民币)?[¥￥]?", re.IGNORECASE)
_CURRENCY_AFTER: Final = re.compile(r"(元整?|圆|RMB|CNY)$", re.IGNORECASE)
_BARE: Final = re.compile(r"[¥￥(\-]*[\d.,]+\)?", re.ASCII)
_MONEY: Final = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?|-?\.\d+")
_DAY: Final = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
)
_TWO_MOBILES: Final = re.compile(
    r"\b(1[3-9]\d(?:[ -]?\d{4}){2})\s+(?=(?:\+?86\s?)?1[3-9]\d(?:[ -]?\d{4}){2}\b)"
)
_LIKE_A_NAME: Final = re.compile(r"""[^="!<>@+{}\[\]\\]*[^\W\d_][^="!<>@+{}\[\]\\]*""")
_BETWEEN: Final = re.compile(r"[/／、,，;；|｜\r\n]")
_BETWEEN_NUMBERS: Final = re.compile(r"[/、,;|\n](?!\s*(?:转|轉|分机|分機|内线|ext))", re.IGNORECASE)
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")
_AS_TEXT: Final = re.compile(r'\s*="(.*)"\s*', re.DOTALL)
_OF_DAYS: Final = re.compile("(日|日期)$")
_CLOCK: Final = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", re.ASCII)


class Unreadable(Exception):
    """A cell that cannot be what its column holds; `message` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class Typed(str):
    """A cell the spreadsheet kept as a number; `day` is the day it is as a serial, if it can be one."""

    __slots__ = ("day",)

    def __new__(cls, text: str, day: date | None = None) -> Typed:
        """The number as text, without exponent or trailing zeros."""
        made = super().__new__(cls, text)
        made.day = day
        return made

    day: date | None


def written(cell: str, column: str) -> str:
    """A spreadsheet's own cell of `column` as text that reads the same: a serial as its day, the end of an identity
    number with its leading zeros, a number whose last digits are lost as one that shows it."""
    if not isinstance(cell, Typed):
        return cell
    if len(cell) > 15 and cell.isdigit():
        return f"{Decimal(cell):.14E}"
    if column == "身份证后四位" and cell.isdigit():
        return cell.zfill(4)
    return cell.day.isoformat() if cell.day is not None and _OF_DAYS.search(column) else cell


def half_width(cell: str) -> str:
    """Full-width letters, digits and punctuation as their half-width ones, dashes as one, nothing invisible."""
    if cell.isascii() and cell.isprintable():
        return cell
    return cell.translate(_INVISIBLE).translate(_WIDE).translate(_DASHES)


def guarded(cell: str) -> str:
    """The cell so that no spreadsheet takes it for a formula; `unguarded` gives back what it was."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell without the mark of `guarded`, and what ="…" holds: so programs keep a spreadsheet from counting."""
    if whole := _AS_TEXT.fullmatch(cell):
        return whole[1].replace('""', '"')
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def is_blank(cell: str) -> bool:
    """Whether a cell says nothing."""
    return not cell.translate(_INVISIBLE).strip()


def says_nothing(cell: str) -> bool:
    """Blank, or one of the signs a clerk writes for nothing."""
    return half_width(cell).strip() in _NOTHING


def words(cell: str) -> str:
    """Free text: one line, half-width digits and letters, no stray spaces."""
    if _BROKEN.search(cell):
        raise Unreadable(Message("There are characters in it that cannot be read."))
    if _SPREADSHEET_ERROR.fullmatch(cell.strip()):
        raise Unreadable(Message("It is an error of the spreadsheet, not a value."))
    text = " ".join(cell.translate(_INVISIBLE).translate(_WIDE_ALNUM).translate(_PRIVATE).split())
    if len(text) > TEXT_MAX:
        raise Unreadable(Message("It is longer than {limit} characters.", {"limit": str(TEXT_MAX)}))
    return text


def several(cell: str) -> list[str]:
    """The entries of a cell that holds one or more, set apart by 、 , ; / | or line breaks."""
    return [part.strip() for part in _BETWEEN.split(cell) if not says_nothing(part)]


def names(cell: str) -> list[str]:
    """The names in a cell. What parts into anything but names is one, however odd."""
    found = several(cell)
    return found if all(map(_LIKE_A_NAME.fullmatch, found)) else [cell]


def person(cell: str) -> str:
    """One person's name."""
    found = names(cell)
    if len(found) > 1:
        raise Unreadable(Message("There are several names in it; give each person columns of their own."))
    return name(found[0] if found else cell)


def name(cell: str) -> str:
    """A person's name; spaces between Chinese characters are only set for looks."""
    text = words(cell)
    if not any(char.isalpha() for char in text):
        raise Unreadable(Message("It is not a name."))
    if len(text) > SHORT_MAX:
        raise Unreadable(Message("It is longer than {limit} characters.", {"limit": str(SHORT_MAX)}))
    return text if text.isascii() else text.replace(" ", "")


def number(cell: str) -> str:
    """A contract, customer, group or officer number: half-width, no spaces, at most 64 characters."""
    words(cell)
    text = "".join(half_width(cell).split()).lstrip("'")
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    if text.endswith(".0") and text[:-2].isdigit():
        text = text[:-2]
    if _SCIENTIFIC.fullmatch(text):
        raise Unreadable(Message("A spreadsheet has shortened the number; the digits are lost."))
    if isinstance(cell, Typed) and len(text) > 15:
        raise Unreadable(Message("A spreadsheet keeps only 15 digits of a number; keep the column as text."))
    if len(text) > SHORT_MAX:
        raise Unreadable(Message("It is longer than {limit} characters.", {"limit": str(SHORT_MAX)}))
    if not any(char.isalnum() for char in text):
        raise Unreadable(Message("It is not a number."))
    return text


def telephones(cell: str) -> tuple[str, ...]:
    """The telephone numbers of a cell (one or several), digits only, +86 removed."""
    text = half_width(cell).strip().lstrip("'")
    # Spaces stand inside numbers and between them: only two whole mobiles are surely two.
    text = _TWO_MOBILES.sub(r"\1/", text)
    found = [telephone(part) for part in _BETWEEN_NUMBERS.split(text) if part.strip()]
    if not found:
        raise Unreadable(Message("It is not a telephone number."))
    return tuple(dict.fromkeys(found))


def telephone(cell: str) -> str:
    """One telephone number: a mobile (11 digits), a line with or without its area code, or 400/800; an extension
    stands behind a hyphen, as in 08278222333-801."""
    line, extension = split_extension(re.sub(r"\.0{1,2}$", "", half_width(cell).strip()))
    text = re.sub(r"[()\-.]", "", line)
    text = re.sub(r"^(\+86|0086)(?=(10|2\d)\d{8}$|(?![48]00)[3-9]\d{9,10}$)", "0", text)
    text = re.sub(r"^(\+86|0086|86(?=1\d{10}$))", "", text)
    good = text.isascii() and re.fullmatch(r"1[3-9]\d{9}|0[1-9]\d{8,10}|[48]00\d{7}|[2-9]\d{6,7}", text)
    if not good:
        raise Unreadable(Message("It is not a telephone number."))
    return f"{text}-{extension}" if extension else text


def id_last4(cell: str) -> str:
    """The last four characters of an identity number: three digits and a digit or X."""
    text = "".join(half_width(cell).split()).lstrip("'").upper()
    if isinstance(cell, Typed) and text.isdigit():
        text = text.zfill(4)
    if not (text.isascii() and re.fullmatch(r"\d{3}[\dX]", text)):
        raise Unreadable(Message("It is not the last four characters of an identity number."))
    return text


def measured(cell: str, unit: str) -> str:
    """A figure with the unit its column counts in behind it; as it is where it has one of its own, or none is given."""
    if not unit or not _BARE.fullmatch("".join(half_width(cell).split()).lstrip("'")):
        return cell
    return Typed(cell + unit) if isinstance(cell, Typed) else cell.rstrip() + unit


def money(cell: str) -> Decimal:
    """CNY with two places, not negative. ￥, ¥, 元, 万元 and thousands commas are understood; words are not."""
    text = "".join(half_width(cell).split()).lstrip("'")
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    sign = "-" if text.startswith("-") else ""
    bare = _CURRENCY_AFTER.sub("", _CURRENCY_BEFORE.sub("", text.removeprefix("-")))
    if bare.startswith("-"):
        sign, bare = "-", bare[1:]
    figures = bare[:-1] if bare.endswith(("万", "萬")) else bare
    if not figures.isascii() or not _MONEY.fullmatch(figures):
        raise Unreadable(Message("It is not an amount in figures."))
    amount = Decimal(sign + figures.replace(",", "")) * (1 if figures == bare else 10_000)
    rounded = amount.quantize(Decimal("0.01")) if abs(amount) <= MONEY_MAX else amount
    # A spreadsheet's own arithmetic leaves dust behind the cents; more than dust is no amount of money.
    if abs(rounded - amount) > (Decimal("0.000001") if isinstance(cell, Typed) else 0):
        raise Unreadable(Message("It has more than two decimal places."))
    if amount < 0:
        raise Unreadable(Message("It cannot be negative."))
    if amount > MONEY_MAX:
        raise Unreadable(Message("It is too large to be right."))
    return abs(rounded)


def rate(cell: str) -> Decimal:
    """An annual rate as a fraction: 0.1458 or 14.58%; 14.58 alone could be either and is refused."""
    value = _fraction(cell)
    if value > RATE_MAX or 0 < value < RATE_MIN:
        raise Unreadable(Message("It is too high or too low for an annual rate."))
    return value


def uplift(cell: str) -> Decimal:
    """The penalty's uplift as a fraction: 0.5 or 50%."""
    value = _fraction(cell)
    if value > UPLIFT_MAX or 0 < value < UPLIFT_MIN:
        raise Unreadable(Message("It is too high or too low for a penalty uplift."))
    return value


def _fraction(cell: str) -> Decimal:
    text = "".join(half_width(cell).split()).lstrip("'").replace("﹪", "%")
    if "‰" in text:
        raise Unreadable(Message("‰ is a rate by the month; write the annual rate, 0.1458 or 14.58%."))
    percent = text.endswith("%")
    figures = text.removesuffix("%")
    if not (figures.isascii() and re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)", figures)):
        raise Unreadable(Message("It is not a rate."))
    if figures.startswith("-"):
        raise Unreadable(Message("It cannot be negative."))
    try:
        value = Decimal(figures)
    except InvalidOperation as e:
        raise Unreadable(Message("It is not a rate.")) from e
    if percent:
        value /= 100
    elif value > 1:
        raise Unreadable(Message("It is not clear whether this is a percentage; write 0.1458 or 14.58%."))
    return _plain(round(value, 8))


def _plain(value: Decimal) -> Decimal:
    """0.1458 for 0.14580000, 0 for 0E-8."""
    return Decimal(f"{value.normalize():f}")


def day(cell: str) -> date:
    """A day: 2026-11-23, 20261123, 2026/11/23, 2026年11月23日, 2026.11.23, or a spreadsheet's own serial."""
    text = _CLOCK.sub("", half_width(cell).strip().lstrip("'"))
    text = "".join(text.split())
    for style in _DAY:
        if match := style.fullmatch(text):
            try:
                found = date(*map(int, match.groups()))
            except ValueError as e:
                raise Unreadable(Message("There is no such day.")) from e
            if found.year not in YEARS:
                raise Unreadable(Message("There is no such day."))
            return found
    if isinstance(cell, Typed) and cell.day is not None:
        return cell.day
    raise Unreadable(Message("It is not a date."))


def days(cell: str) -> int:
    """A number of days: 75, 75天."""
    text = "".join(half_width(cell).split()).lstrip("'").removesuffix("天").removesuffix("日")
    if not (text.isascii() and re.fullmatch(r"\d{1,5}(\.0+)?", text)):
        raise Unreadable(Message("It is not a number of days."))
    return int(Decimal(text))


def coordinate(cell: str) -> float:
    """Degrees with a decimal point; finite."""
    text = "".join(half_width(cell).split()).lstrip("'").removesuffix("°")
    if not (text.isascii() and re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,20})?", text)):
        raise Unreadable(Message("It is not a coordinate in degrees."))
    return float(text)


def one_of(cell: str, table: Mapping[str, str]) -> str:
    """The code for a word of the file."""
    code = table.get(
        "".join(half_width(cell).replace(",", " ").split()).replace("、", "").removesuffix("还款法")
    )
    if code is None:
        raise Unreadable(Message("It is none of the known words: {known}.", {"known": list(table)}))
    return code


def from_serial(serial: float, epoch: date) -> date | None:
    """The day a spreadsheet's serial number stands for, or None where it can hardly be meant as one."""
    if not 20_000 <= serial < 75_000 or serial != int(serial):
        return None
    return epoch + timedelta(days=int(serial))
