"""The questions of a promise, by itself or inside a call or a visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.amounts import daily_penalty, penalty_of_days
from app.i18n import Translator, mark
from app.ui.context import Session, use_session
from app.ui.guard import part
from app.ui.parts.amount_pad import amount_pad
from app.ui.parts.chips import Handler, chip, chips, one_of, question, tap
from app.ui.parts.moment_picker import use_day_picker
from app.ui.parts.parties import party_in_words, people_of
from app.ui.parts.promise_form import (
    DueChoice,
    amount_choices,
    amount_of,
    due_choices,
    due_of,
    earlier_promise,
    press,
)
from app.ui.parts.words import grey, text
from app.ui.theme import GREY

if TYPE_CHECKING:
    from app.views import CaseView

NO_CASH = mark(
    "Take no cash, no transfer to your own WeChat or Alipay, keep no passbook, card or password. "
    "The customer pays into their own repayment account, or go to the branch together."
)
_AMOUNTS = {
    "all": mark("All overdue {amount}"),
    "instalment": mark("One instalment {amount}"),
    "half": mark("Half {amount}"),
}
_DAYS = {
    "today": mark("Today"),
    "tomorrow": mark("Tomorrow"),
    "plus3": mark("In 3 days"),
    "plus7": mark("In 7 days"),
    "month_end": mark("Month end"),
}
FURTHEST = timedelta(days=366)


def day_with_weekday(day: date, t: Translator) -> str:
    """11月25日 周三."""
    return f"{t.date(day)} {t.weekday(day)}"


def no_cash_line(session: Session) -> ft.Control:
    """What an officer must never take (procedure.md, The day, 7)."""
    s = session.sizes
    return ft.Row(
        [
            ft.Icon(ft.Icons.MONEY_OFF, size=s.icon, color=GREY),
            ft.Container(grey(session.t(NO_CASH), s.label), expand=True),
        ],
        spacing=10,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


@part
def PromiseFields(  # noqa: N802
    view: CaseView, promise: Mapping[str, Any], change: Callable[..., Any], party: str
) -> ft.Control:
    """Amount, day, who (`party` until said); then what follows. `change(**members)` keeps a change of the
    promise; a member may be a function that makes its value of the promise as it stands.
    """
    session = use_session()
    s, t = session.sizes, session.t
    today = session.notebook.today_date()

    async def take_day(day: date) -> None:
        await change(due_kind="other", due_on=day.isoformat())

    open_calendar = use_day_picker(session, today, today + FURTHEST, take_day, due_of(promise))

    async def other_day() -> None:
        open_calendar()

    rows: list[ft.Control] = [
        question(t("Amount"), s, _amounts(session, view, promise, change)),
        question(t("Pays on"), s, _days(session, promise, change, other_day)),
    ]
    if promise["amount_kind"] == "other":

        def press_key(name: str) -> Handler:
            return tap(_typed, change, name)

        rows.insert(1, amount_pad(session, str(promise["amount"]), press_key))
    who, payer = people_of(view.case), str(promise["party"] or party)
    rows += _consequences(session, view, promise, change, payer)
    if len(who) > 1:
        options = [(p.party, party_in_words(view.case, p.party, t)) for p in who]
        rows.append(
            question(
                t("Who promises"),
                s,
                one_of(session, "payer", options, payer, lambda v: tap(change, party=v)),
            )
        )
    return ft.Column(rows, spacing=18, tight=True)


async def _typed(change: Callable[..., Any], key: str) -> None:
    # Added to what is typed by now, not to what was drawn when the key was.
    await change(amount=lambda held: press(str(held["amount"]), key))


def _amounts(
    session: Session, view: CaseView, promise: Mapping[str, Any], change: Callable[..., Any]
) -> ft.Control:
    t, chosen = session.t, promise["amount_kind"]
    found = [
        chip(
            session,
            t(_AMOUNTS[kind], amount=amount),
            tap(change, amount_kind=kind, amount=str(amount)),
            chosen=kind == chosen,
            key=f"amount-{kind}",
        )
        for kind, amount in amount_choices(view.figures)
    ]
    other = tap(change, amount_kind="other", amount="" if chosen != "other" else promise["amount"])
    return chips([*found, chip(session, t("Other"), other, chosen=chosen == "other", key="amount-other")])


def _days(
    session: Session, promise: Mapping[str, Any], change: Callable[..., Any], other_day: Any
) -> ft.Control:
    t, chosen, due = session.t, promise["due_kind"], due_of(promise)
    found = [
        chip(
            session,
            f"{_named(c, t)}\n{day_with_weekday(c.on, t)}",
            tap(change, due_kind=c.kind, due_on=c.on.isoformat()),
            chosen=c.kind == chosen and c.on == due,
            key=f"due-{c.kind}",
        )
        for c in due_choices(session.notebook.today_date())
    ]
    # A draft of yesterday keeps its day, whatever the chips say today.
    by_hand = due is not None and not any(
        c.on == due and c.kind == chosen for c in due_choices(session.notebook.today_date())
    )
    label = t("Other day {day}", day=day_with_weekday(due, t)) if by_hand and due else t("Other day")
    return chips(
        [
            *found,
            chip(session, label, other_day, chosen=by_hand, key="due-other", icon=ft.Icons.CALENDAR_MONTH),
        ]
    )


def _named(choice: DueChoice, t: Translator) -> str:
    return " · ".join(t(_DAYS[kind]) for kind in (choice.kind, *choice.also))


def _consequences(
    session: Session, view: CaseView, promise: Mapping[str, Any], change: Callable[..., Any], payer: str
) -> list[ft.Control]:
    """When it is checked, the penalty until then, the promise it takes the place of."""
    s, t = session.sizes, session.t
    rows: list[ft.Control] = []
    due, amount = due_of(promise), amount_of(promise)
    today = session.notebook.today_date()
    if due is not None:
        lines = [
            t(
                "On {day} the app asks whether it arrived. If it did not, a visit follows.",
                day=day_with_weekday(due, t),
            )
        ]
        days = (due - today).days
        if days > 0 and daily_penalty(view.case, view.figures) > 0:
            lines.append(
                t(
                    "Penalty until then about {sum} ({a_day} a day).",
                    sum=penalty_of_days(view.case, view.figures, days),
                    a_day=daily_penalty(view.case, view.figures),
                )
            )
        if amount is not None and amount < view.figures.missing:
            lines.append(t("{rest} would still be missing.", rest=view.figures.missing - amount))
        rows.append(
            ft.Column([text(line, s.body) for line in lines], spacing=4, tight=True, key="promise-means")
        )
    earlier = earlier_promise(view.promises, payer)
    if earlier is not None:
        label = t(
            "Replaces {amount} promised for {day}",
            amount=earlier.amount,
            day=day_with_weekday(earlier.due_on, t),
        )
        flip = tap(change, keeps_earlier=not promise.get("keeps_earlier"))
        rows.append(
            chip(session, label, flip, chosen=not promise.get("keeps_earlier"), key="promise-replaces")
        )
    return rows


def promised_in_words(session: Session, form: Mapping[str, Any]) -> str:
    """Amount and day of the promise inside a call or a visit; empty while either is missing."""
    amount, due = amount_of(form["promise"]), due_of(form["promise"])
    if form["outcome"] != "promised" or amount is None or due is None:
        return ""
    return session.t("{amount} on {day}", amount=amount, day=day_with_weekday(due, session.t))
