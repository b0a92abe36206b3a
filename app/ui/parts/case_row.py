"""One borrower in a list: who, how long overdue, how much, what to do, where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import flet as ft

from app.domain.steps import Step
from app.i18n import Translator
from app.ui.guard import memo, part
from app.ui.parts.steps import URGENT, leading_step, step_icon, steps_in_words
from app.ui.parts.surface import card
from app.ui.parts.words import grey, pill, text
from app.ui.theme import ACCENT, GREY, QUIET, WARN, Sizes


def distance_in_words(metres: int, t: Translator) -> str:
    """350 米, 2.3 公里, in one line."""
    near = metres < 1000
    far = t("{n} m", n=metres // 10 * 10) if near else t("{n} km", n=f"{metres / 1000:.1f}")
    return far.replace(" ", "\u00a0")


def place_in_words(town: str, village: str, distance_m: int | None, t: Translator) -> str:
    """石桥镇 · 石桥村 · 2.3 公里, of what is known."""
    parts = [p for p in (town, village) if p]
    if distance_m is not None:
        parts.append(distance_in_words(distance_m, t))
    return " · ".join(parts)


def overdue_pill(dpd: int, status: str, t: Translator, sizes: Sizes) -> ft.Control:
    """逾期 N 天; 未逾期 for a case that is only watched: nothing is unpaid, whatever its last figures say."""
    if dpd <= 0 or status == "watch":
        return pill(t("Current"), sizes)
    return pill(t("{n} days overdue", n=dpd), sizes)


def _sign(icon: Any, *, urgent: bool, done: bool, sizes: Sizes) -> ft.Control:
    ground, color = (
        (QUIET, GREY)
        if done
        else (ft.Colors.ERROR_CONTAINER, ft.Colors.ON_ERROR_CONTAINER)
        if urgent
        else (ft.Colors.PRIMARY_CONTAINER, ft.Colors.ON_PRIMARY_CONTAINER)
    )
    side = 40 * (1 + (sizes.scale - 1) * 0.3)
    return ft.Container(
        width=side,
        height=side,
        border_radius=side / 2,
        bgcolor=ground,
        alignment=ft.Alignment.CENTER,
        content=ft.Icon(ft.Icons.CHECK if done else icon, size=side * 0.55, color=color),
    )


def _head(
    name: str, dpd: int, status: str, amount: Decimal, t: Translator, sizes: Sizes, *, done: bool
) -> ft.Control:
    who: list[ft.Control] = [
        text(name, sizes.strong, bold=True, color=GREY if done else None),
        overdue_pill(dpd, status, t, sizes),
    ]
    money = text(t.money(amount), sizes.strong, bold=True, color=GREY if done else None, no_wrap=True)
    if sizes.large:
        return ft.Column([ft.Row(who, spacing=8, run_spacing=2, wrap=True), money], spacing=2, tight=True)
    return ft.Row(
        [ft.Row(who, spacing=8, run_spacing=2, wrap=True, expand=True), money],
        spacing=8,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def marks(
    clock_days: int | None, pinned: bool, status: str, long_overdue: bool, t: Translator, sizes: Sizes
) -> list[ft.Control]:
    """What sets a case apart in a list: a legal clock, 攻坚, 长期逾期, that it is watched or off the list."""
    found: list[ft.Control] = []
    on, ground = ft.Colors.ON_ERROR_CONTAINER, ft.Colors.ERROR_CONTAINER
    if clock_days is not None:
        words = t("{n} days left by law", n=clock_days) if clock_days >= 0 else t("A legal date has passed")
        found.append(pill(words, sizes, color=on, ground=ground, icon=ft.Icons.HOURGLASS_BOTTOM))
    if pinned:
        found.append(pill(t("Push"), sizes, icon=ft.Icons.PUSH_PIN_OUTLINED))
    if long_overdue:
        found.append(pill(t("Long overdue"), sizes, color=on, ground=ground))
    if status != "open":
        found.append(pill(t.code("case_status", status), sizes))
    return found


@part
def CaseRow(  # noqa: N802
    case_id: str,
    name: str,
    dpd: int,
    amount: Decimal,
    steps: Sequence[Step],
    overdue_days: int,
    where: str,
    done: bool,
    clock_days: int | None,
    pinned: bool,
    status: str,
    t: Translator,
    sizes: Sizes,
    open_case: Callable[[str], Any],
) -> ft.Control:
    """A row; every argument is a value or keeps its identity, so that the row is drawn anew only when it changed."""
    first = leading_step(steps)
    urgent = first is not None and first.step in URGENT and not done
    what = steps_in_words(steps, t)
    lines: list[ft.Control] = [_head(name, dpd, status, amount, t, sizes, done=done)]
    if done:
        lines.append(grey(t("Done today"), sizes.body))
    elif what:
        lines.append(
            text(
                what, sizes.body, color=WARN if urgent else ACCENT, max_lines=4 if not sizes.large else 8,
                overflow=ft.TextOverflow.ELLIPSIS,
            )
        )  # fmt: skip
    foot = marks(clock_days, pinned, status, False, t, sizes)
    if overdue_days > 0 and not done:
        foot.append(text(t("{n} d late", n=overdue_days), sizes.label, color=WARN, bold=True))
    if where:
        foot.append(grey(where, sizes.label))
    if foot:
        lines.append(ft.Row(foot, spacing=8, run_spacing=2, wrap=True))
    return card(
        ft.Row(
            [
                _sign(step_icon(first), urgent=urgent, done=done, sizes=sizes),
                ft.Column(lines, spacing=3, expand=True, tight=True),
            ],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
        on_click=lambda: open_case(case_id),
        padding=14,
        key=f"case-{case_id}",
    )


case_row = memo(CaseRow)
