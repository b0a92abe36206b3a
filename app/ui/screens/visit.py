"""上门 (一趟办): what was found at the door, and the promise made there, in one save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.codes import BUSINESS_STATES, PLACES
from app.domain.records import BORROWER
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.cash_question import cash_question
from app.ui.parts.chips import Handler, one_of, question, some_of, tap, tap_go
from app.ui.parts.contact_form import (
    CHECKLIST,
    VISIT_REACHED,
    VISIT_UNREACHED,
    fresh_visit,
    met_in,
    reached,
    visit_records,
)
from app.ui.parts.demands import demand_questions
from app.ui.parts.draft_keeper import DraftKeeper, use_draft
from app.ui.parts.first_visit_list import first_visit_list
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
from app.ui.parts.gate import warnings_of
from app.ui.parts.happened import Happened
from app.ui.parts.notice_form import (
    missing_of_notice,
    notice_of_visit,
    notice_question,
    signature_foot,
)
from app.ui.parts.outcome_choice import OutcomeChoice
from app.ui.parts.parties import FAMILY, party_in_words, people_of
from app.ui.parts.photos import Photos, photos_in_words
from app.ui.parts.place_fix import address_of, position_line, use_position
from app.ui.parts.promise_fields import PromiseFields, no_cash_line, promised_in_words
from app.ui.parts.promise_flow import to_promise
from app.ui.parts.reasons import note_field, reason_questions, written
from app.ui.parts.receivables import receivables_question
from app.ui.parts.surface import card, failed, waiting
from app.ui.parts.words import grey

if TYPE_CHECKING:
    from app.views import CaseView, NoticeDraft


@screen
def VisitScreen() -> Any:  # noqa: N802
    """The form of the case in the address."""
    path = ft.use_view_path()
    form: Any = VisitForm  # a component takes a key beside its own arguments
    return form(ft.use_route_params()["case_id"], path, key=path)


@screen
def VisitForm(case_id: str, path: str) -> Any:  # noqa: N802
    """One visit."""
    session = use_session()
    t, notebook = session.t, session.notebook
    keeper = use_draft(case_id, "visit")
    use_left_behind(session, keeper)
    party = keeper.form["party"] if keeper.form else BORROWER

    async def load() -> tuple[CaseView, NoticeDraft | None]:
        view = await notebook.case(case_id)
        await keeper.open(lambda: fresh_visit(view.case, view.figures, notebook.now()))
        to = keeper.form["party"] if keeper.form else BORROWER
        served = view.procedure is not None and view.case.status == "open"
        return view, await notebook.notice(view.case.case_id, to) if served else None

    loaded = use_loaded(load, [session.edition, party], at_once=True)
    view, draft = loaded.value or (None, None)
    looking, again = use_position(session, keeper)

    async def save() -> None:
        if view is None or keeper.form is None or not keeper.form["outcome"]:
            return
        records = visit_records(view.case, keeper.form, view.promises, notebook.now())
        if draft is not None and keeper.form["notice_result"]:
            records.append(notice_of_visit(view.case.case_id, keeper.form, draft, notebook.now()))
        if await keeper.record(records):
            session.saved()

    on_save = use_action(save, [view, draft])
    form = keeper.form
    if view is None or form is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return form_view(session, path, t("Visit"), "", [body], [])
    name = view.case.borrower.name
    if keeper.saved:
        return _after(session, keeper, path, view, form)
    promised = promised_in_words(session, form)
    what = promised or (t.code("outcome", form["outcome"]) if form["outcome"] else "")
    lacking = missing_of_notice(session, form["notice_result"], form) if form["notice_result"] else ""
    hint = lacking if what else t("What came of the visit?")
    return form_view(
        session,
        path,
        t("Visit"),
        t("{name} · overdue {amount}", name=name, amount=view.figures.amount_due),
        [
            *restored_line(session, keeper, lambda: fresh_visit(view.case, view.figures, notebook.now())),
            card(position_line(session, view.case, form, looking, again), padding=ft.Padding(16, 8, 4, 8)),
            *_questions(session, keeper, view, draft, form),
        ],
        [
            *signature_foot(keeper, form["notice_result"], form),
            *save_foot(
                session,
                keeper,
                t("Save: {what}", what=what) if what else t("Save"),
                on_save,
                hint,
                ready=not hint,
            ),
        ],
        keeper=keeper,
    )


def _questions(
    session: Session, keeper: DraftKeeper, view: CaseView, draft: NoticeDraft | None, form: Mapping[str, Any]
) -> list[ft.Control]:
    t = session.t
    known = session.notebook.may_contact(view.case.case_id, form["party"], kind="visit")
    rows: list[ft.Control] = [*warnings_of(session, known), card(_outcome(session, keeper, form))]
    if form["outcome"] == "promised":

        async def change_promise(**members: Any) -> None:
            await keeper.change_in("promise", **members)

        rows.append(card(PromiseFields(view, form["promise"], change_promise, form["party"])))
    if form["business_state"] == "operating":
        rows.append(advice(session, t(NEUTRAL), ft.Icons.VOLUNTEER_ACTIVISM_OUTLINED))
    seen: list[ft.Control] = [_business(session, keeper, form)]
    if reached(form):
        seen += reason_questions(session, keeper, view, form)
        seen.append(receivables_question(session, keeper, form))
        seen.append(cash_question(session, keeper, form))
    rows.append(
        card(ft.Column(seen, spacing=18, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))
    )
    rows += demand_questions(session, keeper, view, form)
    rows += first_visit_list(session, view, form)
    rows.append(
        card(
            ft.Column(
                _who_and_where(session, keeper, view, form),
                spacing=18,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            )
        )
    )
    rows.append(
        card(
            ft.Column(
                [
                    Photos(keeper, keeper.photos),
                    note_field(session, keeper, form),
                    Happened(form, keeper.change),
                ],
                spacing=18,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            )
        )
    )
    if draft is not None:
        rows.insert(-1, notice_question(session, keeper, draft, form))
    rows.append(ft.Container(no_cash_line(session), padding=ft.Padding.symmetric(horizontal=4)))
    return rows


def _outcome(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> Any:
    t = session.t

    def outcomes(codes: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(o, _outcome_in_words(session, o)) for o in codes]

    groups = [
        (t("Spoken with them"), outcomes(VISIT_REACHED)),
        (t("Not spoken with them"), outcomes(VISIT_UNREACHED)),
    ]
    return OutcomeChoice(groups, form["outcome"], lambda o: tap(keeper.change, outcome=o))


def _outcome_in_words(session: Session, outcome: str) -> str:
    """The outcome as it is said at a door: nobody answers a telephone there."""
    t = session.t
    return t("Somebody else came to the door") if outcome == "third_party" else t.code("outcome", outcome)


def _business(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> ft.Control:
    t, chosen = session.t, form["business_state"]
    options = [(b, t.code("business_state", b)) for b in BUSINESS_STATES]

    def pick(value: str) -> Handler:
        return tap(keeper.change, business_state="" if value == chosen else value)

    return question(t("The business"), session.sizes, one_of(session, "business", options, chosen, pick))


def _who_and_where(
    session: Session, keeper: DraftKeeper, view: CaseView, form: Mapping[str, Any]
) -> list[ft.Control]:
    s, t, case = session.sizes, session.t, view.case
    people = [(p.party, party_in_words(case, p.party, t)) for p in people_of(case)]
    places = [(p, t.code("place", p)) for p in PLACES]
    at = address_of(case, form["party"], form["place"])

    async def toggle_met(party: str) -> None:
        held = met_in(keeper.form or form)
        await keeper.change(met=[p for p in held if p != party] if party in held else [*held, party])

    async def colleague(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(with_officer=e.control.value or "")

    rows: list[ft.Control] = []
    if len(people) > 1:
        doors = one_of(session, "door", people, form["party"], lambda v: tap(keeper.change, party=v))
        rows.append(question(t("Whose door"), s, doors))
    rows += [
        question(
            t("Place"),
            s,
            one_of(session, "place", places, form["place"], lambda v: tap(keeper.change, place=v)),
            *([grey(at.text, s.body)] if at is not None else []),
        ),
        question(
            t("Who was met"),
            s,
            some_of(
                session, "met", [*people, (FAMILY, t("Family"))], met_in(form), lambda v: tap(toggle_met, v)
            ),
        ),
        question(
            t("Conduct"),
            s,
            some_of(
                session,
                "checklist",
                [(c, t.code("checklist", c)) for c in CHECKLIST],
                form["checklist"],
                lambda v: tap(keeper.toggle, "checklist", v),
            ),
        ),
        written(session, t("With which colleague"), form["with_officer"], colleague, key="with-officer"),
    ]
    return rows


def _after(
    session: Session, keeper: DraftKeeper, path: str, view: CaseView, form: Mapping[str, Any]
) -> ft.View:
    """已保存; a promise without a day goes on to the promise form."""
    t = session.t
    name, case_path, promised = view.case.borrower.name, routes.parent(path), promised_in_words(session, form)
    lines = [t("Visit: {outcome}", outcome=t.code("outcome", form["outcome"]))]
    if promised:
        lines.append(t("Promise: {what}", what=promised))
    if form["notice_result"]:
        lines.append(t("Notice: {what}", what=t.code("notice_result", form["notice_result"])))
    if form["position"] is None:
        lines.append(t("Without a position"))
    lines += photos_in_words(session, keeper)
    body: list[ft.Control] = [saved_panel(session, lines)]
    foot: list[ft.Control] = []
    if form["outcome"] == "promised" and not promised:
        body.append(advice(session, t("The day of the promise is still missing."), ft.Icons.EVENT_BUSY))
        enter = tap(to_promise, session, view, case_path, form["party"])
        foot.append(
            thumb_button(
                session, t("Enter the promise"), enter, icon=ft.Icons.EVENT_AVAILABLE, key="to-promise"
            )
        )
    foot += claim_button(session, form, case_path)
    foot.append(
        back_button(session, t("Back to {name}", name=name), tap_go(session, case_path), "back-to-case")
    )
    return form_view(session, path, t("Visit"), name, body, foot)
