"""客户: finding a case by what an officer remembers of it, and the stage it stands in."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date

from app.domain.ageing import day_of_episode
from app.domain.message import Code
from app.domain.records import Case
from app.domain.telephone import line_digits

_SHORTEST_TAIL = 3
_STAGE_FROM = ((90, "d90"), (30, "d30_89"), (7, "d7_29"), (4, "d4_6"))


def matches(case: Case, query: str, initials: Mapping[str, str]) -> bool:
    """Whether `case` is meant by `query`: name, pinyin initials, phone tail, village, town, contract or customer number.

    Full-width forms, case and blanks do not matter; of several words all must fit. `initials` maps a Chinese character
    to its possible initials in lower case ("单" → "ds"). An empty query means every case.
    """
    whole = _plain(query)
    if not whole or _fits(case, whole, initials):
        return True
    words = unicodedata.normalize("NFKC", query).split()
    return len(words) > 1 and all(_fits(case, _plain(word), initials) for word in words)


def stage_of(case: Case, today: date) -> Code:
    """The stage of an open case by D: d1_3, d4_6, d7_29, d30_89, d90; of any other its status."""
    if case.status != "open":
        return Code("case_status", case.status)
    d = day_of_episode(case, today)
    return Code("stage", next((stage for start, stage in _STAGE_FROM if d >= start), "d1_3"))


def _plain(text: str) -> str:
    """Without blanks, hyphens and other punctuation; rare characters outside Unicode's tables stay."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] not in "ZP" and not c.isspace())


def _fits(case: Case, word: str, initials: Mapping[str, str]) -> bool:
    name = _plain(case.borrower.name)
    if word in name or _initials_fit(name, word, initials):
        return True
    if any(word in _plain(a.village) or word in _plain(a.town) for a in case.borrower.addresses):
        return True
    if not word.isascii() or len(word) < _SHORTEST_TAIL:
        return False
    if word in _plain(case.contract_no) or word in _plain(case.customer_no):
        return True
    phones = [*case.borrower.phones, *(p for d in case.debtors for p in d.phones)]
    return word.isdigit() and any(
        _plain(number).endswith(word) for p in phones for number in (p.number, line_digits(p.number))
    )


def _initials_fit(name: str, word: str, initials: Mapping[str, str]) -> bool:
    if not word.isascii() or not word.isalpha() or len(word) > len(name):
        return False
    return any(
        all(w in initials.get(c, c) for w, c in zip(word, name[start:], strict=False))
        for start in range(len(name) - len(word) + 1)
    )
