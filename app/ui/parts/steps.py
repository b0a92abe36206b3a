"""How the steps of a case are shown: one sign per kind, the steps and their reason in a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import Formatter
from typing import Any

import flet as ft

from app.domain.message import Text
from app.domain.steps import Step
from app.i18n import Translator
from app.ui.parts.words import mid_line

_BY_STEP = {
    "promise_broken": ft.Icons.EVENT_BUSY,
    "promise_due": ft.Icons.EVENT_AVAILABLE,
    "promise_verify": ft.Icons.EVENT_NOTE,
    "promise_remind": ft.Icons.NOTIFICATIONS_OUTLINED,
    "cash_date": ft.Icons.PAYMENTS_OUTLINED,
    "watch_check": ft.Icons.VISIBILITY_OUTLINED,
}
_BY_KIND = {
    "visit": ft.Icons.STOREFRONT_OUTLINED,
    "call": ft.Icons.CALL_OUTLINED,
    "notice": ft.Icons.DESCRIPTION_OUTLINED,
    "guarantor_demand": ft.Icons.GROUP_OUTLINED,
    "referral": ft.Icons.GAVEL_OUTLINED,
}
# What a reason may name without telling this case from the others.
_EVERYBODYS = frozenset({"day", "guarantor", "guarantor_title", "served_on"})
URGENT = frozenset({"promise_broken"})


def step_icon(step: Step | None) -> Any:
    """The sign of a step's kind; a person where nothing is asked."""
    if step is None:
        return ft.Icons.PERSON_OUTLINE
    return _BY_STEP.get(step.step) or _BY_KIND.get(step.kind, ft.Icons.TASK_ALT)


def leading_step(steps: Sequence[Step]) -> Step | None:
    """The step a row speaks of: the first not done, otherwise the first."""
    return next((s for s in steps if not s.done), steps[0] if steps else None)


def doors_first(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps as a list of doors speaks of them: promises, what is to be done there, then what a telephone can do."""
    return tuple(sorted(steps, key=lambda s: s.kind == "call" and not s.promise_id))


def steps_in_words(steps: Sequence[Step], t: Translator) -> str:
    """What is asked, in the order given, and why: 再次上门、联系担保人 2 位：再到经营地."""
    open_steps = [s for s in steps if not s.done]
    titles: dict[str, int] = {}
    for step in open_steps:
        title = t.say(step.title)
        titles[title] = titles.get(title, 0) + 1
    if not titles:
        return ""
    said = [t("{step} ({n} people)", step=k, n=n) if n > 1 else k for k, n in titles.items()]
    joined = t("{steps}", steps=[said[0], *map(mid_line, said[1:])])
    why = why_in_words(open_steps, t)
    return t("{steps}: {why}", steps=joined, why=why) if why else joined


def why_in_words(steps: Sequence[Step], t: Translator) -> str:
    """The reason that tells this case from the others, as short as a row has room for.

    A reason with this case's own figures goes first (只差 ¥35.42…), up to its semicolon; otherwise the first words of
    the leading step's. The day of the episode alone is none: the row says it already.
    """
    telling = next((s for s in steps if _gaps(s, t) - _EVERYBODYS), None)
    if telling is not None:
        return re.split("[；;]", t.say(telling.why))[0]
    if not steps or _gaps(steps[0], t):
        return ""
    return re.split("[，；。;]|, ", t.say(steps[0].why))[0]


def _gaps(step: Step, t: Translator) -> set[str]:
    why = step.why
    template = why.by_language.get(t.language, "") if isinstance(why, Text) else why.text
    return {name for _, name, _, _ in Formatter().parse(template) if name}
