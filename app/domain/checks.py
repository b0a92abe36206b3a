"""Small questions a body is asked; each raises Invalid with the member it is about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.domain.message import Code, Message
from app.domain.records import BORROWER, Case, day, instant

_MONEY: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)
_OTHER: Final = "other:"


class Invalid(ValueError):
    """A record that cannot be right. `field` names the member, `message` says what is wrong with it."""

    def __init__(self, field: str, message: Message) -> None:
        super().__init__(f"{field}: {message.text}" if field else message.text)
        self.field = field
        self.message = message


def member(name: str) -> Code:
    """A member's name, shown in words where the catalogue has them."""
    return Code("field", name)


class Body:
    """A body under examination; `path` is put before member names (`instalments[2].`)."""

    def __init__(
        self, raw: Mapping[str, Any], case: Case | None, happened_on: date | None, path: str = ""
    ) -> None:
        self.raw = raw
        self.case = case
        self.happened_on = happened_on
        self.path = path

    def wrong(self, name: str, text: str, **params: Any) -> Invalid:
        """The error for a member; `{field}` in the text is its name."""
        return Invalid(self.path + name, Message(text, {"field": member(name), **params}))

    def has(self, name: str) -> bool:
        """Whether it is there; null counts as absent."""
        return self.raw.get(name) is not None

    def text(self, name: str, needed: bool = True, empty: bool = False) -> str:
        """A text; when needed, not an empty one unless `empty` says it may be."""
        value = self.raw.get(name)
        if value is None and not needed:
            return ""
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "{field} has to be a text.")
        if value is None or (needed and not empty and not value.strip()):
            raise self.wrong(name, "{field} is missing.")
        return value

    def code(self, name: str, known: Collection[str], needed: bool = True) -> str:
        """One of the fixed codes."""
        value = self.raw.get(name)
        if not needed and (value is None or value == ""):
            return ""
        if value is None:
            raise self.wrong(name, "{field} is missing.")
        if not isinstance(value, str) or value not in known:
            raise self.wrong(name, "{field} is not one of the known ones.")
        return value

    def codes(self, name: str, known: Collection[str]) -> None:
        """A list of fixed codes; absent is empty."""
        if any(not isinstance(v, str) or v not in known for v in self.list(name)):
            raise self.wrong(name, "{field} is not one of the known ones.")

    def list(self, name: str) -> list[Any]:
        """A list; absent is empty."""
        value = self.raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "{field} has to be a list.")
        return value

    def parts(self, name: str) -> Iterator[Body]:
        """The objects of a list, each to be examined in its place."""
        for n, part in enumerate(self.list(name), 1):
            if not isinstance(part, Mapping):
                raise self.wrong(name, "{field} is not what is expected there.")
            yield Body(part, self.case, self.happened_on, f"{self.path}{name}[{n}].")

    def part(self, name: str) -> Body | None:
        """An object, or None where it is absent."""
        value = self.raw.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.wrong(name, "{field} is not what is expected there.")
        return Body(value, self.case, self.happened_on, f"{self.path}{name}.")

    def money(self, name: str) -> Decimal:
        """An amount in CNY above 0: a text with at most two decimals."""
        value = self.raw.get(name)
        if value is None or value == "":
            raise self.wrong(name, "{field} is missing.")
        if not isinstance(value, str) or not _MONEY.fullmatch(value):
            raise self.wrong(name, 'An amount is written like "1234.50", with at most two decimals.')
        if Decimal(value) <= 0:
            raise self.wrong(name, "An amount has to be more than 0.")
        return Decimal(value)

    def date(self, name: str) -> date:
        """An ISO day."""
        if not self.has(name):
            raise self.wrong(name, "{field} is missing.")
        on = day(self.raw[name])
        if on is None:
            raise self.wrong(name, "{field} has to be a day like 2026-11-23.")
        return on

    def moment(self, name: str) -> None:
        """An ISO instant with offset, or a day; may be absent."""
        if self.has(name) and instant(self.raw[name]) is None and day(self.raw[name]) is None:
            raise self.wrong(name, "{field} has to be a day or a time with its offset.")

    def party(self, name: str) -> None:
        """The borrower, a debtor or guarantor of the case, or `other:<relation>`."""
        self.is_party(name, self.text(name))

    def is_party(self, name: str, value: object) -> None:
        """The same for a value of a list."""
        if not isinstance(value, str) or not value or value == _OTHER:
            raise self.wrong(name, "It is not said who that is.")
        if self.case is None or value == BORROWER or value.startswith(_OTHER):
            return
        if not self.case.is_debtor(value) and self.case.guarantor(value) is None:
            raise self.wrong(name, "This case knows nobody by that name.")
