"""Sentences the domain has to say, before anybody chose a language for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Any

from app.domain.frozen import frozen


@frozen
class Message:
    """An English sentence with `{named}` gaps (the catalogue's msgid) and what goes into them.

    Values stay typed (Decimal, date, datetime, a `Code`) so that each language formats them its own way.
    """

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Code:
    """One of the fixed codes, e.g. `Code("outcome", "promised")`; shown in words by app.i18n."""

    group: str
    value: str


@frozen
class Text:
    """A sentence that came as data (a procedure file) in several languages, `{named}` gaps included.

    `by_language` maps `zh`, `en` to the template.
    """

    by_language: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)


@frozen
class WithYear:
    """A date that is shown with its year: legal dates lie years off."""

    with_year: date


Sayable = Message | Text
