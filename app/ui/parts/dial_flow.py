"""Dialling: the draft first, then the dialler, then the form that waits for the officer to come back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.domain.records import Case, Figures, instant
from app.ports import NotSaved
from app.ui import routes
from app.ui.context import Session
from app.ui.parts.contact_form import fresh_call
from app.views import Draft

SAME_TAP: Final = timedelta(seconds=2)


async def dial(
    session: Session, case: Case, figures: Figures, party: str, number: str, case_path: str
) -> None:
    """Keep what is dialled as a draft, open the dialler, show 电话结果. Raises NotSaved when the draft cannot be kept:
    dialled it is all the same, since a full phone is no reason not to call.

    Where a rule stands against it, nothing is dialled: the form asks for a reason first. A call whose outcome was chosen but never saved is shown instead: dialling again would mix two calls.
    """
    notebook = session.notebook
    now = notebook.now()
    earlier = await notebook.draft(case.case_id, "call")
    form_route = routes.form_path(case_path, routes.CALL)
    if earlier is not None and earlier.form.get("outcome"):
        session.say(session.t("The last call is not saved yet. Save it first, then dial."))
        session.go(form_route)
        return
    if earlier is not None and earlier.form.get("number") == number and _just_now(earlier, now):
        session.go(form_route)  # a second touch of the same tap
        return
    hindered = notebook.may_contact(case.case_id, party, number)
    blocked = any(h.blocks for h in hindered)
    fresh = {**fresh_call(case, figures, now), "party": party, "number": number, "undialled": blocked}
    if earlier is not None:  # dialled and never noted: the same draft, the newer call
        fresh |= {"activity_id": earlier.form["activity_id"], "promise_id": earlier.form["promise_id"]}
    try:
        await notebook.save_draft(
            Draft(earlier.draft_id if earlier else fresh["activity_id"], case.case_id, "call", fresh)
        )
    except NotSaved:
        if not blocked:
            await session.device.dial(number)
        raise
    session.go(form_route)
    if blocked:
        return  # the form says which rule, and dials once there is a reason
    if hindered:
        session.say(session.t.say(hindered[0].text))
    await session.device.dial(number)


def _just_now(earlier: Draft, now: datetime) -> bool:
    started = instant(earlier.form.get("started_at"))
    return started is not None and timedelta() <= now - started < SAME_TAP
