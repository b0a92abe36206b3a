"""送达: the notice filled in, whom it goes to, how it was delivered, and the signature on the glass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.codes import NOTICE_METHODS
from app.domain.record import new_activity_id
from app.domain.records import BORROWER, read_position
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import screen
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.chips import Handler, one_of, question, tap, tap_go
from app.ui.parts.contact_form import happened_at
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
from app.ui.parts.parties import party_in_words, people_of
from app.ui.parts.place_fix import use_position
from app.ui.parts.reasons import note_field, written
from app.ui.parts.signature import SignaturePad, svg_of
from app.ui.parts.surface import card, failed, waiting
from app.ui.parts.words import grey, text
from app.views import NewActivity, NewBlob

if TYPE_CHECKING:
    from app.views import CaseView, NoticeDraft

# What can come of each way of delivering it; the first is what is hoped for.
RESULTS: Final = {
    "in_person": ("signed", "fingerprint", "refused_witnessed"),
    "left_at_place": ("left",),
    "posted": ("posted",),
}


def fresh_notice(now: datetime) -> dict[str, Any]:
    """A form of its own id, to the borrower, in person."""
    return {
        "activity_id": new_activity_id(now),
        "started_at": now.isoformat(),
        "happened_at": "",
        "addressee": BORROWER,
        "method": "in_person",
        "result": "",
        "witness": "",
        "post_no": "",
        "note": "",
        "strokes": [],
        "pad_width": 0.0,
        "position": None,
    }


def notice_record(case_id: str, form: Mapping[str, Any], draft: NoticeDraft, now: datetime) -> NewActivity:
    """The record of the form, the signature with it where there is one."""
    letter = draft.letter
    body = {
        "notice_no": letter.number,
        "title": letter.title,
        "addressee": form["addressee"],
        "method": form["method"],
        "result": form["result"],
        "amount_claimed": str(letter.amount_claimed),
        "as_of": letter.as_of.isoformat(),
    }
    body |= {name: form[name].strip() for name in ("witness", "post_no", "note") if form[name].strip()}
    signed = form["result"] == "signed" and form["strokes"]
    return NewActivity(
        case_id,
        "notice",
        body,
        activity_id=form["activity_id"],
        happened_at=happened_at(form, now),
        position=read_position(form["position"]),
        blobs=(NewBlob("signature", "image/svg+xml", svg_of(form["strokes"], form["pad_width"])),)
        if signed
        else (),
    )


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
    use_position(session, keeper)
    form = keeper.form
    addressee = form["addressee"] if form else BORROWER

    async def load() -> tuple[CaseView, NoticeDraft]:
        view = await notebook.case(case_id)
        await keeper.open(lambda: fresh_notice(notebook.now()))
        to = keeper.form["addressee"] if keeper.form else BORROWER
        return view, await notebook.notice(view.case.case_id, to)

    loaded = use_loaded(load, [session.edition, addressee])
    view, draft = loaded.value or (None, None)

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
        return form_view(session, path, draft.letter.title, name, [saved_panel(session, [said])], [done])
    hint = _missing(session, form)
    foot: list[ft.Control] = []
    if form["result"] == "signed":
        foot.append(SignaturePad(form["strokes"], form["pad_width"], keeper.change))
    label = t("Save: {what}", what=t.code("notice_result", form["result"])) if form["result"] else t("Save")
    return form_view(
        session,
        path,
        t("Serve: {title}", title=draft.letter.title),
        t("{name} · overdue {amount}", name=name, amount=view.figures.amount_due),
        [
            *restored_line(session, keeper, lambda: fresh_notice(notebook.now())),
            _letter(session, draft),
            card(_how(session, keeper, view, form)),
            card(
                ft.Column(
                    [note_field(session, keeper, form), Happened(form, keeper.change)],
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
    rows: list[ft.Control] = [
        grey(t("No. {no}", no=letter.number), s.label),
        text(t.money(letter.amount_claimed), s.headline, bold=True),
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
        rows.insert(1, _line(session, keeper, form, "witness", t("Witness, by name")))
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


def _missing(session: Session, form: Mapping[str, Any]) -> str:
    """What is still needed, in words; empty when it can be saved."""
    t = session.t
    if not form["result"]:
        return t("What came of it?")
    if form["result"] == "refused_witnessed" and not form["witness"].strip():
        return t("Who witnessed the refusal?")
    if form["result"] == "signed" and not form["strokes"]:
        return t("Let them sign below.")
    return ""
