"""The small forms of a case (routes.SMALL): a few chips, one line of words, one save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flet as ft

from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.chips import Handler, tap, tap_go
from app.ui.parts.draft_keeper import use_draft
from app.ui.parts.form_frame import (
    back_button,
    form_view,
    restored_line,
    save_foot,
    saved_panel,
    thumb_button,
    use_left_behind,
)
from app.ui.parts.form_names import form_name
from app.ui.parts.happened import Happened
from app.ui.parts.parties import spaced
from app.ui.parts.promise_flow import to_promise
from app.ui.parts.small_questions import QUESTIONS
from app.ui.parts.small_records import begin, missing, record_of
from app.ui.parts.surface import card, failed, waiting
from app.ui.parts.words import mid_line

if TYPE_CHECKING:
    from app.views import CaseView


@screen
def SmallFormScreen() -> Any:  # noqa: N802
    """The form of the case in the address; its last part names it."""
    path = ft.use_view_path()
    round_, set_round = ft.use_state(0)
    form: Any = SmallForm  # a component takes a key beside its own arguments

    async def again() -> None:
        set_round(lambda n: n + 1)

    case_id = ft.use_route_params()["case_id"]
    return form(case_id, path, path.rsplit("/", 1)[1], again, key=f"{path}#{round_}")


@screen
def SmallForm(case_id: str, path: str, kind: str, again: Handler) -> Any:  # noqa: N802
    """One of them; `again` begins another of its kind."""
    session = use_session()
    t, notebook = session.t, session.notebook
    keeper = use_draft(case_id, kind)
    use_left_behind(session, keeper)

    async def load() -> CaseView:
        view = await notebook.case(case_id)
        await keeper.open(lambda: begin(kind, view, notebook.now()))
        return view

    loaded = use_loaded(load, [session.edition], at_once=True)
    view, form = loaded.value, keeper.form

    async def save() -> None:
        record = record_of(kind, case_id, keeper.form, notebook.now()) if keeper.form else None
        if record is not None and await keeper.record([record]):
            session.saved()

    on_save = use_action(save, [view])
    title = form_name(t, kind)
    if view is None or form is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return form_view(session, path, title, "", [body], [])
    name, lacking = view.case.borrower.name, missing(kind, form)
    # Which contact it is, the answer beside it says.
    hint = (
        t("Still missing: {what}", what=[mid_line(t.code("field", m)) for m in lacking if m != "old"])
        if lacking
        else ""
    )
    if keeper.saved:
        return _after(session, path, title, kind, view, form, again)
    return form_view(
        session,
        path,
        title,
        name,
        [
            *restored_line(session, keeper, lambda: begin(kind, view, notebook.now())),
            *QUESTIONS[kind](session, keeper, view, form),
            card(Happened(form, keeper.change)),
        ],
        save_foot(session, keeper, t("Save"), on_save, hint, ready=not lacking),
        keeper=keeper,
    )


def _after(
    session: Session,
    path: str,
    title: str,
    kind: str,
    view: CaseView,
    form: Mapping[str, Any],
    again: Handler,
) -> ft.View:
    """已保存; a guarantor who says they pay has to promise it to count; one contact checked leads to the next."""
    t, case_path, name = session.t, routes.parent(path), view.case.borrower.name
    foot: list[ft.Control] = []
    lines = [title]
    if kind == routes.DEMAND:
        lines.append(t.code("agreed", form["agreed"]))
        if form["agreed"] == "pays":
            foot.append(
                thumb_button(
                    session,
                    t("Enter their promise"),
                    tap(to_promise, session, view, case_path, form["guarantor_id"]),
                    icon=ft.Icons.EVENT_AVAILABLE,
                    key="to-promise",
                )
            )
    if kind == routes.CHECK:
        old = spaced(form["old"]) if form["field"] == "phone" else form["old"]
        lines = [t("{what}: {about}", what=old, about=t.code("contact_state", form["state"]))]
        more = t("Check the next")
        foot.append(thumb_button(session, more, again, icon=ft.Icons.CONTACT_PHONE_OUTLINED, key="again"))
    foot.append(
        back_button(session, t("Back to {name}", name=name), tap_go(session, case_path), "back-to-case")
    )
    return form_view(session, path, title, name, [saved_panel(session, lines)], foot)
