"""送达 as a form, by itself or inside a visit: what is asked, and the record with its signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.record import new_activity_id
from app.domain.records import BORROWER, read_position
from app.ui.context import Session
from app.ui.parts.chips import Handler, one_of, question, tap
from app.ui.parts.contact_form import happened_at
from app.ui.parts.reasons import written
from app.ui.parts.signature import SignaturePad, svg_of
from app.ui.parts.surface import card
from app.ui.parts.words import grey
from app.views import NewActivity, NewBlob

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper
    from app.views import NoticeDraft

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
        "photos": [],
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


def notice_of_visit(case_id: str, form: Mapping[str, Any], draft: NoticeDraft, now: datetime) -> NewActivity:
    """The notice served at the door of a visit's form; what is left there is left at the place."""
    result = form["notice_result"]
    served = {
        **form,
        "activity_id": form["notice_id"],
        "addressee": form["party"],
        "method": "left_at_place" if result in RESULTS["left_at_place"] else "in_person",
        "result": result,
        "post_no": "",
        "note": "",
    }
    return notice_record(case_id, served, draft, now)


def notice_question(
    session: Session, keeper: DraftKeeper, draft: NoticeDraft, form: Mapping[str, Any]
) -> ft.Control:
    """Inside a visit: what came of the notice, if it was served at this door; a second tap takes it back."""
    s, t, chosen = session.sizes, session.t, form["notice_result"]
    options = [(r, t.code("notice_result", r)) for r in (*RESULTS["in_person"], *RESULTS["left_at_place"])]

    def pick(value: str) -> Handler:
        return tap(keeper.change, notice_result="" if value == chosen else value)

    rows: list[ft.Control] = [one_of(session, "notice", options, chosen, pick)]
    if chosen:
        said = t(
            "{title} no. {no}, {amount}",
            title=draft.letter.title,
            no=draft.letter.number,
            amount=draft.letter.amount_claimed,
        )
        rows.append(grey(said, s.label))
    if chosen == "refused_witnessed":
        rows.append(witness_line(session, keeper, form))
    return card(question(t("Notice served at this door"), s, *rows))


def signature_foot(keeper: DraftKeeper, result: str, form: Mapping[str, Any]) -> list[ft.Control]:
    """The pad, while a signature is what is wanted."""
    return [SignaturePad(form["strokes"], form["pad_width"], keeper.change)] if result == "signed" else []


def witness_line(session: Session, keeper: DraftKeeper, form: Mapping[str, Any]) -> ft.Control:
    """Who saw the refusal."""

    async def on_change(e: ft.Event[ft.TextField]) -> None:
        await keeper.change(witness=e.control.value or "")

    return written(session, session.t("Witness, by name"), form["witness"], on_change, key="witness")


def missing_of_notice(session: Session, result: str, form: Mapping[str, Any]) -> str:
    """What is still needed, in words; empty when it can be saved."""
    t = session.t
    if not result:
        return t("What came of it?")
    if result == "refused_witnessed" and not form["witness"].strip():
        return t("Who witnessed the refusal?")
    if result == "signed" and not form["strokes"]:
        return t("Let them sign on the glass.")
    return ""
