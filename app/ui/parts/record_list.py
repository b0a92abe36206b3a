"""One record of this phone's journal, with what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import flet as ft

from app.i18n import Translator
from app.ui import routes
from app.ui.guard import memo, part
from app.ui.parts.surface import card
from app.ui.parts.words import grey, pill, text
from app.ui.theme import GREY, QUIET, Sizes

if TYPE_CHECKING:
    from app.views import TimelineEntry

_SIGNS: dict[str, tuple[Any, Any, Any]] = {
    "waiting": (
        ft.Icons.CLOUD_UPLOAD_OUTLINED,
        ft.Colors.ON_SECONDARY_CONTAINER,
        ft.Colors.SECONDARY_CONTAINER,
    ),
    "uploaded": (ft.Icons.CLOUD_DONE_OUTLINED, GREY, QUIET),
    "accepted": (ft.Icons.VERIFIED_OUTLINED, GREY, QUIET),
    "rejected": (
        ft.Icons.DO_NOT_DISTURB_ON_OUTLINED,
        ft.Colors.ON_ERROR_CONTAINER,
        ft.Colors.ERROR_CONTAINER,
    ),
    "quarantined": (ft.Icons.RATE_REVIEW_OUTLINED, ft.Colors.ON_ERROR_CONTAINER, ft.Colors.ERROR_CONTAINER),
}


def state_pill(state: str, t: Translator, sizes: Sizes) -> ft.Control:
    """未上传, 已上传, 待主管核查: in words, with a sign."""
    icon, color, ground = _SIGNS.get(state, _SIGNS["waiting"])
    return pill(t.code("record_state", state), sizes, color=color, ground=ground, icon=icon)


@part
def _record(
    entry: TimelineEntry, name: str, today: date, t: Translator, sizes: Sizes, go: Callable[[str], None]
) -> ft.Control:
    a = entry.activity
    outcome = a.body.get("outcome")
    what = [name] if name else []
    if isinstance(outcome, str) and outcome:
        what.append(t.code("outcome", outcome))
    lines: list[ft.Control] = [
        ft.Row(
            [text(t.code("kind", a.kind), sizes.body, bold=True), state_pill(entry.state, t, sizes)],
            spacing=8,
            run_spacing=2,
            wrap=True,
        ),
        text(" · ".join(what), sizes.body),
        grey(t.when(a.happened_at, today) + (" · " + t("entered late") if entry.late else ""), sizes.label),
    ]
    if entry.reason:
        lines.append(text(t("Why: {reason}", reason=entry.reason), sizes.body, color=ft.Colors.ERROR))
    return card(
        ft.Column(lines, spacing=2, tight=True),
        padding=14,
        on_click=lambda: go(routes.case_path(a.case_id, routes.ME)),
        key=f"record-{a.activity_id}",
    )


record_row = memo(_record)
