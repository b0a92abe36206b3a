"""My day in figures, and the last seven days as bars drawn from plain boxes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import flet as ft

from app.domain.codes import REACHED
from app.domain.records import money
from app.i18n import Translator
from app.ui.guard import part
from app.ui.parts.surface import card
from app.ui.parts.words import grey, spoken_alone, text
from app.ui.theme import ACCENT, Sizes

if TYPE_CHECKING:
    from app.views import TimelineEntry

DAYS: Final = 7
TALLEST: Final = 72


def figures_of(entries: Sequence[TimelineEntry], day: date, zone: tzinfo | None) -> dict[str, Decimal]:
    """What this phone recorded for a day: calls, visits, conversations, promises, their sum in CNY."""
    mine = [e.activity for e in entries if e.own and e.activity.happened_at.astimezone(zone).date() == day]
    pledged = [money(a.body.get("amount")) or Decimal(0) for a in mine if a.kind == "promise"]
    return {
        "calls": Decimal(sum(a.kind == "call" for a in mine)),
        "visits": Decimal(sum(a.kind == "visit" for a in mine)),
        "reached": Decimal(
            sum(a.kind in ("call", "visit") and a.body.get("outcome") in REACHED for a in mine)
        ),
        "promises": Decimal(len(pledged)),
        "promised": sum(pledged, Decimal("0.00")),
    }


@part
def DayFigures(  # noqa: N802
    entries: Sequence[TimelineEntry], today: date, zone: tzinfo | None, t: Translator, sizes: Sizes
) -> ft.Control:
    """Today's figures above, a week of calls and visits below."""
    now = figures_of(entries, today, zone)
    shown = [
        (str(now["calls"]), t("Calls made")),
        (str(now["visits"]), t("Visits made")),
        (str(now["reached"]), t("Reached")),
        (str(now["promises"]), t("Promises taken")),
        (t.money(now["promised"]), t("Sum promised")),
    ]
    figures = [
        spoken_alone(
            ft.Column([text(value, sizes.title, bold=True), grey(label, sizes.label)], spacing=0, tight=True)
        )
        for value, label in shown
    ]
    return card(
        ft.Column(
            [
                ft.Row(list[ft.Control](figures), spacing=24, run_spacing=12, wrap=True),
                *_week(entries, today, zone, t, sizes),
            ],
            spacing=14,
        )
    )


def _week(
    entries: Sequence[TimelineEntry], today: date, zone: tzinfo | None, t: Translator, sizes: Sizes
) -> list[ft.Control]:
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    counts = []
    for day in days:
        f = figures_of(entries, day, zone)
        counts.append(int(f["calls"] + f["visits"]))
    if not any(counts):
        return [grey(t("No calls or visits in the last 7 days"), sizes.label)]
    most = max(counts)

    def bar(day: date, count: int) -> ft.Control:
        return ft.Semantics(
            label=t("{date}: {n}", date=day, n=count),
            exclude_semantics=True,
            container=True,
            expand=True,
            content=ft.Column(
                [
                    text(str(count) if count else "", sizes.label, bold=day == today),
                    ft.Container(
                        height=max(3, TALLEST * count / most),
                        width=22,
                        border_radius=6,
                        bgcolor=ACCENT if day == today else ft.Colors.SECONDARY_CONTAINER,
                    ),
                    grey(t.weekday(day) if not sizes.large else str(day.day), sizes.label),
                ],
                spacing=4,
                alignment=ft.MainAxisAlignment.END,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
        )

    bars = ft.Row(
        [bar(d, c) for d, c in zip(days, counts, strict=True)],
        height=TALLEST + 56 * sizes.scale,
        vertical_alignment=ft.CrossAxisAlignment.END,
        spacing=0,
    )
    return [grey(t("Calls and visits, last 7 days"), sizes.label), bars]
