"""What a visit still lacks to count as 首次上门; said gently, in the way of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flet as ft

from app.i18n import mark
from app.ui.context import Session
from app.ui.parts.contact_form import missing_for_first_visit
from app.ui.parts.surface import card
from app.ui.parts.words import grey, text
from app.ui.theme import ACCENT, GREY

if TYPE_CHECKING:
    from app.views import CaseView

ASKING = frozenset({"first_visit", "takeover_visit"})
_ASKED = {
    "met": mark("Borrower, spouse or co-borrower met"),
    "outcome": mark("A conversation as outcome"),
    "business_state": mark("Business: trading or not"),
    "reason": mark("Why overdue"),
    "explained": mark("Consequences explained"),
}


def first_visit_step(view: CaseView) -> Any:
    """The step that asks for a first look at the business, while it is not done."""
    return next((s for s in view.steps if s.step in ASKING and not s.done), None)


def first_visit_list(session: Session, view: CaseView, form: Mapping[str, Any]) -> list[ft.Control]:
    """The five things, ticked or not; nothing once the step is done or not asked for."""
    step = first_visit_step(view)
    if step is None:
        return []
    s, t = session.sizes, session.t
    lacking = missing_for_first_visit(form, view.case)
    title = t.say(step.title)
    head = t("Still missing for {step}", step=title) if lacking else t("Complete for {step}", step=title)
    rows: list[ft.Control] = [text(head, s.body, bold=True, key="first-visit-head")]
    for member, asked in _ASKED.items():
        here = member not in lacking
        words = t(asked)
        rows.append(
            ft.Row(
                [
                    ft.Icon(
                        ft.Icons.CHECK_CIRCLE if here else ft.Icons.RADIO_BUTTON_UNCHECKED,
                        size=s.icon,
                        color=ACCENT if here else GREY,
                        semantics_label=t("Done") if here else t("Missing"),
                    ),
                    ft.Container(
                        grey(words, s.body) if here else text(words, s.body, key=f"missing-{member}"),
                        expand=True,
                    ),
                ],
                spacing=10,
            )
        )
    rows.append(grey(t("It can be saved as it is; the step then stays open."), s.label))
    return [card(ft.Column(rows, spacing=8, tight=True), key="first-visit")]
