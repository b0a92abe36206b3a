"""Money coming in: who owes it to the borrower, how much, when. Asked at the second visit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.records import day
from app.ui.context import use_session
from app.ui.guard import part
from app.ui.parts.chips import chip, chips, question, tap
from app.ui.parts.moment_picker import use_day_picker
from app.ui.parts.promise_fields import FURTHEST
from app.ui.parts.reasons import written
from app.ui.parts.words import day_with_weekday
from app.ui.theme import TOUCH

if TYPE_CHECKING:
    from app.ui.context import Session
    from app.ui.parts.draft_keeper import DraftKeeper


def receivables_question(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> ft.Control:
    """None said, or one after another."""
    t = session.t
    kept: list[Mapping[str, Any]] = list(form["receivables"])

    async def add() -> None:
        held = list((keeper.form or form)["receivables"])
        await keeper.change(
            receivables=[*held, {"from": "", "amount": "", "expected_on": ""}], no_receivables=False
        )

    none = tap(keeper.change, no_receivables=not form["no_receivables"], receivables=[])
    return question(
        t("Money coming in"),
        session.sizes,
        *(_Sum(keeper, n, entry, key=f"receivable-{n}") for n, entry in enumerate(kept)),
        chips(
            [
                chip(session, t("Add a sum"), add, key="receivable-add", icon=ft.Icons.ADD),
                chip(
                    session, t("None, they say"), none, chosen=form["no_receivables"], key="receivable-none"
                ),
            ]
        ),
    )


@part
def Receivable(keeper: DraftKeeper, n: int, entry: Mapping[str, Any]) -> ft.Control:  # noqa: N802
    """One sum: from whom, how much, expected when."""
    session = use_session()
    s, t = session.sizes, session.t
    today = session.notebook.today_date()
    expected = day(entry["expected_on"])

    async def change(**members: Any) -> None:
        held = [dict(r) for r in (keeper.form or {}).get("receivables", [])]
        if n < len(held):
            held[n] |= members
            await keeper.change(receivables=held)

    async def take_day(picked: date) -> None:
        await change(expected_on=picked.isoformat())

    async def who_typed(e: ft.Event[ft.TextField]) -> None:
        await change(**{"from": e.control.value or ""})

    async def amount_typed(e: ft.Event[ft.TextField]) -> None:
        await change(amount=(e.control.value or "").strip())

    async def drop() -> None:
        held = list((keeper.form or {}).get("receivables", []))
        await keeper.change(receivables=held[:n] + held[n + 1 :])

    open_calendar = use_day_picker(session, today - timedelta(days=1), today + FURTHEST, take_day, expected)

    async def other_day() -> None:
        open_calendar()

    label = day_with_weekday(expected, t) if expected else t("Expected on")
    return ft.Column(
        [
            written(session, t("From whom"), entry["from"], who_typed, key=f"receivable-from-{n}"),
            written(
                session,
                t("Amount"),
                entry["amount"],
                amount_typed,
                key=f"receivable-amount-{n}",
                keyboard_type=ft.KeyboardType.NUMBER,
                prefix="¥",
                input_filter=ft.InputFilter(
                    regex_string=r"^\d{0,9}(\.\d{0,2})?$", allow=True, replacement_string=""
                ),
            ),
            ft.Row(
                [
                    chip(
                        session,
                        label,
                        other_day,
                        chosen=expected is not None,
                        key=f"receivable-day-{n}",
                        icon=ft.Icons.CALENDAR_MONTH,
                    ),
                    ft.IconButton(
                        icon=ft.Icons.DELETE_OUTLINE,
                        icon_size=s.icon,
                        width=TOUCH,
                        height=TOUCH,
                        tooltip=t("Remove"),
                        on_click=drop,
                        key=f"receivable-drop-{n}",
                    ),
                ],
                alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
            ),
        ],
        spacing=8,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


_Sum: Any = Receivable  # a component takes a key beside its own arguments
