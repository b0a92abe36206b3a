"""The small forms of a case: 要求担保人, 核对, 上报, 备注. A few chips, one line of words, one save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.codes import DEMAND_AGREED, DEMAND_METHODS, REFERRAL_TO
from app.domain.record import new_activity_id
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.chips import one_of, question, tap, tap_go
from app.ui.parts.contact_form import happened_at
from app.ui.parts.draft_keeper import DraftKeeper, use_draft
from app.ui.parts.form_frame import (
    back_button,
    form_view,
    restored_line,
    save_foot,
    saved_panel,
    thumb_button,
    use_left_behind,
)
from app.ui.parts.happened import Happened
from app.ui.parts.parties import spaced
from app.ui.parts.reasons import written
from app.ui.parts.surface import card, failed, waiting
from app.ui.parts.words import grey, text
from app.views import NewActivity

if TYPE_CHECKING:
    from app.views import CaseView

Form = Mapping[str, Any]
CHECKS: Final = ("confirmed", "changed", "invalid")


def fresh(kind: str, now: datetime) -> dict[str, Any]:
    """A form with its own id and nothing said."""
    begun = {
        "activity_id": new_activity_id(now),
        "started_at": now.isoformat(),
        "happened_at": "",
        "note": "",
    }
    own: dict[str, dict[str, Any]] = {
        routes.DEMAND: {"guarantor_id": "", "method": "call", "agreed": ""},
        routes.CHECK: {"party": "", "field": "", "old": "", "state": "", "new": ""},
        routes.REFERRAL: {"to": "", "why": ""},
        routes.NOTE: {"text": ""},
    }
    return begun | own[kind]


def record_of(kind: str, case_id: str, form: Form, now: datetime) -> NewActivity | None:
    """The record; None while something is missing."""
    if kind == routes.DEMAND:
        ready = form["guarantor_id"] and form["agreed"]
        body = {name: form[name] for name in ("guarantor_id", "method", "agreed")}
        name = "guarantor_demand"
    elif kind == routes.CHECK:
        ready = form["old"] and form["state"] and (form["state"] != "changed" or form["new"].strip())
        body = {name: form[name] for name in ("party", "field", "old", "state")}
        body |= {"new": form["new"].strip()} if form["state"] == "changed" else {}
        name = "contact_check"
    elif kind == routes.REFERRAL:
        ready = form["to"] and form["why"].strip()
        body, name = {"to": form["to"], "why": form["why"].strip()}, "referral"
    else:
        ready, body, name = form["text"].strip(), {"text": form["text"].strip()}, "note"
    if not ready:
        return None
    if form["note"].strip() and kind in (routes.DEMAND, routes.CHECK):
        body["note"] = form["note"].strip()
    return NewActivity(
        case_id, name, body, activity_id=form["activity_id"], happened_at=happened_at(form, now)
    )


@screen
def SmallFormScreen() -> Any:  # noqa: N802
    """The form of the case in the address; its last part names it."""
    path = ft.use_view_path()
    form: Any = SmallForm  # a component takes a key beside its own arguments
    return form(ft.use_route_params()["case_id"], path, path.rsplit("/", 1)[1], key=path)


@screen
def SmallForm(case_id: str, path: str, kind: str) -> Any:  # noqa: N802
    """One of them."""
    session = use_session()
    t, notebook = session.t, session.notebook
    keeper = use_draft(case_id, kind)
    use_left_behind(session, keeper)

    async def load() -> CaseView:
        view = await notebook.case(case_id)
        await keeper.open(lambda: _begin(kind, view, notebook.now()))
        return view

    loaded = use_loaded(load, [session.edition])
    view, form = loaded.value, keeper.form

    async def save() -> None:
        record = record_of(kind, case_id, keeper.form, notebook.now()) if keeper.form else None
        if record is not None and await keeper.record([record]):
            session.saved()

    on_save = use_action(save, [view])
    title = _title(session, kind)
    if view is None or form is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return form_view(session, path, title, "", [body], [])
    name = view.case.borrower.name
    if keeper.saved:
        return _after(session, path, title, name, kind, form)
    ready = record_of(kind, case_id, form, notebook.now()) is not None
    questions = {
        routes.DEMAND: _demand,
        routes.CHECK: _check,
        routes.REFERRAL: _referral,
        routes.NOTE: _note,
    }[kind]
    return form_view(
        session,
        path,
        title,
        name,
        [
            *restored_line(session, keeper, lambda: _begin(kind, view, notebook.now())),
            *questions(session, keeper, view, form),
            card(Happened(form, keeper.change)),
        ],
        save_foot(session, keeper, t("Save"), on_save, "", ready=ready),
        keeper=keeper,
    )


def _title(session: Session, kind: str) -> str:
    t = session.t
    return {
        routes.DEMAND: t("Ask the guarantor"),
        routes.CHECK: t("Check contacts"),
        routes.REFERRAL: t("Refer"),
        routes.NOTE: t("Note"),
    }[kind]


def _begin(kind: str, view: CaseView, now: datetime) -> dict[str, Any]:
    """What the procedure asks for next is chosen already."""
    form = fresh(kind, now)
    asked = [s for s in view.steps if not s.done]
    if kind == routes.DEMAND:
        due = next((s.party for s in asked if s.kind == "guarantor_demand"), "")
        only = view.case.guarantors[0].guarantor_id if len(view.case.guarantors) == 1 else ""
        form["guarantor_id"] = due or only
    if kind == routes.REFERRAL:
        steps = {s.step for s in asked}
        form["to"] = (
            "blacklist"
            if "blacklist_review" in steps
            else "legal"
            if {"legal_referral", "guarantee_suit"} & steps
            else ""
        )
    return form


def _demand(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
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
    return [card(ft.Column(rows, spacing=18, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))]


def _check(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    """Every contact one under another, each with its three answers; one is saved at a time."""
    s, t = session.sizes, session.t
    cards: list[ft.Control] = []
    for person in view.people:
        for n, point in enumerate(person.points):
            chosen = (form["party"], form["field"], form["old"]) == (person.party, point.field, point.value)

            def answer(state: str, person: Any = person, point: Any = point) -> Any:
                return tap(
                    keeper.change, party=person.party, field=point.field, old=point.value, state=state, new=""
                )

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


def _referral(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    s, t = session.sizes, session.t
    rows: list[ft.Control] = [
        question(
            t("To whom"),
            s,
            one_of(
                session, "to", [(r, t.code("referral_to", r)) for r in REFERRAL_TO], form["to"],
                lambda v: tap(keeper.change, to=v),
            ),
        ),
        _words(session, keeper, form, "why", t("Why"), lines=3),
    ]  # fmt: skip
    return [card(ft.Column(rows, spacing=18, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))]


def _note(session: Session, keeper: DraftKeeper, view: CaseView, form: Form) -> Sequence[ft.Control]:
    return [card(_words(session, keeper, form, "text", session.t("What is worth keeping"), lines=4))]


def _words(
    session: Session, keeper: DraftKeeper, form: Form, name: str, label: str, lines: int = 1
) -> ft.TextField:
    async def on_change(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(**{name: e.control.value or ""})

    return written(session, label, form[name], on_change, key=name, lines=lines)


def _after(session: Session, path: str, title: str, name: str, kind: str, form: Form) -> ft.View:
    """已保存; a guarantor who says they pay has to promise it to count."""
    t, case_path = session.t, routes.parent(path)
    foot: list[ft.Control] = []
    lines = [title]
    if kind == routes.DEMAND:
        lines.append(t.code("agreed", form["agreed"]))
        if form["agreed"] == "pays":
            foot.append(
                thumb_button(
                    session,
                    t("Enter their promise"),
                    tap_go(session, routes.form_path(case_path, routes.PROMISE)),
                    icon=ft.Icons.EVENT_AVAILABLE,
                    key="to-promise",
                )
            )
    foot.append(
        back_button(session, t("Back to {name}", name=name), tap_go(session, case_path), "back-to-case")
    )
    return form_view(session, path, title, name, [saved_panel(session, lines)], foot)
