"""客户详情: what to do next, what is owed, who is who, what happened."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.places import door_of
from app.domain.records import Address
from app.domain.steps import Step, next_step
from app.i18n import mark
from app.ui import routes
from app.ui.context import Session, use_session_while_shown
from app.ui.guard import memo, screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.action_bar import Action, action_bar
from app.ui.parts.case_head import NextStep, Owed
from app.ui.parts.case_people import Dial, number_sheet
from app.ui.parts.case_rest import CaseRest
from app.ui.parts.chips import Handler, tap, tap_go
from app.ui.parts.dial_flow import dial
from app.ui.parts.form_frame import NEUTRAL, advice
from app.ui.parts.parties import first_number, people_of
from app.ui.parts.surface import failed, waiting
from app.ui.parts.words import line_width, pill, text
from app.ui.theme import BAR_ROOM, EDGE, PAGE

if TYPE_CHECKING:
    from app.views import CaseView


@screen
def CaseScreen() -> Any:  # noqa: N802
    """The case in the address."""
    path = ft.use_view_path()
    session = use_session_while_shown()
    today = session.notebook.today_date()
    return _kept_file(ft.use_route_params()["case_id"], path, session, today, key=path)


@screen
def CaseFile(case_id: str, path: str, session: Session, today: date) -> Any:  # noqa: N802
    """One case, read anew after every save and sync."""
    t, s = session.t, session.sizes
    loaded = use_loaded(
        lambda: session.notebook.case(case_id, here=session.here),
        [session.edition, session.here, today],
        at_once=True,
    )
    choosing, set_choosing = ft.use_state(False)
    view = loaded.value

    async def call(party: str, number: str) -> None:
        set_choosing(False)
        if view is not None:
            await dial(session, view.case, view.figures, party, number, path)

    async def call_first() -> None:
        first = first_number(people_of(view.case)) if view is not None else None
        if first is None:
            session.say(t("No telephone number is known in this case."))
        else:
            await call(*first)

    async def navigate(address: Address) -> None:
        await session.device.navigate(address.lat, address.lon, address.text)

    on_call = use_action(call, [view, path])
    on_call_first = use_action(call_first, [view, path])
    on_navigate = use_action(navigate)

    def dial_to(party: str, number: str) -> Handler:
        return tap(on_call, party, number)

    ft.use_dialog(
        number_sheet(view.case, dial_to, t, s, lambda: set_choosing(False))
        if choosing and view is not None
        else None
    )
    bar = ft.AppBar(bgcolor=PAGE, toolbar_height=56 * (1 + (s.scale - 1) * 0.4))
    if view is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return ft.View(route=path, bgcolor=PAGE, appbar=bar, controls=[ft.Container(body, padding=EDGE)])
    bar.title = _title(session, view)
    actions = _actions(session, view, path, on_call_first, lambda: set_choosing(True), on_navigate)
    return ft.View(
        route=path,
        padding=0,
        spacing=0,
        bgcolor=PAGE,
        appbar=bar,
        controls=[
            ft.Column(
                [
                    ft.Container(
                        ft.Column(
                            [
                                *(
                                    [ft.Row(_overdue(session, view), spacing=6, run_spacing=4, wrap=True)]
                                    if _below_the_bar(session, view)
                                    else []
                                ),
                                *_cards(session, view, path, today, dial_to),
                                CaseRest(session, view, path, today, dial_to, on_navigate),
                            ],
                            spacing=10,
                            tight=True,
                            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                        ),
                        padding=ft.Padding(EDGE, 4, EDGE, 24),
                    )
                ],
                scroll=ft.ScrollMode.AUTO,
                expand=True,
                key="case-scroll",
            ),
            action_bar(actions, s),
        ],
    )


_kept_file = memo(CaseFile)


_PILL_EDGES: Final = 28  # of a pill, and the gap before it


def _title(session: Session, view: CaseView) -> ft.Control:
    """The name, and how long overdue where there is room for it."""
    s, name = session.sizes, view.case.borrower.name
    if _below_the_bar(session, view):  # a long name takes two lines of the bar rather than lose its end
        size = s.title * 1.1
        close = ft.TextStyle(height=1.2)  # both lines stand in the bar
        return text(
            name,
            size if line_width(name, size) <= BAR_ROOM else s.strong,
            bold=True,
            max_lines=2,
            style=close,
        )
    return ft.Row(
        [text(name, s.title * 1.1, bold=True), *_overdue(session, view)], spacing=8, run_spacing=2, wrap=True
    )


def _below_the_bar(session: Session, view: CaseView) -> bool:
    """Whether how long overdue stands below the bar: where text is large, and where the name needs the bar's line."""
    s = session.sizes
    pills = sum(_PILL_EDGES + line_width(words, s.label) for words in _overdue_words(session, view))
    return s.large or line_width(view.case.borrower.name, s.title * 1.1) + pills > BAR_ROOM


def _overdue_words(session: Session, view: CaseView) -> list[str]:
    t = session.t
    if _is_current(view):
        return [t("Current")]
    return [t("{n} days overdue", n=view.dpd), *([t("Long overdue")] if view.long_overdue else [])]


def _overdue(session: Session, view: CaseView) -> list[ft.Control]:
    on, ground = (
        (ft.Colors.ON_SECONDARY_CONTAINER, ft.Colors.SECONDARY_CONTAINER)
        if _is_current(view)
        else (ft.Colors.ON_ERROR_CONTAINER, ft.Colors.ERROR_CONTAINER)
    )
    return [pill(w, session.sizes, color=on, ground=ground) for w in _overdue_words(session, view)]


def _is_current(view: CaseView) -> bool:
    return view.dpd <= 0 or view.case.status == "watch"  # repaid: nothing is unpaid


def _actions(
    session: Session, view: CaseView, path: str, on_call: Any, on_choose: Any, on_navigate: Any
) -> list[Action]:
    t = session.t
    door = door_of(view.case)
    visit = tap_go(session, routes.form_path(path, routes.VISIT))
    promise = tap_go(session, routes.form_path(path, routes.PROMISE))
    notice = tap_go(session, routes.form_path(path, routes.NOTICE))
    found: list[Action] = [
        ("dial", ft.Icons.CALL, t("Call"), on_call, on_choose),
        ("visit", ft.Icons.STOREFRONT, t("Visit"), visit, None),
        ("notice", ft.Icons.DESCRIPTION, t("Notice"), notice, None),
        ("promise", ft.Icons.EVENT_AVAILABLE, t("Promise"), promise, None),
    ]
    if door is not None:
        found.append(("navigate", ft.Icons.NEAR_ME, t("Map"), tap(on_navigate, door), None))
    return found


def _cards(session: Session, view: CaseView, path: str, today: date, dial_to: Dial) -> list[ft.Control]:
    """What the first frame shows: what to do, and what is owed."""
    s, t, case = session.sizes, session.t, view.case
    step = next_step(view.steps)
    rows: list[ft.Control] = [
        NextStep(step, bool(view.steps), view.unclear_date, _act(session, view, step, path, dial_to), t, s)
    ]
    if case.status in _NOT_OPEN:
        words = t("{what}: {about}", what=t.code("case_status", case.status), about=t(_NOT_OPEN[case.status]))
        rows.insert(0, advice(session, words, ft.Icons.INFO_OUTLINED))
    if view.trading:
        rows.append(advice(session, t(NEUTRAL), ft.Icons.VOLUNTEER_ACTIVISM_OUTLINED))
    rows.append(Owed(case, view.figures, today, t, s))
    return rows


_NOT_OPEN = {
    "watch": mark("repaid; the next three instalments are still watched."),
    "off_list": mark(
        "it is no longer on the branch's list, and no payment explains that. Ask the branch before you contact them."
    ),
    "legal": mark("it has been handed over to proceedings. Agree every contact with your supervisor."),
    "closed": mark("the supervisor has closed it."),
}


def _act(
    session: Session, view: CaseView, step: Step | None, path: str, dial_to: Dial
) -> tuple[str, Any, Any] | None:
    """The button of the next step; None for a kind that has no form yet."""
    t = session.t
    if step is None:
        return None
    if step.kind == "visit":
        return (
            t("Start the visit"),
            ft.Icons.STOREFRONT,
            tap_go(session, routes.form_path(path, routes.VISIT)),
        )
    forms = {
        "notice": (routes.NOTICE, t("Serve the notice"), ft.Icons.DESCRIPTION),
        "referral": (routes.REFERRAL, t("Refer"), ft.Icons.GAVEL),
        "guarantor_demand": (routes.DEMAND, t("Ask the guarantor"), ft.Icons.GROUP),
    }
    if step.kind in forms:
        form, label, icon = forms[step.kind]
        return label, icon, tap_go(session, routes.form_path(path, form))
    if step.kind == "call":
        people = people_of(view.case)
        person = next((p for p in people if p.party == step.party and p.phones), None)
        if person is None:
            person = next((p for p in people if p.phones), None)
        if person is None:
            return None
        label = t("Dial {name}", name=person.name)
        return label, ft.Icons.CALL, dial_to(person.party, person.phones[0].number)
    return None
