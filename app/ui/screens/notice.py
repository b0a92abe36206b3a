"""送达: the notice filled in, whom it goes to, how it was delivered, and the signature on the glass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.codes import NOTICE_METHODS
from app.domain.records import BORROWER
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.chips import Handler, one_of, question, tap, tap_go
from app.ui.parts.draft_keeper import DraftKeeper, use_draft
from app.ui.parts.form_frame import (
    back_button,
    form_view,
    restored_line,
    save_foot,
    saved_panel,
    use_left_behind,
)
from app.ui.parts.happened import Happened
from app.ui.parts.notice_form import (
    RESULTS,
    fresh_notice,
    missing_of_notice,
    notice_record,
    signature_foot,
    witness_line,
)
from app.ui.parts.parties import party_in_words, people_of
from app.ui.parts.photos import Photos, photos_in_words
from app.ui.parts.place_fix import use_position
from app.ui.parts.reasons import note_field, written
from app.ui.parts.surface import card, failed, waiting
from app.ui.parts.words import grey, text

if TYPE_CHECKING:
    from app.views import CaseView, NoticeDraft


@screen
def NoticeScreen() -> Any:  # noqa: N802
    """The form of the case in the address."""
    path = ft.use_view_path()
    form: Any = NoticeForm  # a component takes a key beside its own arguments
    return form(ft.use_route_params()["case_id"], path, key=path)


@screen
def NoticeForm(case_id: str, path: str) -> Any:  # noqa: N802
    """One notice."""
    session = use_session()
    t, notebook = session.t, session.notebook
    keeper = use_draft(case_id, "notice")
    use_left_behind(session, keeper)
    addressee = keeper.form["addressee"] if keeper.form else BORROWER

    async def load() -> tuple[CaseView, NoticeDraft]:
        view = await notebook.case(case_id)
        await keeper.open(lambda: fresh_notice(notebook.now()))
        to = keeper.form["addressee"] if keeper.form else BORROWER
        return view, await notebook.notice(view.case.case_id, to)

    loaded = use_loaded(load, [session.edition, addressee], at_once=True)
    view, draft = loaded.value or (None, None)
    form = keeper.form
    use_position(session, keeper)

    async def save() -> None:
        if view is None or draft is None or keeper.form is None or not keeper.form["result"]:
            return
        if await keeper.record([notice_record(view.case.case_id, keeper.form, draft, notebook.now())]):
            session.saved()

    on_save = use_action(save, [view, draft])
    if view is None or draft is None or form is None:
        body = failed(session, loaded.error) if loaded.error else waiting(session)
        return form_view(session, path, t("Serve the notice"), "", [body], [])
    name = view.case.borrower.name
    if keeper.saved:
        done = back_button(
            session, t("Back to {name}", name=name), tap_go(session, routes.parent(path)), "back-to-case"
        )
        said = t("{what} · {no}", what=t.code("notice_result", form["result"]), no=draft.letter.number)
        return form_view(
            session,
            path,
            t("Serve the notice"),
            name,
            [saved_panel(session, [said, *photos_in_words(session, keeper)])],
            [done],
        )
    hint = missing_of_notice(session, form["result"], form)
    foot = signature_foot(keeper, form["result"], form)
    label = t("Save: {what}", what=t.code("notice_result", form["result"])) if form["result"] else t("Save")
    return form_view(
        session,
        path,
        t("Serve the notice"),
        t("{name} · overdue {amount}", name=name, amount=view.figures.amount_due),
        [
            *restored_line(session, keeper, lambda: fresh_notice(notebook.now())),
            _letter(session, draft),
            card(_how(session, keeper, view, form)),
            card(
                ft.Column(
                    [
                        Photos(keeper, keeper.photos, ("photo", "receipt")),
                        note_field(session, keeper, form),
                        Happened(form, keeper.change),
                    ],
                    spacing=18,
                    tight=True,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                )
            ),
        ],
        [*foot, *save_foot(session, keeper, label, on_save, hint, ready=not hint)],
        keeper=keeper,
    )


def _letter(session: Session, draft: NoticeDraft) -> ft.Control:
    """The amounts at a glance, what waiting costs, and the words to be read out."""
    s, t, letter = session.sizes, session.t, draft.letter
    principal, interest, penalty = letter.parts
    claimed = t.money(letter.amount_claimed)
    rows: list[ft.Control] = [
        text(letter.title, s.strong, bold=True),
        grey(t("No. {no}", no=letter.number), s.label),
        text(claimed, s.in_one_line(s.headline, claimed), bold=True),
        grey(
            t(
                "Principal {principal} · interest {interest} · penalty {penalty}, as of {date}",
                principal=principal,
                interest=interest,
                penalty=penalty,
                date=letter.as_of,
            ),
            s.label,
        ),
        text(
            t(
                "7 more days cost about {week} of penalty, 30 days {month}",
                week=draft.penalty_7,
                month=draft.penalty_30,
            ),
            s.body,
        ),
        ft.ExpansionTile(
            key="letter",
            title=text(t("Read the notice"), s.body),
            tile_padding=0,
            controls_padding=ft.Padding.only(bottom=12),
            shape=ft.RoundedRectangleBorder(),
            controls=[text(paragraph, s.body, selectable=True) for paragraph in letter.paragraphs],
        ),
    ]
    return card(
        ft.Column(rows, spacing=6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        key="notice",
    )


def _how(session: Session, keeper: DraftKeeper, view: CaseView, form: Mapping[str, Any]) -> ft.Control:
    s, t, case = session.sizes, session.t, view.case
    people = [(p.party, party_in_words(case, p.party, t)) for p in people_of(case)]

    def method(value: str) -> Handler:
        results = RESULTS[value]
        return tap(keeper.change, method=value, result=results[0] if len(results) == 1 else "")

    rows: list[ft.Control] = [
        question(
            t("What came of it"),
            s,
            one_of(
                session,
                "result",
                [(r, t.code("notice_result", r)) for r in RESULTS[form["method"]]],
                form["result"],
                lambda v: tap(keeper.change, result=v),
            ),
        ),
        question(
            t("How it was delivered"),
            s,
            one_of(
                session,
                "method",
                [(m, t.code("notice_method", m)) for m in NOTICE_METHODS],
                form["method"],
                method,
            ),
        ),
    ]
    if form["result"] == "refused_witnessed":
        rows.insert(1, witness_line(session, keeper, form))
    if form["method"] == "posted":
        rows.insert(1, _line(session, keeper, form, "post_no", t("Post number")))
    if len(people) > 1:
        rows.append(
            question(
                t("To whom"),
                s,
                one_of(
                    session, "addressee", people, form["addressee"], lambda v: tap(keeper.change, addressee=v)
                ),
            )
        )
    return ft.Column(rows, spacing=18, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _line(
    session: Session, keeper: DraftKeeper, form: Mapping[str, Any], name: str, label: str
) -> ft.Control:
    async def on_change(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(**{name: e.control.value or ""})

    return written(session, label, form[name], on_change, key=name)
