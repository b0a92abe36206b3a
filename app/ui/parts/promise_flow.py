"""On to the promise form from another record: who promises is known there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ports import NotebookError
from app.ui import routes
from app.ui.context import Session
from app.ui.parts.promise_form import fresh_promise
from app.views import Draft

if TYPE_CHECKING:
    from app.views import CaseView


async def to_promise(session: Session, view: CaseView, case_path: str, party: str) -> None:
    """Show 承诺 with `party` as who promises. A promise begun earlier is shown as it stands."""
    notebook, case_id = session.notebook, view.case.case_id
    try:
        if await notebook.draft(case_id, routes.PROMISE) is None:
            form = fresh_promise(view.figures, notebook.now())
            form["promise"] = {**form["promise"], "party": party}
            await notebook.save_draft(Draft(form["activity_id"], case_id, routes.PROMISE, form))
    except NotebookError as e:
        session.say(session.t.say(e.message))
    session.go(routes.form_path(case_path, routes.PROMISE))
