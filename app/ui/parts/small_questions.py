"""The questions of the small forms: 要求担保人, 核对, 上报, 备注, 行踪, 客户称已还. A few chips, one line of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.codes import DEMAND_AGREED, DEMAND_METHODS, REFERRAL_TO
from app.domain.records import BORROWER, day
from app.i18n import mark
from app.ui import routes
from app.ui.context import Session
from app.ui.parts.amount_choice import amount_chips, typed_amount
from app.ui.parts.chips import Handler, chip, chips, one_of, question, tap
from app.ui.parts.day_choice import DayChoice
from app.ui.parts.parties import party_in_words, people_of, spaced
from app.ui.parts.reasons import written
from app.ui.parts.small_records import record_of
from app.ui.parts.surface import card
from app.ui.parts.words import grey, text

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper
    from app.views import CaseView

Form = Mapping[str, Any]
CHECKS: Final = ("confirmed", "changed", "invalid")
# Words an officer would otherwise type at every door; what they tap is what is written.
TIMES: Final = (
    mark("Mornings"), mark("At noon"), mark("Evenings"), mark("On market days"), mark("At weekends"),
    mark("At the festivals"),
)  # fmt: skip
SOURCES: Final = (
    mark("They said so themselves"), mark("Their family"), mark("A neighbour"), mark("The village office"),
    mark("A guarantor"), mark("I saw it myself"),
)  # fmt: skip
CHANNELS: Final = (
    mark("At the counter"), mark("At a cash machine"), mark("By mobile banking"), mark("By WeChat or Alipay"),
    mark("Somebody paid for them"),
)  # fmt: skip
AVOID_DAYS: Final = (3, 7, 30)
FURTHEST: Final = timedelta(days=366)
LONGEST_AGO: Final = timedelta(days=60)


def demand(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    """What a guarantor answered."""
    s, t = session.sizes, session.t
    people = [(g.guarantor_id, g.name) for g in view.case.guarantors]
    rows: list[ft.Control] = [
        question(
            t("What did they say"),
            s,
            one_of(
                session, "agreed", [(a, t.code("agreed", a)) for a in DEMAND_AGREED], form["agreed"],
                lambda v: tap(keeper.change, agreed=v),
            ),
        ),
        question(
            t("Which guarantor"),
            s,
            one_of(session, "guarantor", people, form["guarantor_id"], lambda v: tap(keeper.change, guarantor_id=v)),
        ),
        question(
            t("How"),
            s,
            one_of(
                session, "method", [(m, t.code("demand_method", m)) for m in DEMAND_METHODS], form["method"],
                lambda v: tap(keeper.change, method=v),
            ),
        ),
        _words(session, keeper, form, "note", t("Note")),
    ]  # fmt: skip
    return [_one_card(rows)]


def check(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    """Every contact one under another, each with its three answers; one is saved at a time.

    属实 is the one answer that needs no more words and is given most: the tap saves it.
    """
    s, t = session.sizes, session.t
    cards: list[ft.Control] = []

    async def confirmed(**about: str) -> None:
        await keeper.change(state="confirmed", new="", **about)
        if keeper.form is None:
            return
        record = record_of(routes.CHECK, view.case.case_id, keeper.form, session.notebook.now())
        if record is not None and await keeper.record([record]):
            session.saved()

    for person in view.people:
        for n, point in enumerate(person.points):
            chosen = (form["party"], form["field"], form["old"]) == (person.party, point.field, point.value)

            def answer(state: str, person: Any = person, point: Any = point) -> Any:
                about = {"party": person.party, "field": point.field, "old": point.value}
                if state == "confirmed":
                    return tap(confirmed, **about)
                return tap(keeper.change, **about, state=state, new="")

            facts = [t.code("role", person.role)]
            if point.unconfirmed:
                facts.append(t("not yet confirmed by the branch"))
            elif point.state:
                facts.append(t.code("contact_state", point.state))
            shown = spaced(point.value) if point.field == "phone" else point.value
            rows: list[ft.Control] = [
                grey(f"{person.name} · {' · '.join(facts)}", s.label),
                text(shown, s.strong, bold=True),
                one_of(
                    session,
                    f"check-{person.party}-{point.field}-{n}",
                    [(c, t.code("contact_state", c)) for c in CHECKS],
                    form["state"] if chosen else "",
                    answer,
                ),
            ]
            if chosen and form["state"] == "changed":
                rows.append(_words(session, keeper, form, "new", t("The new one")))
            cards.append(
                card(
                    ft.Column(rows, spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
                )
            )
    return cards


def referral(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    """What is asked for, and why."""
    s, t = session.sizes, session.t
    rows: list[ft.Control] = [
        question(
            t("What for"),
            s,
            one_of(
                session, "to", [(r, t.code("referral_to", r)) for r in REFERRAL_TO], form["to"],
                lambda v: tap(keeper.change, to=v),
            ),
        ),
        _words(session, keeper, form, "why", t("Why"), lines=3),
    ]  # fmt: skip
    return [_one_card(rows)]


def note(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    """Words worth keeping."""
    return [card(_words(session, keeper, form, "text", session.t("What is worth keeping"), lines=4))]


def whereabouts(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    """Where they are to be found and when; until when not to come."""
    s, t, today = session.sizes, session.t, session.notebook.today_date()

    async def seen(on: Any) -> None:
        await keeper.change(seen_on=on.isoformat())

    rows: list[ft.Control] = [
        _words(session, keeper, form, "place", t("Where they are to be found"), lines=2),
        _said(session, keeper, form, "when", t("When they are there"), TIMES),
        _said(session, keeper, form, "source", t("Who says so"), SOURCES),
        question(
            t("Seen or heard on"), s, DayChoice(form["seen_on"], (0, -1), today - LONGEST_AGO, today, seen, "seen")
        ),
        _words(session, keeper, form, "best_time", t("Best time to come or call")),
        question(t("Not to be visited until after"), s, *_avoid(session, keeper, form)),
        *_whose(session, keeper, view, form),
    ]  # fmt: skip
    return [_one_card(rows)]


def _avoid(session: Session, keeper: DraftKeeper, form: Form) -> list[ft.Control]:
    t, today = session.t, session.notebook.today_date()

    async def until(on: Any) -> None:
        await keeper.change(avoid_until=on.isoformat())

    rows: list[ft.Control] = [
        DayChoice(form["avoid_until"], AVOID_DAYS, today, today + FURTHEST, until, "avoid")
    ]
    if day(form["avoid_until"]) is not None:
        rows.append(
            chips([chip(session, t("Any day"), tap(keeper.change, avoid_until=""), key="avoid-none")])
        )
        rows.append(_words(session, keeper, form, "avoid_why", t("Why not before")))
    return rows


def claim(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    """What they say they have paid: the branch can look for it by amount, day and way."""
    s, t, today = session.sizes, session.t, session.notebook.today_date()

    async def paid(on: Any) -> None:
        await keeper.change(paid_on=on.isoformat())

    rows: list[ft.Control] = [
        question(t("How much"), s, amount_chips(session, view.figures, form, keeper.change)),
        *typed_amount(session, form, keeper.change),
        question(
            t("Paid on"), s, DayChoice(form["paid_on"], (0, -1, -2), today - LONGEST_AGO, today, paid, "paid")
        ),
        _said(session, keeper, form, "channel", t("How it was paid"), CHANNELS),
        _words(session, keeper, form, "account_tail", t("Account ending, if known")),
        *_whose(session, keeper, view, form),
        _words(session, keeper, form, "note", t("Note")),
    ]  # fmt: skip
    return [_one_card(rows)]


QUESTIONS: Final = {
    routes.DEMAND: demand,
    routes.CHECK: check,
    routes.REFERRAL: referral,
    routes.NOTE: note,
    routes.WHEREABOUTS: whereabouts,
    routes.CLAIM: claim,
}


def _one_card(rows: list[ft.Control]) -> ft.Control:
    return card(ft.Column(rows, spacing=18, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def _whose(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> list[ft.Control]:
    """Who it is about; not asked where there is only the borrower."""
    t = session.t
    people = [(p.party, party_in_words(view.case, p.party, t)) for p in people_of(view.case)]
    if people == [(BORROWER, view.case.borrower.name)]:
        return []
    return [
        question(
            t("Who it is about"),
            session.sizes,
            one_of(session, "party", people, form["party"], lambda v: tap(keeper.change, party=v)),
        )
    ]


def _said(
    session: Session, keeper: DraftKeeper, form: Form, name: str, title: str, offered: Sequence[str]
) -> ft.Control:
    """Words to tap, and a line for others."""
    t = session.t
    said = [(t(words), t(words)) for words in offered]

    def pick(words: str) -> Handler:
        return tap(keeper.change, **{name: words})

    own = "" if form[name] in dict(said) else form[name]
    return question(
        title,
        session.sizes,
        chips(
            chip(session, words, pick(words), chosen=form[name] == words, key=f"{name}-{n}")
            for n, (words, _) in enumerate(said)
        ),
        _words(session, keeper, {name: own}, name, t("In other words")),
    )


def _words(
    session: Session, keeper: DraftKeeper, form: Form, name: str, label: str, lines: int = 1
) -> ft.TextField:
    async def on_change(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(**{name: e.control.value or ""})

    return written(session, label, form[name], on_change, key=name, lines=lines)
