"""What the law and the calendar say of a case: limitation with its ledger, cash dates, reasons, decisions, the group."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import flet as ft

from app.domain.clocks import LedgerLine, Limitation
from app.domain.records import BORROWER, Activity, Case, day, instant
from app.i18n import Translator
from app.ui.guard import part
from app.ui.parts.parties import party_in_words
from app.ui.parts.surface import card, section
from app.ui.parts.words import day_with_weekday, grey, text, warning
from app.ui.theme import Sizes

if TYPE_CHECKING:
    from app.views import CaseView

_NEAR_DAYS = 30
_TOLD = 3
_SIGNS = {
    "starts": ft.Icons.FLAG_OUTLINED,
    "interrupts": ft.Icons.RESTART_ALT,
    "weak": ft.Icons.HELP_OUTLINE,
    "no": ft.Icons.REMOVE,
}


def clocks_and_money(view: CaseView, t: Translator, s: Sizes) -> list[ft.Control]:
    """Each with its heading, and only where there is something to say."""
    rows: list[ft.Control] = []
    if view.whereabouts:
        told = [_whereabouts(view.case, a, t) for a in view.whereabouts[:_TOLD]]
        rows += [section(t("Whereabouts"), s), card(_lines(told, s), key="whereabouts")]
    if view.limitation is not None:
        rows += [section(t("Limitation of action"), s), LimitationCard(view.limitation, t, s)]
    if view.cash:
        dates = [
            " · ".join(
                x
                for x in (
                    day_with_weekday(c.on, t),
                    t.code("cash", c.source),
                    c.about,
                    t.money(c.amount) if c.amount is not None else "",
                )
                if x
            )
            for c in view.cash[:5]
        ]
        rows += [section(t("When there is money"), s), card(_lines(dates, s), key="cash")]
    if view.reasons:
        said = [
            " · ".join(
                x
                for x in (
                    t.date(r.on),
                    t.code("cause", r.cause) if r.cause else "",
                    t.code("reason", r.reason) if r.reason else "",
                    t.code("reason_detail", r.detail) if r.detail else "",
                )
                if x
            )
            for r in view.reasons
        ]
        rows += [section(t("Reasons given"), s), card(_lines(said, s), key="reasons")]
    if view.case.decisions:
        made = [
            " · ".join(
                x for x in (t.date(d.on) if d.on else "", t.code("decision", d.what), d.why, d.by) if x
            )
            for d in view.case.decisions
        ]
        rows += [section(t("The supervisor decided"), s), card(_lines(made, s), key="decisions")]
    if view.group:
        loans = [
            t("{name} · {n} days overdue · {amount}", name=g.name, n=g.dpd, amount=g.amount_due)
            for g in view.group
        ]
        rows += [section(t("Own loans of the group"), s), card(_lines(loans, s), key="group")]
    return rows


def _whereabouts(case: Case, a: Activity, t: Translator) -> str:
    """Where, when, the best time, until when not to come, who says so."""
    said = [str(a.body[m]) for m in ("place", "when") if isinstance(a.body.get(m), str)]
    if a.party and a.party != BORROWER:
        said.insert(0, party_in_words(case, a.party, t))
    if isinstance(best := a.body.get("best_time"), str):
        said.append(t("best: {when}", when=best))
    if isinstance(avoid := a.body.get("avoid"), Mapping) and (until := instant(avoid.get("until"))):
        last = (until - timedelta(minutes=1)).date()
        why = avoid.get("why")
        if isinstance(why, str) and why:
            said.append(t("not until after {date} ({why})", date=last, why=why))
        else:
            said.append(t("not until after {date}", date=last))
    source = a.body.get("source")
    heard = day(a.body.get("seen_on"))
    said.append(" ".join(x for x in (t.date(heard) if heard else "", str(source or "")) if x))
    return " · ".join(x for x in said if x)


@part
def LimitationCard(limitation: Limitation, t: Translator, s: Sizes) -> ft.Control:  # noqa: N802
    """Until when, how that was computed, and behind a tap what moved it and what proof is missing."""
    if limitation.expires_on is None:
        return card(grey(t.say(limitation.unknown) if limitation.unknown else "", s.body), key="limitation")
    left = limitation.days_left or 0
    said = t("Until {date}, {n} d left", date=t.full_date(limitation.expires_on), n=left)
    head = warning(said, s) if left <= _NEAR_DAYS else text(said, s.body, bold=True)
    rows: list[ft.Control] = [head]
    if limitation.how is not None:
        rows.append(grey(t.say(limitation.how), s.label))
    counted = [line for line in limitation.lines if line.effect != "no"]
    rows.append(
        ft.ExpansionTile(
            key="ledger",
            title=text(t("What counts for it"), s.body),
            tile_padding=0,
            controls_padding=ft.Padding.only(bottom=8),
            shape=ft.RoundedRectangleBorder(),
            controls=[_line(line, t, s) for line in counted],
        )
    )
    return card(
        ft.Column(rows, spacing=4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        key="limitation",
    )


def _line(line: LedgerLine, t: Translator, s: Sizes) -> ft.Control:
    words = f"{t.full_date(line.on)} · {t.code('effect', line.effect)}"
    below = [t.say(line.why)]
    if line.missing:
        below.append(t("Missing: {what}", what=[t.code("proof", m) for m in line.missing]))
    return ft.Row(
        [
            ft.Icon(_SIGNS.get(line.effect, ft.Icons.REMOVE), size=s.icon),
            ft.Column(
                [text(words, s.body), *(grey(b, s.label) for b in below)], spacing=0, tight=True, expand=True
            ),
        ],
        spacing=10,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _lines(said: list[str], s: Sizes) -> ft.Control:
    return ft.Column([text(words, s.body) for words in said], spacing=6, tight=True)
