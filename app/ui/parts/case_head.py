"""The head of a case: the next step, what is owed, what was tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.amounts import payments_since
from app.domain.plan import only_calls
from app.domain.records import Case, Figures
from app.domain.steps import Step
from app.i18n import Translator
from app.ui.guard import part
from app.ui.parts.steps import URGENT, step_icon
from app.ui.parts.surface import card
from app.ui.parts.words import grey, pill, stacked, text
from app.ui.theme import ACCENT, CARD_RADIUS, GREY, WARN, Sizes

if TYPE_CHECKING:
    from app.views import CaseView

STALE_DAYS = 2
_LABEL_ROOM = 100  # what is left for a label beside its figure
_SIDE_BY_SIDE = 10  # characters of a sum of which three stand in one line of a small phone


@part
def NextStep(  # noqa: N802
    step: Step | None,
    asked_before: bool,
    unclear: bool,
    act: tuple[str, Any, Any] | None,
    t: Translator,
    sizes: Sizes,
) -> ft.Control:
    """One sentence and its button (`act`: label, icon, handler; None where the step has no form yet)."""
    urgent = step is not None and (step.step in URGENT or step.overdue_days > 0)
    ground = ft.Colors.PRIMARY
    on = ft.Colors.ON_PRIMARY
    if step is None:
        title = t("Done for today") if asked_before else t("Nothing is asked today")
        why = t("The next step shows here on its day.")
    else:
        title, why = t.say(step.title), t.say(step.why)
    rows: list[ft.Control] = [text(t("Next step"), sizes.label, color=on)]
    rows.append(
        ft.Row(
            [
                ft.Icon(step_icon(step) if step else ft.Icons.TASK_ALT, size=sizes.icon * 1.2, color=on),
                text(title, sizes.title, bold=True, color=on, expand=True),
            ],
            spacing=10,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    )
    rows.append(text(why, sizes.body, color=on))
    facts: list[ft.Control] = []
    if step is not None and urgent and step.overdue_days > 0:
        facts.append(
            pill(
                t("{n} d late", n=step.overdue_days),
                sizes,
                color=ft.Colors.ON_ERROR_CONTAINER,
                ground=ft.Colors.ERROR_CONTAINER,
                icon=ft.Icons.SCHEDULE,
            )
        )
    elif step is not None and step.due_on is not None:
        facts.append(
            text(
                t("By {weekday} {date}", date=step.due_on, weekday=t.weekday(step.due_on)),
                sizes.body,
                color=on,
            )
        )
    if unclear:
        facts.append(
            pill(
                t("No definite date yet"),
                sizes,
                color=ft.Colors.ON_ERROR_CONTAINER,
                ground=ft.Colors.ERROR_CONTAINER,
                icon=ft.Icons.EVENT_BUSY,
            )
        )
    if len(facts) > 1:
        facts = [ft.Row(facts, wrap=True, spacing=8, run_spacing=4)]
    rows += facts
    if act is not None:
        label, icon, handler = act
        rows.append(
            ft.Button(
                key="next-step",
                content=label,
                icon=icon,
                on_click=handler,
                elevation=0,
                style=ft.ButtonStyle(
                    bgcolor=ft.Colors.PRIMARY_CONTAINER,
                    color=ft.Colors.ON_PRIMARY_CONTAINER,
                    icon_color=ft.Colors.ON_PRIMARY_CONTAINER,
                    icon_size=sizes.icon,
                    padding=ft.Padding.symmetric(horizontal=20, vertical=14),
                    text_style=ft.TextStyle(size=sizes.body, weight=ft.FontWeight.W_500),
                ),
            )
        )
    return ft.Container(
        ft.Column(rows, spacing=8, tight=True),
        bgcolor=ground,
        border_radius=CARD_RADIUS,
        padding=18,
        key="next-step-card",
    )


# Each control on this first card is waited for after the tap that opens the case (about 0.4 ms apiece in a browser):
# so no container where the text itself can take the room, and one text where two lines belong together.


def line(label: str, value: str, sizes: Sizes, *, size: float = 0, **look: Any) -> ft.Control:
    """What a figure is, and the figure; one under the other where text is large."""
    figure = text(value, size or sizes.body, **look)
    if sizes.large:
        return ft.Column([grey(label, sizes.body), figure], spacing=0, tight=True)
    figure.no_wrap = True
    return ft.Row([grey(label, sizes.body, expand=True), figure], spacing=12)


def _parts(t: Translator, parts: Sequence[tuple[str, Decimal]], sizes: Sizes) -> ft.Control:
    """The three parts, the name of each above it, so that they stand side by side on a small phone; the longest
    sums one under the other.
    """
    alone = sizes.large or any(len(t.money(amount)) > _SIDE_BY_SIDE for _, amount in parts)
    named = [
        stacked(
            (label, sizes.label, GREY),
            (t.money(amount), sizes.body, ft.Colors.ON_SURFACE),
            expand=not alone,
        )
        for label, amount in parts
    ]
    if alone:
        return ft.Column(list[ft.Control](named), spacing=6, tight=True)
    return ft.Row(list[ft.Control](named), spacing=8, vertical_alignment=ft.CrossAxisAlignment.START)


@part
def Owed(case: Case, figures: Figures, today: date, t: Translator, sizes: Sizes) -> ft.Control:  # noqa: N802
    """补齐逾期 with its parts, where to pay it in, 全部结清, payments that came later, and how old all that is."""
    later = payments_since(case, figures)
    repaid = case.status == "watch"  # the last list's figures, which no list brings up to date any more
    rows: list[ft.Control] = [
        ft.Semantics(
            content=line(
                t("Owed before the repayment") if repaid else t("To become current"),
                t.money(figures.amount_due),
                sizes,
                size=sizes.in_one_line(sizes.number, t.money(figures.amount_due), beside=_LABEL_ROOM),
                bold=True,
            ),
            container=True,
        ),
        _parts(
            t,
            [
                (t("Principal"), figures.overdue_principal),
                (t("Interest"), figures.overdue_interest),
                (t("Penalty"), figures.penalty_interest),
            ],
            sizes,
        ),
        ft.Divider(height=1, color=ft.Colors.OUTLINE_VARIANT),
    ]
    if case.loan.account_tail and not repaid:
        where = t("Account ending {tail}", tail=case.loan.account_tail)
        rows.append(line(where, t("{amount} short", amount=figures.missing), sizes, bold=True))
    if later > 0:
        rows.append(line(t("Paid in since"), t.money(later), sizes, bold=True, color=ACCENT))
    if not repaid:
        rows.append(line(t("To settle in full (estimate)"), t.money(figures.to_settle), sizes))
    rows.append(grey(t("The counter's figure counts."), sizes.label))
    rows.append(_age(figures, figures.as_of or today if repaid else today, t, sizes))
    return card(ft.Column(rows, spacing=8, tight=True), padding=18, key="owed")


def _age(figures: Figures, today: date, t: Translator, sizes: Sizes) -> ft.Control:
    if figures.as_of is None:
        return text(t("No figures from the branch yet."), sizes.label, color=WARN)
    days = (today - figures.as_of).days
    words = t("Data of {date}", date=figures.as_of)
    if figures.payments_cover is not None:
        words += " · " + t("payments up to {date}", date=figures.payments_cover)
    if days < STALE_DAYS:
        return grey(words, sizes.label)
    return ft.Row(
        [
            ft.Icon(ft.Icons.HISTORY, size=sizes.icon, color=WARN),
            ft.Container(
                text(words + " · " + t("{n} days old", n=days), sizes.label, color=WARN), expand=True
            ),
        ],
        spacing=6,
    )


@part
def StepsToday(  # noqa: N802
    steps: tuple[Step, ...], names: Callable[[str], str], t: Translator, sizes: Sizes
) -> ft.Control:
    """All that is asked of this case today, with why, done or not."""
    return card(
        ft.Column(
            [_step(step, names, t, sizes) for step in steps],
            spacing=12,
            tight=True,
        ),
        key="steps",
    )


def _step(step: Step, names: Callable[[str], str], t: Translator, sizes: Sizes) -> ft.Control:
    title = t.say(step.title)
    if step.party and step.party != "borrower":
        title = t("{step}: {name}", step=title, name=names(step.party))
    words: list[ft.Control] = [
        text(title, sizes.body, bold=True),
        text(t.say(step.why), sizes.body, color=GREY),
    ]
    late = step.overdue_days > 0 and not step.done
    if late:
        words.append(text(t("{n} d late", n=step.overdue_days), sizes.label, color=WARN))
    elif step.due_on is not None and not step.done:
        words.append(
            grey(t("By {weekday} {date}", date=step.due_on, weekday=t.weekday(step.due_on)), sizes.label)
        )
    return ft.Row(
        [
            ft.Icon(
                ft.Icons.CHECK_CIRCLE if step.done else step_icon(step),
                size=sizes.icon,
                color=ACCENT if step.done else WARN if late else GREY,
                semantics_label=t("Done") if step.done else t("To do"),
            ),
            ft.Column(words, spacing=1, tight=True, expand=True),
        ],
        spacing=12,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def mix_line(view: CaseView, t: Translator, sizes: Sizes) -> ft.Control:
    """近7天：电话3 上门0 函0 担保人1, and a word when it was nothing but calls."""
    mix = view.mix
    calls, visits, notices, guarantors = (mix.get(k, 0) for k in ("call", "visit", "notice", "guarantor"))
    words = t(
        "Last 7 days: calls {calls}, visits {visits}, letters {notices}, guarantors {guarantors}",
        calls=calls,
        visits=visits,
        notices=notices,
        guarantors=guarantors,
    )
    rows: list[ft.Control] = [text(words, sizes.body)]
    if only_calls(mix):
        rows.append(
            ft.Row(
                [
                    ft.Icon(ft.Icons.ALT_ROUTE, size=sizes.icon, color=WARN),
                    ft.Container(
                        text(t("Calls alone: try another way."), sizes.body, color=WARN), expand=True
                    ),
                ],
                spacing=8,
            )
        )
    return ft.Column(rows, spacing=4, tight=True, key="mix")
