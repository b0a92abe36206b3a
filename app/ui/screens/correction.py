"""更正: what of an own record was wrong, why, and what it should have said. Both stay in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.records import Activity
from app.i18n import mark
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.case_story import in_words
from app.ui.parts.chips import chip, chips, one_of, question, some_of, tap, tap_go
from app.ui.parts.correction_form import (
    AMOUNT,
    CHANGE,
    DAY,
    MEMBERS,
    PARTIES,
    PARTY,
    WITHDRAW,
    WORDS,
    changed,
    correction_record,
    ready,
)
from app.ui.parts.day_choice import DayChoice
from app.ui.parts.draft_keeper import DraftKeeper, use_draft
from app.ui.parts.form_frame import back_button, form_view, save_foot, saved_panel, use_left_behind
from app.ui.parts.form_names import form_name
from app.ui.parts.happened import Happened
from app.ui.parts.parties import party_in_words, people_of
from app.ui.parts.reasons import written
from app.ui.parts.surface import card, failed, nothing_here, waiting
from app.ui.parts.words import grey, text

if TYPE_CHECKING:
    from app.views import CaseView

WHYS: Final = (
    mark("Tapped the wrong answer"),
    mark("It belongs to another case"),
    mark("It is there twice"),
    mark("The day or amount was wrong"),
)
FURTHEST: Final = timedelta(days=366)


@screen
def CorrectionScreen() -> Any:  # noqa: N802
    """The form of the case in the address."""
    path = ft.use_view_path()
    form: Any = CorrectionForm  # a component takes a key beside its own arguments
    return form(ft.use_route_params()["case_id"], path, key=path)


@screen
def CorrectionForm(case_id: str, path: str) -> Any:  # noqa: N802
    """One correction; its draft, begun in the timeline, says of what."""
    session = use_session()
    t, notebook = session.t, session.notebook
    keeper = use_draft(case_id, routes.CORRECTION)
    use_left_behind(session, keeper)

    async def load() -> CaseView:
        view = await notebook.case(case_id)
        if await notebook.draft(case_id, routes.CORRECTION) is not None:
            await keeper.open(lambda: {"activity_id": ""})
        return view

    loaded = use_loaded(load, [session.edition], at_once=True)
    view, form = loaded.value, keeper.form
    standing = _standing(view, form)

    async def save() -> None:
        if view is None or keeper.form is None or standing is None or not ready(keeper.form, standing):
            return
        if await keeper.record([correction_record(view.case.case_id, keeper.form, standing, notebook.now())]):
            session.saved()

    on_save = use_action(save, [view, standing])
    title = form_name(t, routes.CORRECTION)
    if view is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return form_view(session, path, title, "", [body], [])
    name = view.case.borrower.name
    back = back_button(
        session, t("Back to {name}", name=name), tap_go(session, routes.parent(path)), "back-to-case"
    )
    if keeper.saved:
        return form_view(session, path, title, name, [saved_panel(session, [title])], [back])
    if form is None or standing is None:
        nothing = nothing_here(
            t("Nothing to correct"), t("Choose one of your own records in the timeline of the case."), session.sizes,
            icon=ft.Icons.EDIT_NOTE,
        )  # fmt: skip
        return form_view(session, path, title, name, [nothing], [back])
    hint = (
        t("Say what it should have been.")
        if form["how"] == CHANGE and not changed(form, standing)
        else ""
        if form["why"].strip()
        else t("Say why; both records stay.")
    )
    return form_view(
        session,
        path,
        title,
        name,
        [_was(session, view, standing), *_anew(session, keeper, view, standing, form), _why(session, keeper, form)],
        save_foot(session, keeper, t("Save the correction"), on_save, hint, ready=ready(form, standing)),
        keeper=keeper,
    )  # fmt: skip


def _standing(view: CaseView | None, form: Mapping[str, Any] | None) -> Activity | None:
    """The record as it stands now; as it was written where it was taken back."""
    if view is None or form is None:
        return None
    entry = next((e for e in view.timeline if e.activity.activity_id == form.get("of")), None)
    return None if entry is None else entry.standing or entry.activity


def _was(session: Session, view: CaseView, standing: Activity) -> ft.Control:
    s, t = session.sizes, session.t
    return card(
        ft.Column(
            [
                grey(t("As recorded"), s.label),
                text(f"{t.code('kind', standing.kind)} · {t.when(standing.happened_at)}", s.body, bold=True),
                text(in_words(view.case, standing, t), s.body),
            ],
            spacing=2,
            tight=True,
        ),
        key="was",
    )


def _anew(
    session: Session, keeper: DraftKeeper, view: CaseView, standing: Activity, form: Mapping[str, Any]
) -> list[ft.Control]:
    t, s = session.t, session.sizes
    ways = [(CHANGE, t("It was different")), (WITHDRAW, t("It did not happen: take it back"))]
    rows: list[ft.Control] = [
        question(t("What is wrong"), s, one_of(session, "how", ways, form["how"], lambda v: tap(keeper.change, how=v)))
    ]  # fmt: skip
    if form["how"] == CHANGE:
        rows += [
            question(
                t.code("field", name), s, *_asked(session, keeper, view, name, kind, form["body"].get(name))
            )
            for name, kind in MEMBERS.get(standing.kind, ())
        ]
        rows.append(Happened(form, keeper.change))
    return [card(ft.Column(rows, spacing=18, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))]


def _asked(
    session: Session, keeper: DraftKeeper, view: CaseView, name: str, kind: Any, value: Any
) -> list[ft.Control]:
    """The answers to choose among, or a line to write; what was recorded is chosen."""
    t, case = session.t, view.case
    people = [(p.party, party_in_words(case, p.party, t)) for p in people_of(case)]

    async def say(said: Any) -> None:
        await keeper.change_in("body", **{name: said})

    async def on_day(on: date) -> None:
        await say(on.isoformat())

    async def on_words(e: ft.Event[ft.TextField]) -> None:
        await say(e.control.value or "")

    async def toggle(party: str) -> None:
        held = list((keeper.form or {})["body"].get(name) or ())
        await say([p for p in held if p != party] if party in held else [*held, party])

    key = f"member-{name}"
    if kind == PARTY:
        return [one_of(session, key, people, str(value or ""), lambda v: tap(say, v))]
    if kind == PARTIES:
        return [some_of(session, key, people, value or (), lambda v: tap(toggle, v))]
    if kind == DAY:
        today = session.notebook.today_date()
        return [DayChoice(str(value or ""), (0, 1), today - FURTHEST, today + FURTHEST, on_day, key)]
    if kind in (WORDS, AMOUNT):
        keyboard = ft.KeyboardType.NUMBER if kind == AMOUNT else ft.KeyboardType.TEXT
        return [written(session, "", str(value or ""), on_words, key=key, keyboard_type=keyboard)]
    group, codes = kind
    options = [(c, t.code(group, c)) for c in codes]
    return [one_of(session, key, options, str(value or ""), lambda v: tap(say, v))]


def _why(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> ft.Control:
    t, s = session.t, session.sizes
    said = [t(why) for why in WHYS]

    async def own_words(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(why=e.control.value or "")

    return card(
        question(
            t("Why"),
            s,
            chips(
                chip(session, why, tap(keeper.change, why=why), chosen=form["why"] == why, key=f"why-{n}")
                for n, why in enumerate(said)
            ),
            written(
                session, t("In other words"), "" if form["why"] in said else form["why"], own_words, key="why"
            ),
        )
    )
