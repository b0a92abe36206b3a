"""One language: sentences, codes, money and days in it."""

from __future__ import annotations

import datetime as dt
import gettext
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.i18n import formats

LANGUAGES: Final = ("zh", "en")
DOMAINS: Final = ("ui", "core", "branch", "codes")
LOCALE: Final = Path(__file__).parent / "locale"
MISSING: Final = "—"
ONE: Final = "one"
_GAP: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class Translator:
    """Speaks `language`. Nothing here raises for what it is given: a sentence with a hole is better than no screen."""

    def __init__(self, language: str, locale: Path = LOCALE) -> None:
        self.language = language
        self._sentences = _catalogues(language, locale)

    def __call__(self, msgid: str, /, **params: Any) -> str:
        """The sentence for the English `msgid`, its `{gaps}` filled from `params`.

        Values are shown by their type: Decimal as money, date, datetime, a code in words, a sentence in this
        language, a list of those joined. A gap nobody fills stays as it stands.
        """
        return self._fill(self._said(msgid, params), params)

    def say(self, sayable: Any) -> str:
        """A `Message` (`.text`, `.params`), or a `Text` that came as data (`.by_language`, `.params`), in this language."""
        params: Mapping[str, Any] = getattr(sayable, "params", None) or {}
        by_language: Mapping[str, str] | None = getattr(sayable, "by_language", None)
        if by_language is None:
            return self._fill(self._said(str(getattr(sayable, "text", sayable)), params), params)
        for language in (self.language, *LANGUAGES):
            if by_language.get(language):
                return self._fill(by_language[language], params)
        return ""

    def code(self, group: str, value: str) -> str:
        """The words for a fixed code, e.g. `code("outcome", "promised")`; one that is not known is shown as it is."""
        msgid = f"{group}:{value}"
        words = self._lookup(msgid)
        return value if words == msgid else words

    def money(self, amount: Decimal) -> str:
        """¥12,470.50."""
        return formats.money(amount)

    def date(self, d: dt.date, today: dt.date | None = None) -> str:
        """11月23日 / 23 Nov; with the year where it is not the year of `today`, if that is given."""
        return formats.day(self.language, d, year=today is not None and today.year != d.year)

    def full_date(self, d: dt.date) -> str:
        """2026年11月23日 / 23 Nov 2026."""
        return formats.day(self.language, d, year=True)

    def weekday(self, d: dt.date) -> str:
        """周一 / Mon."""
        return formats.weekday(self.language, d)

    def when(self, at: dt.datetime, today: dt.date | None = None) -> str:
        """11月23日 09:05; on `today` the time alone. An instant is shown in its own offset: bring it to the branch's zone first."""
        if today == at.date():
            return formats.clock(at)
        return f"{self.date(at.date(), today)} {formats.clock(at)}"

    def _lookup(self, msgid: str) -> str:
        # gettext keeps the catalogue's header under the empty msgid
        return self._sentences.gettext(msgid) if msgid else ""

    def _said(self, msgid: str, params: Mapping[str, Any]) -> str:
        """The sentence; where what it counts is one, its own form of that, if the language has any (English has).

        Such a form stands in the catalogue under the context `one`, with the figure spelled out: the gaps it lacks are
        the ones that have to be 1.
        """
        one = self._sentences.pgettext(ONE, msgid) if msgid and 1 in params.values() else msgid
        if one != msgid:
            counted = set(_GAP.findall(msgid)) - set(_GAP.findall(one))
            if counted and all(type(params.get(gap)) is int and params[gap] == 1 for gap in counted):
                return one
        return self._lookup(msgid)

    def _fill(self, template: str, params: Mapping[str, Any]) -> str:
        def value(gap: re.Match[str]) -> str:
            return self._shown(params[gap[1]]) if gap[1] in params else gap[0]

        return _GAP.sub(value, template)

    def _shown(self, value: Any) -> str:
        match value:
            case None:
                return MISSING
            case str():
                return value
            case Decimal():
                return self.money(value)
            case dt.datetime():  # before date: a datetime is one too
                return self.when(value)
            case dt.date():
                return self.date(value)
            case list() | tuple():
                return ("、" if self.language == "zh" else ", ").join(map(self._shown, value))
        if hasattr(value, "with_year"):
            return self.full_date(value.with_year)
        if hasattr(value, "group") and hasattr(value, "value"):
            return self.code(value.group, value.value)
        if hasattr(value, "by_language") or (hasattr(value, "text") and hasattr(value, "params")):
            return self.say(value)
        return str(value)


@cache
def translator(language: str) -> Translator:
    """The translator of `language`; any that is not known speaks zh, the branch's own."""
    return Translator(language if language in LANGUAGES else "zh")


def _catalogues(language: str, locale: Path) -> gettext.NullTranslations:
    found: gettext.NullTranslations | None = None
    for domain in DOMAINS:
        try:
            with (locale / language / "LC_MESSAGES" / f"{domain}.mo").open("rb") as f:
                catalogue = gettext.GNUTranslations(f)
        except FileNotFoundError:
            continue  # English sentences have no catalogue: they are the msgids
        if found is None:
            found = catalogue
        else:
            found.add_fallback(catalogue)
    return found or gettext.NullTranslations()
