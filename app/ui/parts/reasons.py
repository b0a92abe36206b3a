"""Why it is overdue, and what was explained: asked after every conversation, at the door or on the telephone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.codes import CAUSES, EXPLAINED, REASONS
from app.i18n import Translator
from app.ui.context import Session
from app.ui.parts.chips import Handler, one_of, question, some_of, tap
from app.ui.parts.field import Field
from app.ui.parts.words import text
from app.ui.theme import FLOATING, SMALLEST

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper
    from app.views import CaseView


EXACT: Final = frozenset({"under_deposit", "wrong_account"})


def reason_questions(
    session: Session, keeper: DraftKeeper, view: CaseView, form: Mapping[str, Any]
) -> list[ft.Control]:
    """Reason with its detail, what was explained, cause; a second tap takes an answer back."""
    s, t = session.sizes, session.t

    def pick(member: str, **more: Any) -> Any:
        def handler(value: str) -> Handler:
            return tap(keeper.change, **{member: "" if form[member] == value else value}, **more)

        return handler

    rows: list[ft.Control] = [
        one_of(
            session,
            "reason",
            [(r, t.code("reason", r)) for r in REASONS],
            form["reason"],
            pick("reason", reason_detail=""),
        )
    ]
    details = REASONS.get(form["reason"], ())
    if details:
        options = [(d, t.code("reason_detail", d)) for d in details]
        rows.append(
            ft.Container(
                one_of(session, "detail", options, form["reason_detail"], pick("reason_detail")),
                padding=ft.Padding.only(left=12),
            )
        )
    if form["reason"] in EXACT:
        rows.append(text(_exactly(view, t), s.body, bold=True, key="exactly"))
    return [
        question(t("Why overdue"), s, *rows),
        question(
            t("Explained"),
            s,
            some_of(
                session,
                "explained",
                [(e, t.code("explained", e)) for e in EXPLAINED],
                form["explained"],
                lambda v: tap(keeper.toggle, "explained", v),
            ),
        ),
        question(
            t("Cause as you see it"),
            s,
            one_of(session, "cause", [(c, t.code("cause", c)) for c in CAUSES], form["cause"], pick("cause")),
        ),
    ]


def _exactly(view: CaseView, t: Translator) -> str:
    """The amount missing and the account it belongs to: to be said word by word."""
    account = view.case.loan.repayment_account
    if not account:
        return t("Exactly {amount} is missing.", amount=view.figures.missing)
    return t(
        "Exactly {amount} is missing, to be paid into the account ending {tail}.",
        amount=view.figures.missing,
        tail=account[-4:],
    )


def note_field(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> ft.Control:
    """Whatever else is worth keeping; never needed."""
    t = session.t

    async def on_change(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(note=e.control.value or "")

    return written(session, t("Note"), form["note"], on_change, key="note", lines=2)


def written(
    session: Session, label: str, value: str, on_change: Any, *, key: str, lines: int = 1, **more: Any
) -> Field:
    """A field for words, in the sizes of the rest."""
    s = session.sizes
    return Field(
        key=key,
        label=label,
        value=value,
        on_change=on_change,
        multiline=lines > 1,
        min_lines=lines,
        max_lines=max(lines, 5) if lines > 1 else 1,
        align_label_with_hint=lines > 1,  # where the first line will stand
        text_size=s.body,
        label_style=ft.TextStyle(size=max(s.body, SMALLEST / FLOATING)),
        border=ft.OutlineInputBorder(border_radius=14),
        **more,
    )
