"""When there will be money: the day an officer should stand at the door again (terms.md, `cash_outlook`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.i18n import mark
from app.ui.context import Session
from app.ui.parts.chips import chip, chips, question, tap
from app.ui.parts.day_choice import DayChoice
from app.ui.parts.promise_fields import FURTHEST
from app.ui.parts.reasons import written

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper

SOURCES: Final = (
    mark("Crop or livestock sold"), mark("Wages"), mark("A customer pays"), mark("Market day"), mark("Family sends money"),
)  # fmt: skip
NEAR: Final = (3, 7, 15)


def cash_question(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> ft.Control:
    """The day, and where it comes from; never needed."""
    s, t, today = session.sizes, session.t, session.notebook.today_date()

    async def on_day(on: date) -> None:
        same = (keeper.form or form)["cash_on"] == on.isoformat()
        await keeper.change(cash_on="" if same else on.isoformat())

    async def own_words(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(cash_source=e.control.value or "")

    rows: list[ft.Control] = [DayChoice(form["cash_on"], NEAR, today, today + FURTHEST, on_day, "cash")]
    if form["cash_on"]:
        said = [t(words) for words in SOURCES]
        chosen = form["cash_source"]
        rows += [
            chips(
                chip(session, words, tap(keeper.change, cash_source=words), chosen=words == chosen, key=f"cash-from-{n}")
                for n, words in enumerate(said)
            ),
            written(session, t("In other words"), "" if chosen in said else chosen, own_words, key="cash-from"),
        ]  # fmt: skip
    return question(t("When will there be money"), s, *rows)
