"""What lies below the first cards of a case: what is asked today, people, what was tried, promises, addresses, timeline, contract."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.records import Activity
from app.domain.steps import next_step
from app.ports import NotebookError
from app.ui import routes
from app.ui.context import TURNS_TO_SEND, Session
from app.ui.guard import part
from app.ui.parts.case_head import StepsToday, mix_line
from app.ui.parts.case_law import clocks_and_money
from app.ui.parts.case_people import Dial, People, Places
from app.ui.parts.case_row import distance_in_words
from app.ui.parts.case_story import PAGE_OF, Promised, Timeline
from app.ui.parts.chips import Handler, chip, chips, tap, tap_go
from app.ui.parts.correction_form import fresh_correction
from app.ui.parts.surface import card, section
from app.ui.parts.words import grey, text
from app.views import Draft

if TYPE_CHECKING:
    from app.views import CaseView


@part
def CaseRest(  # noqa: N802
    session: Session, view: CaseView, path: str, today: date, dial_to: Dial, on_navigate: Any
) -> ft.Control:
    """Nothing in the first frame, so that a tap is answered sooner; all of it right after."""
    s, t = session.sizes, session.t
    shown, set_shown = ft.use_state(PAGE_OF)
    kind, set_kind = ft.use_state("")
    wanted, set_wanted = ft.use_state(False)
    waiting: Any = ft.use_ref(None)

    async def after_the_first_frame() -> None:
        for _ in range(TURNS_TO_SEND):
            await asyncio.sleep(0)
        set_wanted(True)

    def start() -> None:
        waiting.current = asyncio.create_task(after_the_first_frame())

    ft.use_effect(start, [], cleanup=lambda: waiting.current.cancel())
    rows: list[ft.Control] = []
    if wanted:
        rows = [
            *_asked_today(session, view),
            *_known(session, view, path, dial_to, on_navigate),
            section(t("Timeline"), s, len(view.timeline)),
            *_kinds(session, view, kind, set_kind),
            _timeline(session, view, kind, shown, path, today, lambda: set_shown(lambda n: n + 4 * PAGE_OF)),
            *_others(session, view, path),
        ]
    return ft.Column(rows, spacing=10, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _asked_today(session: Session, view: CaseView) -> list[ft.Control]:
    """All steps of the day; a single one stands on the case's first card already."""
    s, t = session.sizes, session.t
    first = next_step(view.steps)
    if all(x is first for x in view.steps):
        return []
    return [
        section(t("To do today"), s, sum(not x.done for x in view.steps)),
        StepsToday(view.steps, view.case.party_name, t, s),
    ]


def _forms(session: Session, view: CaseView, path: str) -> ft.Control:
    """The small forms: 核对, 要求担保人, 备注, 上报; and 攻坚 for three days."""
    t, case = session.t, view.case
    guaranteed = bool(case.guarantors)
    pinned = view.pinned_until

    async def pin() -> None:
        try:
            if pinned is None:
                await session.notebook.pin(case.case_id)
            else:
                await session.notebook.unpin(case.case_id)
        except NotebookError as e:
            session.say(t.say(e.message))
        session.reload()

    push = t("Push until {date}", date=pinned) if pinned else t("Push for three days")
    named = [
        (routes.CHECK, t("Check contacts"), ft.Icons.CONTACT_PHONE_OUTLINED),
        *([(routes.DEMAND, t("Ask the guarantor"), ft.Icons.GROUP_OUTLINED)] if guaranteed else []),
        (routes.WHEREABOUTS, t("Whereabouts"), ft.Icons.PLACE_OUTLINED),
        (routes.CLAIM, t("They say it is paid"), ft.Icons.RECEIPT_LONG_OUTLINED),
        (routes.NOTE, t("Note"), ft.Icons.NOTES),
        (routes.REFERRAL, t("Refer"), ft.Icons.GAVEL),
    ]
    return chips(
        [
            *(
                chip(
                    session,
                    words,
                    tap_go(session, routes.form_path(path, form)),
                    icon=icon,
                    key=f"form-{form}",
                )
                for form, words, icon in named
            ),
            *(
                [
                    chip(
                        session,
                        push,
                        pin,
                        chosen=pinned is not None,
                        icon=ft.Icons.PUSH_PIN_OUTLINED,
                        key="pin",
                    )
                ]
                if case.status == "open"
                else []
            ),
        ]
    )


def _known(session: Session, view: CaseView, path: str, dial_to: Dial, on_navigate: Any) -> list[ft.Control]:
    s, t, case = session.sizes, session.t, view.case

    def open_case(case_id: str) -> Handler:
        return tap_go(session, routes.case_path(case_id, routes.tab_of(path)))

    rows: list[ft.Control] = [
        section(t("People"), s, len(view.people)),
        People(view, dial_to, open_case, t, s),
        _forms(session, view, path),
        *clocks_and_money(view, t, s),
    ]
    rows += [section(t("What was tried"), s), card(mix_line(view, t, s))]
    if view.promises:
        rows += [section(t("Promises"), s, len(view.promises)), Promised(case, view.promises, t, s)]
    if case.borrower.addresses:
        far = f" · {distance_in_words(view.distance_m, t)}" if view.distance_m is not None else ""
        rows += [section(t("Addresses") + far, s), Places(case, lambda a: tap(on_navigate, a), t, s)]
    return rows


def _kinds(session: Session, view: CaseView, kind: str, pick: Any) -> list[ft.Control]:
    """The timeline by kind: asked only where there is more than one."""
    t = session.t
    count = Counter(e.activity.kind for e in view.timeline)
    if len(count) < 2:
        return []

    def choose(value: str) -> Handler:
        async def handler() -> None:
            pick(value)

        return handler

    options = [("", t("All")), *((k, f"{t.code('kind', k)} {n}") for k, n in count.most_common())]
    found = [
        chip(session, label, choose(k), chosen=k == kind, key=f"timeline-{k or 'all'}")
        for k, label in options
    ]
    return [ft.Row(list(found), spacing=8, scroll=ft.ScrollMode.HIDDEN)]


def _timeline(
    session: Session, view: CaseView, kind: str, shown: int, path: str, today: date, more: Any
) -> Any:
    s, t = session.sizes, session.t
    if not view.timeline:
        return card(grey(t("Nothing recorded yet. Calls, visits and promises show here."), s.body))

    def correct(standing: Activity) -> Handler:
        return tap(_correct, session, view.case.case_id, standing, path)

    entries = tuple(e for e in view.timeline if kind in ("", e.activity.kind))
    return Timeline(view.case, entries, shown, more, correct, today, session)


async def _correct(session: Session, case_id: str, standing: Activity, path: str) -> None:
    """Begin the correction of a record; one begun for another record makes room for it."""
    notebook = session.notebook
    form = fresh_correction(standing, notebook.now())
    try:
        earlier = await notebook.draft(case_id, routes.CORRECTION)
        if earlier is not None and earlier.form.get("of") != standing.activity_id:
            await notebook.drop_draft(earlier.draft_id)
            earlier = None
        if earlier is None:
            await notebook.save_draft(Draft(form["activity_id"], case_id, routes.CORRECTION, form))
    except NotebookError as e:
        session.say(session.t.say(e.message))
    else:
        session.go(routes.form_path(path, routes.CORRECTION))


def _others(session: Session, view: CaseView, path: str) -> list[ft.Control]:
    """Other loans of the same customer, and what the contract says."""
    s, t, loan = session.sizes, session.t, view.case.loan
    facts = [t("Contract {no}", no=view.case.contract_no), loan.product]
    if loan.maturity is not None:
        facts.append(t("matures {date}", date=t.full_date(loan.maturity)))
    rows: list[ft.Control] = [
        section(t("Contract"), s),
        card(text(" · ".join(f for f in facts if f), s.body, selectable=True)),
    ]
    if view.other_loans:
        rows.append(section(t("Other loans of this customer"), s, len(view.other_loans)))
    for other in view.other_loans:
        rows.append(
            card(
                ft.Column(
                    [
                        text(t("Contract {no}", no=other.contract_no), s.body, bold=True),
                        grey(
                            " · ".join(
                                x for x in (other.loan.product, t.code("case_status", other.status)) if x
                            ),
                            s.body,
                        ),
                    ],
                    spacing=2,
                    tight=True,
                ),
                on_click=tap_go(session, routes.case_path(other.case_id, routes.tab_of(path))),
                key=f"loan-{other.case_id}",
            )
        )
    return rows
