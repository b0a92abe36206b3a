"""What happened in a case: promises with what became of them, and the timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.promises import PromiseView
from app.domain.records import Activity, Case, money
from app.i18n import Translator
from app.ui.context import Session
from app.ui.guard import part
from app.ui.parts.chips import Handler
from app.ui.parts.parties import party_in_words
from app.ui.parts.photos import EntryFiles
from app.ui.parts.record_list import state_pill
from app.ui.parts.surface import card
from app.ui.parts.words import grey, pill, text
from app.ui.theme import GREY, WARN, Sizes

if TYPE_CHECKING:
    from app.views import TimelineEntry

BAD = frozenset({"broken", "partial"})
_SIGNS = {
    "open": ft.Icons.EVENT,
    "due_today": ft.Icons.TODAY,
    "to_verify": ft.Icons.MANAGE_SEARCH,
    "kept": ft.Icons.EVENT_AVAILABLE,
    "partial": ft.Icons.EVENT_BUSY,
    "broken": ft.Icons.EVENT_BUSY,
    "replaced": ft.Icons.SWAP_HORIZ,
}
_KINDS = {
    "call": ft.Icons.CALL_OUTLINED,
    "visit": ft.Icons.STOREFRONT_OUTLINED,
    "promise": ft.Icons.HANDSHAKE_OUTLINED,
    "notice": ft.Icons.DESCRIPTION_OUTLINED,
    "guarantor_demand": ft.Icons.GROUP_OUTLINED,
    "contact_check": ft.Icons.CONTACT_PHONE_OUTLINED,
    "payment_claim": ft.Icons.RECEIPT_LONG_OUTLINED,
    "referral": ft.Icons.GAVEL_OUTLINED,
    "correction": ft.Icons.EDIT_NOTE,
    "whereabouts": ft.Icons.PLACE_OUTLINED,
}
PAGE_OF = 12
THUMBS_OF = (
    3  # records whose photos are shown small by themselves: a case opens fast whatever was photographed
)
_GROUPS = {"result": "notice_result", "to": "referral_to", "state": "contact_state"}


@part
def Promised(case: Case, promises: tuple[PromiseView, ...], t: Translator, sizes: Sizes) -> ft.Control:  # noqa: N802
    """All promises of the case, the latest due day first."""
    ordered = sorted(promises, key=lambda p: (p.due_on, p.activity_id, p.instalment), reverse=True)
    return card(
        ft.Column([_promise(case, p, t, sizes) for p in ordered], spacing=12, tight=True), key="promises"
    )


def _promise(case: Case, p: PromiseView, t: Translator, sizes: Sizes) -> ft.Control:
    bad = p.state in BAD
    state = pill(
        t.code("promise_state", p.state),
        sizes,
        color=ft.Colors.ON_ERROR_CONTAINER if bad else ft.Colors.ON_SECONDARY_CONTAINER,
        ground=ft.Colors.ERROR_CONTAINER if bad else ft.Colors.SECONDARY_CONTAINER,
        icon=_SIGNS.get(p.state, ft.Icons.EVENT),
    )
    facts = [t("Promised on {date}", date=p.made_on)]
    if p.paid:
        facts.append(t("{amount} paid of it", amount=p.paid))
    if p.party != "borrower":
        facts.append(t("by {name}", name=party_in_words(case, p.party, t)))
    amount = text(t.money(p.amount), sizes.strong, bold=True)
    due = text(t("Due {weekday} {date}", date=p.due_on, weekday=t.weekday(p.due_on)), sizes.body)
    return ft.Column(
        [
            ft.Row([amount, state], spacing=8, run_spacing=2, wrap=True),
            due,
            grey(" · ".join(facts), sizes.label),
        ],
        spacing=1,
        tight=True,
    )


@part
def Timeline(  # noqa: N802
    case: Case,
    entries: tuple[TimelineEntry, ...],
    shown: int,
    more: Callable[..., Any],
    correct: Callable[[Activity], Handler],
    today: date,
    session: Session,
) -> ft.Control:
    """Newest first; own and colleagues', what is not uploaded yet, what was entered late. `shown` of them.

    `correct` begins the correction of an own record.
    """
    t, sizes = session.t, session.sizes
    corrected = {e.activity.activity_id: e for e in entries if e.corrected}
    newest = [e.activity.activity_id for e in entries[:shown] if e.files][:THUMBS_OF]
    rows: list[ft.Control] = [
        _entry(case, e, corrected, correct, today, e.activity.activity_id in newest, session)
        for e in entries[:shown]
    ]
    if len(entries) > shown:
        rows.append(
            ft.TextButton(
                content=text(t("Show {n} more", n=len(entries) - shown), sizes.body),
                on_click=more,
                key="timeline-more",
                style=ft.ButtonStyle(padding=14),
            )
        )
    return card(ft.Column(rows, spacing=14, tight=True), key="timeline")


def _entry(
    case: Case,
    entry: TimelineEntry,
    corrected: Mapping[str, TimelineEntry],
    correct: Callable[[Activity], Handler],
    today: date,
    thumbs: bool,
    session: Session,
) -> ft.Control:
    a, t, sizes = entry.activity, session.t, session.sizes
    title = t.code("kind", a.kind)
    if a.party and a.party != "borrower":
        title = t("{what}: {name}", what=title, name=party_in_words(case, a.party, t))
    lines: list[ft.Control] = [
        ft.Row(
            [
                text(title, sizes.body, bold=True),
                grey(t.when(a.happened_at, today), sizes.label),
                *_marks(entry, t, sizes),
            ],
            wrap=True,
            spacing=8,
            run_spacing=2,
        )
    ]
    told = _correction_in_words(case, a, corrected, t) if a.kind == "correction" else in_words(case, a, t)
    if told:
        lines.append(text(told, sizes.body, color=GREY if entry.corrected else None))
    if entry.files:
        lines.append(EntryFiles(session, a.activity_id, entry.files, thumbs))
    if entry.corrected:
        now = in_words(case, entry.standing, t) if entry.standing is not None else ""
        lines.append(text(t("Now: {what}", what=now or t("taken back")), sizes.body))
    note = a.body.get("note") or a.body.get("text")
    if isinstance(note, str) and note.strip():
        lines.append(text(t("Note: {note}", note=note.strip()), sizes.body, color=GREY))
    if entry.reason:
        lines.append(text(t("Why: {reason}", reason=entry.reason), sizes.body, color=WARN))
    row: list[ft.Control] = [
        ft.Icon(_KINDS.get(a.kind, ft.Icons.NOTES), size=sizes.icon, color=GREY),
        ft.Column(lines, spacing=1, tight=True, expand=True),
    ]
    if entry.own and a.kind != "correction":
        row.append(
            ft.IconButton(
                ft.Icon(ft.Icons.EDIT_OUTLINED, size=sizes.icon, color=GREY, semantics_label=t("Correct a record")),
                on_click=correct(entry.standing or a),
                tooltip=t("Correct a record"),
                key=f"correct-{a.activity_id}",
            )
        )  # fmt: skip
    return ft.Row(
        row, spacing=12, vertical_alignment=ft.CrossAxisAlignment.START, key=f"entry-{a.activity_id}"
    )


def _marks(entry: TimelineEntry, t: Translator, sizes: Sizes) -> list[ft.Control]:
    marks: list[ft.Control] = []
    if entry.own and entry.state != "uploaded":
        marks.append(state_pill(entry.state, t, sizes))
    if not entry.own:
        who = t("Colleague {officer}", officer=entry.activity.officer_id)
        marks.append(pill(who, sizes, icon=ft.Icons.PERSON_OUTLINE))
    if entry.late:
        marks.append(pill(t("Entered late"), sizes, icon=ft.Icons.HISTORY))
    if entry.corrected:
        marks.append(pill(t("Corrected"), sizes, icon=ft.Icons.EDIT_NOTE))
    return marks


def _correction_in_words(
    case: Case, a: Activity, corrected: Mapping[str, TimelineEntry], t: Translator
) -> str:
    """Which record it speaks of, and why."""
    of = corrected.get(str(a.body.get("of")))
    what = f"{t.code('kind', of.activity.kind)} {t.when(of.activity.happened_at)}" if of is not None else ""
    why = a.body.get("why")
    return " · ".join(x for x in (what, why if isinstance(why, str) else "") if x)


def in_words(case: Case, a: Activity, t: Translator) -> str:
    """What an activity said, in one line: outcome, state of the business, reason, amount and day."""
    body, parts = a.body, []
    for member in (
        ("place", "when", "best_time") if a.kind == "whereabouts" else ("old", "new", "channel", "why")
    ):
        value = body.get(member)
        if isinstance(value, str) and value:
            parts.append(value)
    for group in ("outcome", "business_state", "reason", "reason_detail", "agreed", "result", "to", "state"):
        value = body.get(group)
        if isinstance(value, str) and value:
            parts.append(t.code(_GROUPS.get(group, group), value))
    amount = money(body.get("amount") or body.get("amount_claimed"))
    due = body.get("due_on") or body.get("paid_on") or body.get("as_of")
    if amount is not None:
        parts.append(_amount_by(amount, due, t))
    if a.kind == "visit":
        met = body.get("met")
        names = (
            [party_in_words(case, p, t) for p in met if isinstance(p, str)] if isinstance(met, list) else []
        )
        parts.append(t("met {names}", names=names) if names else t("met nobody"))
    return " · ".join(parts)


def _amount_by(amount: Decimal, due: Any, t: Translator) -> str:
    try:
        return t("{amount} by {date}", amount=amount, date=date.fromisoformat(due))
    except (TypeError, ValueError):  # a colleague's phone may write what this one cannot read
        return t.money(amount)
