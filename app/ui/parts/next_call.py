"""The call list goes on: who comes after this one."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app.domain.plan import DayPlan, PlanItem
from app.ui.context import Session
from app.ui.parts.case_row import overdue_pill
from app.ui.parts.steps import steps_in_words
from app.ui.parts.surface import card
from app.ui.parts.words import grey, text


def next_call(plan: DayPlan, case_id: str) -> PlanItem | None:
    """The next case of today's call list that is not done, after `case_id`, then from the top; None when all are."""
    calls: Sequence[PlanItem] = plan.calls
    at = next((n for n, item in enumerate(calls) if item.case_id == case_id), -1)
    return next(
        (
            item
            for item in (*calls[at + 1 :], *calls[: max(at, 0)])
            if not item.done and item.case_id != case_id
        ),
        None,
    )


def next_call_card(session: Session, item: PlanItem) -> ft.Control:
    """Who is next, how much, and why."""
    s, t = session.sizes, session.t
    return card(
        ft.Column(
            [
                grey(t("Next on the call list"), s.label),
                ft.Row(
                    [text(item.name, s.strong, bold=True), overdue_pill(item.dpd, item.status, t, s)],
                    wrap=True,
                    spacing=8,
                ),
                text(t.money(item.amount_due), s.strong, bold=True),
                text(steps_in_words(item.steps, t), s.body),
            ],
            spacing=4,
            tight=True,
        ),
        key="next-call",
    )
