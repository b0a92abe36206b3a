"""How the steps of a case are shown: one sign per kind, the steps and their reason in a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flet as ft

from app.domain.steps import Step
from app.i18n import Translator

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
URGENT = frozenset({"promise_broken"})


def step_icon(step: Step | None) -> Any:
    """The sign of a step's kind; a person where nothing is asked."""
    if step is None:
        return ft.Icons.PERSON_OUTLINE
    return _BY_STEP.get(step.step) or _BY_KIND.get(step.kind, ft.Icons.TASK_ALT)


def leading_step(steps: Sequence[Step]) -> Step | None:
    """The step a row speaks of: the first not done, otherwise the first."""
    return next((s for s in steps if not s.done), steps[0] if steps else None)


def steps_in_words(steps: Sequence[Step], t: Translator) -> str:
    """What is asked, in the order given, and why the first: 再次上门、联系担保人 2 位：看经营，问回款."""
    open_steps = [s for s in steps if not s.done]
    titles: dict[str, int] = {}
    for step in open_steps:
        title = t.say(step.title)
        titles[title] = titles.get(title, 0) + 1
    if not titles:
        return ""
    joined = t(
        "{steps}", steps=[t("{step} ({n} people)", step=k, n=n) if n > 1 else k for k, n in titles.items()]
    )
    return t("{steps}: {why}", steps=joined, why=t.say(open_steps[0].why))
