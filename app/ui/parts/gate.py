"""门槛: which rule stands against it, until when, what is possible instead; going on needs a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flet as ft

from app.domain.gate import Hindrance
from app.i18n import mark
from app.ui.context import Session
from app.ui.parts.chips import chip, chips, tap
from app.ui.parts.reasons import written
from app.ui.parts.surface import card
from app.ui.parts.words import grey, text

REASONS = (
    mark("They asked me to come or call at this time"),
    mark("Agreed with my supervisor"),
    mark("A legal date is about to pass"),
)


def gate_panel(
    session: Session, hindrances: Sequence[Hindrance], why: str, change: Any, *, key: str = "gate"
) -> ft.Control:
    """The blocking rules with chips of reasons and a field for another one; `change(override=…)` keeps it."""
    s, t = session.sizes, session.t
    rows: list[ft.Control] = [text(t("A rule stands against this"), s.strong, bold=True)]
    for hindrance in hindrances:
        rows.append(_rule(session, hindrance))

    async def own_words(e: ft.Event[ft.TextField]) -> None:
        await change(override=e.control.value or "")

    said = [t(reason) for reason in REASONS]
    rows += [
        text(t("Go on all the same? Say why; it stays in the record."), s.body),
        chips(
            chip(session, words, tap(change, override=words), chosen=why == words, key=f"{key}-why-{n}")
            for n, words in enumerate(said)
        ),
        written(session, t("Another reason"), "" if why in said else why, own_words, key=f"{key}-why"),
    ]
    return card(
        ft.Column(rows, spacing=10, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        key=key,
    )


def warnings_of(session: Session, hindrances: Sequence[Hindrance]) -> list[ft.Control]:
    """What is worth knowing and stops nobody."""
    return [card(_rule(session, h), key=f"warning-{h.rule}") for h in hindrances if not h.blocks]


def _rule(session: Session, hindrance: Hindrance) -> ft.Control:
    s, t = session.sizes, session.t
    sign = ft.Icons.BLOCK if hindrance.blocks else ft.Icons.INFO_OUTLINED
    words: list[ft.Control] = [text(t.say(hindrance.text), s.body)]
    if hindrance.instead is not None:
        words.append(grey(t.say(hindrance.instead), s.label))
    return ft.Row(
        [
            ft.Icon(sign, size=s.icon, color=ft.Colors.ERROR if hindrance.blocks else ft.Colors.PRIMARY),
            ft.Column(words, spacing=2, tight=True, expand=True),
        ],
        spacing=10,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
