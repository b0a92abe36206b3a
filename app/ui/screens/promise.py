"""承诺: amount, date, who; two taps and 保存."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.records import BORROWER
from app.ui import routes
from app.ui.context import use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.chips import tap_go
from app.ui.parts.contact_form import promise_records
from app.ui.parts.draft_keeper import use_draft
from app.ui.parts.form_frame import (
    back_button,
    form_view,
    restored_line,
    save_foot,
    saved_panel,
    use_left_behind,
)
from app.ui.parts.happened import Happened
from app.ui.parts.promise_fields import PromiseFields, no_cash_line
from app.ui.parts.promise_form import amount_of, due_of, fresh_promise
from app.ui.parts.reasons import note_field
from app.ui.parts.surface import card, failed, waiting
from app.ui.parts.words import day_with_weekday

if TYPE_CHECKING:
    from app.views import CaseView


@screen
def PromiseScreen() -> Any:  # noqa: N802
    """The form of the case in the address."""
    path = ft.use_view_path()
    form: Any = PromiseForm  # a component takes a key beside its own arguments
    return form(ft.use_route_params()["case_id"], path, key=path)


@screen
def PromiseForm(case_id: str, path: str) -> Any:  # noqa: N802
    """One promise. Its draft is there from the first tap."""
    session = use_session()
    t, notebook = session.t, session.notebook
    keeper = use_draft(case_id, "promise")
    use_left_behind(session, keeper)

    async def load() -> CaseView:
        view = await notebook.case(case_id)
        await keeper.open(lambda: fresh_promise(view.figures, notebook.now()))
        return view

    loaded = use_loaded(load, [session.edition], at_once=True)
    view, form = loaded.value, keeper.form

    async def save() -> None:
        if view is None or keeper.form is None:
            return
        if await keeper.record(promise_records(view.case, keeper.form, view.promises, notebook.now())):
            session.saved()

    on_save = use_action(save, [view])
    title = t("Promise")
    if view is None or form is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return form_view(session, path, title, "", [body], [])
    name, promise = view.case.borrower.name, form["promise"]
    amount, due = amount_of(promise), due_of(promise)
    said = t("{amount} on {day}", amount=amount, day=day_with_weekday(due, t)) if amount and due else ""
    if keeper.saved:
        done = back_button(
            session, t("Back to {name}", name=name), tap_go(session, routes.parent(path)), "back-to-case"
        )
        return form_view(session, path, title, name, [saved_panel(session, [said])], [done])
    ready = bool(said)
    hint = "" if ready else t("Choose an amount.") if not amount else t("Choose the day of payment.")

    async def change(**members: Any) -> None:
        await keeper.change_in("promise", **members)

    return form_view(
        session,
        path,
        title,
        t("{name} · overdue {amount}", name=name, amount=view.figures.amount_due),
        [
            *restored_line(session, keeper, lambda: fresh_promise(view.figures, notebook.now())),
            card(PromiseFields(view, promise, change, BORROWER)),
            card(
                ft.Column(
                    [Happened(form, keeper.change), note_field(session, keeper, form)],
                    spacing=18,
                    tight=True,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                )
            ),
            ft.Container(no_cash_line(session), padding=ft.Padding.symmetric(horizontal=4)),
        ],
        save_foot(
            session, keeper, t("Save: {what}", what=said) if ready else t("Save"), on_save, hint, ready=ready
        ),
        keeper=keeper,
    )
