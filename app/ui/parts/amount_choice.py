"""An amount by chips (all overdue, an instalment, half), or typed on the pad."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flet as ft

from app.domain.records import Figures
from app.i18n import mark
from app.ui.context import Session
from app.ui.parts.amount_pad import amount_pad
from app.ui.parts.chips import Handler, chip, chips, tap
from app.ui.parts.promise_form import amount_choices, press

_AMOUNTS = {
    "all": mark("All overdue {amount}"),
    "instalment": mark("One instalment {amount}"),
    "half": mark("Half {amount}"),
}


def amount_chips(
    session: Session, figures: Figures, form: Mapping[str, Any], change: Callable[..., Any]
) -> ft.Control:
    """`form` has `amount_kind` and `amount`; `change(**members)` keeps them. Keys `amount-all` … `amount-other`."""
    t, chosen = session.t, form["amount_kind"]
    found = [
        chip(
            session,
            t(_AMOUNTS[kind], amount=amount),
            tap(change, amount_kind=kind, amount=str(amount)),
            chosen=kind == chosen,
            key=f"amount-{kind}",
        )
        for kind, amount in amount_choices(figures)
    ]
    other = tap(change, amount_kind="other", amount="" if chosen != "other" else form["amount"])
    return chips([*found, chip(session, t("Other"), other, chosen=chosen == "other", key="amount-other")])


def typed_amount(session: Session, form: Mapping[str, Any], change: Callable[..., Any]) -> list[ft.Control]:
    """The pad, once another amount is wanted. `change` must take a function of the form as it stands."""
    if form["amount_kind"] != "other":
        return []

    def press_key(name: str) -> Handler:
        return tap(_typed, change, name)

    return [amount_pad(session, str(form["amount"]), press_key)]


async def _typed(change: Callable[..., Any], key: str) -> None:
    # Added to what is typed by now, not to what was drawn when the key was.
    await change(amount=lambda held: press(str(held["amount"]), key))
