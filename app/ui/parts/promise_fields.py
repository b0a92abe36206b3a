"""The questions of a promise, by itself or inside a call or a visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.amounts import daily_penalty, estimate, penalty_of_days
from app.i18n import Translator, mark
from app.ui.context import Session, use_session
from app.ui.guard import part
from app.ui.parts.amount_choice import amount_chips, typed_amount
from app.ui.parts.chips import chip, chips, one_of, question, tap
from app.ui.parts.day_choice import day_in_words
from app.ui.parts.moment_picker import use_day_picker
from app.ui.parts.parties import party_in_words, people_of
from app.ui.parts.promise_form import (
    EVERY,
    MOST_PARTS,
    DueChoice,
    amount_of,
    due_choices,
    due_of,
    instalments_of,
    parts_of,
    replaced_by,
    standing_promises,
)
from app.ui.parts.words import day_with_weekday, grey, text
from app.ui.theme import GREY

if TYPE_CHECKING:
    from app.views import CaseView

NO_CASH = mark(
    "Take no cash, no transfer to your own WeChat or Alipay, keep no passbook, card or password. "
    "The customer pays into their own repayment account, or go to the branch together."
)
_DAYS = {
    "tomorrow": mark("Tomorrow"),
    "plus3": mark("In 3 days"),
    "plus7": mark("In 7 days"),
    "month_end": mark("Month end"),
}
FURTHEST = timedelta(days=366)


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
        question(t("Amount"), s, amount_chips(session, view.figures, promise, change)),
        *typed_amount(session, promise, change),
        question(t("Pays on"), s, _days(session, promise, change, other_day)),
    ]
    who, payer = people_of(view.case), str(promise["party"] or party)
    rows += _consequences(session, view, promise)
    rows += _instalments(session, promise, change)
    rows += _replaces(session, view, promise, change, payer)
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


def _days(
    session: Session, promise: Mapping[str, Any], change: Callable[..., Any], other_day: Any
) -> ft.Control:
    t, chosen, due = session.t, promise["due_kind"], due_of(promise)
    found = [
        chip(
            session,
            f"{_named(c, t)}\n{day_in_words(session, c.on)}",
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
    label = t("Another day {day}", day=day_in_words(session, due)) if by_hand and due else t("Another day")
    return chips(
        [
            *found,
            chip(session, label, other_day, chosen=by_hand, key="due-other", icon=ft.Icons.CALENDAR_MONTH),
        ]
    )


def _named(choice: DueChoice, t: Translator) -> str:
    return " · ".join(
        t(_DAYS[kind]) if kind in _DAYS else t.code("day", kind) for kind in (choice.kind, *choice.also)
    )


def _consequences(session: Session, view: CaseView, promise: Mapping[str, Any]) -> list[ft.Control]:
    """When it is checked, what waiting costs, and what will be owed that day."""
    s, t = session.sizes, session.t
    due, amount = due_of(promise), amount_of(promise)
    if due is None:
        return []
    lines = [
        t(
            "On {day} the app asks whether it arrived. If it did not, a visit follows.",
            day=day_with_weekday(due, t),
        )
    ]
    days = (due - session.notebook.today_date()).days
    if days > 0 and daily_penalty(view.case, view.figures) > 0:
        lines.append(
            t(
                "Penalty until then about {sum} ({a_day} a day).",
                sum=penalty_of_days(view.case, view.figures, days),
                a_day=daily_penalty(view.case, view.figures),
            )
        )
    owed = estimate(view.case, view.figures, due)
    if owed is not None and days > 0:
        lines.append(t("Owed by then about {sum}: an estimate, the counter's figure counts.", sum=owed.total))
    if amount is not None and amount < view.figures.missing:
        lines.append(t("{rest} would still be missing.", rest=view.figures.missing - amount))
    return [ft.Column([text(line, s.body) for line in lines], spacing=4, tight=True, key="promise-means")]


def _instalments(
    session: Session, promise: Mapping[str, Any], change: Callable[..., Any]
) -> list[ft.Control]:
    """At once, or in a few equal parts; each is judged on its own day."""
    s, t = session.sizes, session.t
    if amount_of(promise) is None or due_of(promise) is None:
        return []
    parts = parts_of(promise)
    rows: list[ft.Control] = [
        chips(
            chip(
                session,
                t("All at once") if n == 1 else t("In {n} parts", n=n),
                tap(change, parts=n),
                chosen=n == parts,
                key=f"parts-{n}",
            )
            for n in range(1, MOST_PARTS + 1)
        )
    ]
    if parts > 1:
        rows.append(
            one_of(
                session,
                "every",
                [(e, t.code("every", e)) for e in EVERY],
                str(promise["every"]),
                lambda v: tap(change, every=v),
            )
        )
        rows += [
            text(t("{amount} on {day}", amount=amount, day=day_in_words(session, on)), s.body)
            for amount, on in instalments_of(promise)
        ]
    return [question(t("In parts"), s, *rows)]


def _replaces(
    session: Session, view: CaseView, promise: Mapping[str, Any], change: Callable[..., Any], payer: str
) -> list[ft.Control]:
    """The promises of the payer that still stand: the one this takes the place of carries the tick."""
    t, chosen = session.t, replaced_by(promise, view.promises, payer)
    standing = standing_promises(view.promises, payer)
    if not standing:
        return []
    found = [
        chip(
            session,
            t(
                "Replaces {amount} promised for {day}",
                amount=p.amount,
                day=day_with_weekday(p.due_on, t),
            ),
            tap(change, replaces="" if p.activity_id == chosen else p.activity_id),
            chosen=p.activity_id == chosen,
            key="promise-replaces" if n == 0 else f"promise-replaces-{n}",
        )
        for n, p in enumerate(standing)
    ]
    return [chips(found)]


def promised_in_words(session: Session, form: Mapping[str, Any]) -> str:
    """Amount and day of the promise inside a call or a visit; empty while either is missing."""
    amount, due = amount_of(form["promise"]), due_of(form["promise"])
    if form["outcome"] != "promised" or amount is None or due is None:
        return ""
    return session.t("{amount} on {day}", amount=amount, day=day_with_weekday(due, session.t))
