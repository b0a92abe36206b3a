"""电话结果: there when one comes back from the dialler; one tap for the outcome, one for 保存."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.plan import PlanItem
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.chips import chip, chips, one_of, question, tap, tap_go
from app.ui.parts.contact_form import CALL_REACHED, CALL_UNREACHED, call_records, fresh_call, reached
from app.ui.parts.demands import demand_questions
from app.ui.parts.dial_flow import dial
from app.ui.parts.draft_keeper import DraftKeeper, use_draft
from app.ui.parts.form_frame import (
    NEUTRAL,
    advice,
    back_button,
    claim_button,
    form_view,
    restored_line,
    save_foot,
    saved_panel,
    thumb_button,
    use_left_behind,
)
from app.ui.parts.gate import gate_panel, warnings_of
from app.ui.parts.happened import Happened
from app.ui.parts.next_call import next_call, next_call_card
from app.ui.parts.outcome_choice import OutcomeChoice
from app.ui.parts.parties import party_in_words, people_of, spaced
from app.ui.parts.promise_fields import PromiseFields, no_cash_line, promised_in_words
from app.ui.parts.promise_flow import to_promise
from app.ui.parts.reasons import note_field, reason_questions
from app.ui.parts.surface import card, failed, waiting
from app.ui.parts.words import grey

if TYPE_CHECKING:
    from app.views import CaseView

Load = tuple["CaseView", PlanItem | None]


@screen
def CallResultScreen() -> Any:  # noqa: N802
    """The form of the case in the address."""
    path = ft.use_view_path()
    form: Any = CallForm  # a component takes a key beside its own arguments
    return form(ft.use_route_params()["case_id"], path, key=path)


@screen
def CallForm(case_id: str, path: str) -> Any:  # noqa: N802
    """One call, and then the next of the list."""
    session = use_session()
    t, notebook = session.t, session.notebook
    keeper = use_draft(case_id, "call")
    use_left_behind(session, keeper)

    async def load() -> Load:
        view = await notebook.case(case_id)
        await keeper.open(lambda: fresh_call(view.case, view.figures, notebook.now()))
        return view, next_call(await notebook.today(here=session.here), case_id)

    loaded = use_loaded(load, [session.edition])
    view, following = loaded.value or (None, None)

    async def save() -> None:
        if view is None or keeper.form is None or not keeper.form["outcome"]:
            return
        if await keeper.record(call_records(view.case, keeper.form, view.promises, notebook.now())):
            session.saved()

    on_save = use_action(save, [view])

    async def dial_next() -> None:
        if following is not None:
            await _dial_next(session, following, path)

    on_next = use_action(dial_next, [following])

    async def dial_all_the_same() -> None:
        if keeper.form is not None:
            await keeper.change(undialled=False)
            await session.device.dial(keeper.form["number"])

    on_dial = use_action(dial_all_the_same, [view])
    form = keeper.form
    if view is None or form is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return form_view(session, path, t("Call result"), "", [body], [])
    if keeper.saved:
        return _after(session, path, view, form, following, on_next)
    about = t(
        "{who} · {number}", who=party_in_words(view.case, form["party"], t), number=spaced(form["number"])
    )
    if form.get("undialled"):
        return _before_dialling(session, keeper, view, path, about, on_dial)
    return form_view(
        session,
        path,
        t("Call result"),
        about,
        _questions(session, keeper, view, form),
        save_foot(
            session,
            keeper,
            _save_label(session, form),
            on_save,
            "" if form["outcome"] else t("What came of the call?"),
            ready=bool(form["outcome"]),
        ),
        keeper=keeper,
    )


def _before_dialling(
    session: Session, keeper: DraftKeeper, view: CaseView, path: str, about: str, on_dial: Any
) -> ft.View:
    """A rule stands against this call: which one, and a reason for going on."""
    form = keeper.form or {}
    blocked = session.notebook.may_contact(view.case.case_id, form["party"], form["number"])
    why = str(form.get("override") or "")
    ready = bool(why.strip()) or not any(h.blocks for h in blocked)
    button = thumb_button(
        session, session.t("Call"), on_dial, icon=ft.Icons.CALL, key="dial-anyway", disabled=not ready
    )
    return form_view(
        session, path, session.t("Call"), about, [gate_panel(session, blocked, why, keeper.change)], [button]
    )


def _questions(
    session: Session, keeper: DraftKeeper, view: CaseView, form: Mapping[str, Any]
) -> list[ft.Control]:
    t = session.t

    def pick(outcome: str) -> Any:
        return tap(keeper.change, outcome=outcome)

    def outcomes(codes: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(o, t.code("outcome", o)) for o in codes]

    groups = [(t("Not reached"), outcomes(CALL_UNREACHED)), (t("Reached"), outcomes(CALL_REACHED))]

    async def change_promise(**members: Any) -> None:
        await keeper.change_in("promise", **members)

    known = session.notebook.may_contact(view.case.case_id, form["party"], form["number"])
    rows: list[ft.Control] = [
        *warnings_of(session, known),
        *restored_line(session, keeper, lambda: fresh_call(view.case, view.figures, session.notebook.now())),
        card(OutcomeChoice(groups, form["outcome"], pick)),
    ]
    if form["outcome"] == "promised":
        rows.append(card(PromiseFields(view, form["promise"], change_promise, form["party"])))
        rows.append(no_cash_line(session))
    if form["outcome"] == "callback":
        rows.append(card(_callback(session, keeper, form)))
    if reached(form):
        rows.append(
            card(
                ft.Column(
                    reason_questions(session, keeper, view, form),
                    spacing=18,
                    tight=True,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                )
            )
        )
    rows += demand_questions(session, keeper, view, form)
    if view.trading:
        rows.append(advice(session, t(NEUTRAL), ft.Icons.VOLUNTEER_ACTIVISM_OUTLINED))
    rows.append(
        card(
            ft.Column(
                [
                    note_field(session, keeper, form),
                    Happened(form, keeper.change),
                    _whom(session, keeper, view, form),
                ],
                spacing=18,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            )
        )
    )
    return rows


def _whom(session: Session, keeper: DraftKeeper, view: CaseView, form: Mapping[str, Any]) -> ft.Control:
    """Whom the call went to: changed only when another was dialled than the app knows of."""
    t = session.t
    numbers = [(p.party, n.number) for p in people_of(view.case) for n in p.phones]
    found = [
        chip(
            session,
            f"{party_in_words(view.case, party, t)} {spaced(number)}",
            tap(keeper.change, party=party, number=number),
            chosen=(party, number) == (form["party"], form["number"]),
            key=f"dialled-{party}-{number}",
        )
        for party, number in numbers
    ]
    direction = [("out", t("I called")), ("in", t("They called"))]
    return ft.Column(
        [
            question(t("Number"), session.sizes, chips(found)),
            one_of(
                session, "direction", direction, form["direction"], lambda v: tap(keeper.change, direction=v)
            ),
        ],
        spacing=10,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _callback(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> ft.Control:
    """When to call again; not needed to save."""
    t, now = session.t, session.notebook.now()
    tomorrow = now.date() + timedelta(days=1)
    at = [datetime.combine(now.date(), time(h), now.tzinfo) for h in (12, 15, 18, 20)]
    offered = [m for m in at if m > now + timedelta(minutes=20)][:3]
    offered += [datetime.combine(tomorrow, time(h), now.tzinfo) for h in (9, 15)]
    options = [
        (m.isoformat(), f"{t.code('day', 'today') if m.date() == now.date() else t('Tomorrow')} {m:%H:%M}")
        for m in offered
    ]
    kept = form["callback_at"]
    if kept and kept not in dict(options):
        options.append((kept, t.when(datetime.fromisoformat(kept))))
    return question(
        t("Call again at"),
        session.sizes,
        one_of(
            session,
            "callback",
            options,
            kept,
            lambda v: tap(keeper.change, callback_at="" if v == kept else v),
        ),
    )


def _save_label(session: Session, form: Mapping[str, Any]) -> str:
    t = session.t
    if not form["outcome"]:
        return t("Save")
    what = promised_in_words(session, form) or t.code("outcome", form["outcome"])
    return t("Save: {what}", what=what)


def _after(
    session: Session,
    path: str,
    view: CaseView,
    form: Mapping[str, Any],
    following: PlanItem | None,
    on_next: Any,
) -> ft.View:
    """已保存, and the next call."""
    s, t = session.sizes, session.t
    name = view.case.borrower.name
    case_path = routes.parent(path)
    lines = [
        t(
            "{who}: {outcome}",
            who=party_in_words(view.case, form["party"], t),
            outcome=t.code("outcome", form["outcome"]),
        )
    ]
    promised = promised_in_words(session, form)
    body: list[ft.Control] = []
    foot: list[ft.Control] = []
    if promised:
        lines.append(t("Promise: {what}", what=promised))
    body.append(saved_panel(session, lines))
    if form["outcome"] == "promised" and not promised:
        body.append(advice(session, t("The day of the promise is still missing."), ft.Icons.EVENT_BUSY))
        enter = tap(to_promise, session, view, case_path, form["party"])
        foot.append(
            thumb_button(
                session, t("Enter the promise"), enter, icon=ft.Icons.EVENT_AVAILABLE, key="to-promise"
            )
        )
    elif following is not None:
        foot += claim_button(session, form, case_path)
        body.append(next_call_card(session, following))
        label = t("Next: dial {name}", name=following.name)
        foot.append(thumb_button(session, label, on_next, icon=ft.Icons.CALL, key="next"))
    else:
        foot += claim_button(session, form, case_path)
        body.append(ft.Container(grey(t("The call list of today is done."), s.body), padding=8))
    foot.append(
        back_button(session, t("Back to {name}", name=name), tap_go(session, case_path), "back-to-case")
    )
    return form_view(session, path, t("Call result"), name, body, foot)


async def _dial_next(session: Session, item: PlanItem, path: str) -> None:
    view = await session.notebook.case(item.case_id)
    people = people_of(view.case)
    case_path = routes.case_path(item.case_id, routes.tab_of(path))
    wanted = next((s.party for s in item.steps if not s.done and s.kind in ("call", "guarantor_demand")), "")
    first = next((p for p in people if p.party == wanted and p.phones), None) or next(
        (p for p in people if p.phones), None
    )
    if first is None:
        session.go(case_path)
        return
    await dial(session, view.case, view.figures, first.party, first.phones[0].number, case_path)
