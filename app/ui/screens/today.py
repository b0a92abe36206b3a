"""今日: the plan an officer can walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

import flet as ft

from app.domain.plan import DayPlan, PlanItem
from app.i18n import Translator
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import part
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.case_row import case_row, place_in_words
from app.ui.parts.form_names import form_name
from app.ui.parts.steps import doors_first
from app.ui.parts.surface import card, failed, nothing_here, secondary, section, waiting
from app.ui.parts.sync_chip import SyncChip, clock_warning, sync_now
from app.ui.parts.windowed import AHEAD_PX, chunks, use_window
from app.ui.parts.words import day_with_weekday, grey, headline, spoken_alone, text, warning
from app.ui.syncing import SyncRun
from app.ui.theme import ACCENT, EDGE, GAP, Sizes

UNFINISHED_MOST: Final = 2  # more would push the day's plan off the screen


def since_last_sync(last: datetime | None, today: date, t: Translator) -> str:
    """How old what is shown may be, in days of the branch's calendar."""
    if last is None:
        return t("Never synced")
    days = (today - last.date()).days
    if days <= 0:
        return t("Synced at {time}", time=t.when(last, today))
    return t("{n} days since the last sync", n=days)


def walking_order(items: Sequence[PlanItem]) -> list[PlanItem]:
    """The plan's order, what is done moved down."""
    return sorted(items, key=lambda item: item.done)


@part
def Today() -> Any:  # noqa: N802
    """Head, unfinished records, the strip, the two lists, and the rest folded."""
    s = use_session()
    day = s.notebook.today_date()
    plan = use_loaded(lambda: s.notebook.today(here=s.here), [s.edition, s.here, day, s.notebook])
    unfolded, set_unfolded = ft.use_state(False)
    retry = use_action(s.reload, [s.reload])
    pull = use_action(lambda: sync_now(s), [s])
    toggle = use_action(lambda: set_unfolded(lambda on: not on), [])
    row = use_plan_row(s)
    rest = plan.value.waiting if plan.value is not None and unfolded else ()
    shown, on_scroll = use_window(len(rest), pull)

    body: list[ft.Control] = [Head(day)]
    rebuilt = s.notebook.rebuilt() if s.notebook.to_mend else None
    if rebuilt is not None:
        body.append(warning(s.t.say(rebuilt), s.sizes, icon=ft.Icons.HEALING_OUTLINED, key="rebuilt"))
    if plan.error is not None:
        body.append(failed(s, plan.error, retry))
    if plan.value is None:
        if plan.error is None:
            body.append(waiting(s))
    else:
        body.append(Unfinished(plan.value))
        body.extend(_plan(plan.value, s, row, pull))
        if plan.value.waiting:
            body.append(_fold(len(plan.value.waiting), unfolded, s, toggle))
            body.extend(chunks(rest, shown, row))
    return ft.ListView(
        body,
        expand=True,
        spacing=GAP,
        padding=ft.Padding.only(left=EDGE, right=EDGE, top=8, bottom=24),
        on_scroll=on_scroll,
        scroll_interval=100,
        cache_extent=AHEAD_PX,
        key="today",
    )


def use_plan_row(s: Session) -> Callable[[PlanItem], ft.Control]:
    """How one plan item is drawn, with a stable identity."""
    t, sizes, go = s.t, s.sizes, s.go

    def draw(item: PlanItem) -> Any:
        return case_row(
            item.case_id,
            item.name,
            item.dpd,
            item.amount_due,
            item.steps if item.asks else doors_first(item.steps),
            item.overdue_days,
            place_in_words(item.town, item.village, item.distance_m, t),
            item.done,
            item.clock_days,
            item.pinned,
            item.status,
            t,
            sizes,
            _open(go),
            key=item.case_id,
        )

    return ft.use_callback(draw, [t, sizes, go])


def _open(go: Callable[[str], None], tab: str = routes.TODAY) -> Callable[[str], None]:
    return lambda case_id: go(routes.case_path(case_id, tab))


def _plan(plan: DayPlan, s: Session, row: Callable[[PlanItem], ft.Control], pull: Any) -> list[ft.Control]:
    t, sizes = s.t, s.sizes
    out: list[ft.Control] = [_strip(plan, s)]
    if not plan.visits and not plan.calls:
        if plan.waiting:
            out.append(
                nothing_here(
                    t("Nothing is due today"), t("The cases below can wait."), sizes, icon=ft.Icons.TASK_ALT
                )
            )
        else:
            out.append(
                nothing_here(
                    t("No cases yet"), t("Sync to fetch the cases assigned to you."), sizes,
                    icon=ft.Icons.INBOX_OUTLINED,
                    actions=[secondary(t("Sync now"), sizes, pull, icon=ft.Icons.SYNC)],
                )
            )  # fmt: skip
        return out
    for title, items in ((t("Visits"), plan.visits), (t("Calls"), plan.calls)):
        if items:
            out.append(section(title, sizes, len(items)))
            out.extend(row(item) for item in walking_order(items))
    return out


@part
def Head(day: date) -> ft.Control:  # noqa: N802
    """Which day, which branch, how old the data, and the sync."""
    s = use_session()
    run: SyncRun = ft.use_state(s.sync)[0]
    t, sizes = s.t, s.sizes
    last = run.state.last_at if run.state is not None else None
    facts = [day_with_weekday(day, t), s.notebook.branch_name]
    words = ft.Column(
        [
            headline(t("Today"), sizes),
            grey(" · ".join(f for f in facts if f), sizes.body),
            grey(since_last_sync(last, day, t) if run.state is not None else "", sizes.label),
        ],
        spacing=2,
        expand=True,
        tight=True,
    )
    top: list[ft.Control] = (
        [ft.Row([words]), ft.Row([SyncChip()])]
        if sizes.large
        else [ft.Row([words, SyncChip()], spacing=8, vertical_alignment=ft.CrossAxisAlignment.START)]
    )
    if run.error is not None and not run.running:
        top.append(grey(t.say(run.error), sizes.label, key="sync-error"))
    if run.state is not None and run.state.clock_off_s:
        top.append(clock_warning(s, run.state.clock_off_s))
    return ft.Column(top, spacing=8, tight=True)


def _strip(plan: DayPlan, s: Session) -> ft.Control:
    t, sizes = s.t, s.sizes
    total = plan.todo + plan.done
    figures = [
        _figure(str(plan.todo), t("To do"), sizes, key="todo"),
        _figure(str(plan.done), t("Done"), sizes, key="done"),
        _figure(
            t.money(plan.promises_due_sum),
            t("Promised for today: {n}", n=plan.promises_due),
            sizes,
            color=ACCENT if plan.promises_due else None,
            key="promised",
        ),
    ]
    for figure, share in zip(figures, (2, 2, 5), strict=True):
        figure.expand = None if sizes.large else share
    return card(
        ft.Column(
            [
                ft.Row(
                    list[ft.Control](figures),
                    spacing=24 if sizes.large else 8,
                    run_spacing=8,
                    wrap=sizes.large,
                ),
                ft.ProgressBar(
                    value=plan.done / total if total else 0,
                    bar_height=8,
                    border_radius=4,
                    color=ACCENT,
                    bgcolor=ft.Colors.SECONDARY_CONTAINER,
                    semantics_label=t("{done} of {total} done", done=plan.done, total=total),
                ),
            ],
            spacing=12,
        ),
        key="strip",
    )


def _figure(value: str, label: str, sizes: Sizes, *, color: Any = None, key: str) -> ft.Column:
    return ft.Column(
        [
            spoken_alone(
                ft.Column(
                    [
                        text(value, sizes.in_one_line(sizes.number, value), bold=True, color=color, key=key),
                        grey(label, sizes.label),
                    ],
                    spacing=0,
                    tight=True,
                )
            )
        ],
        tight=True,
    )


def _fold(count: int, unfolded: bool, s: Session, toggle: Any) -> ft.Control:
    return card(
        ft.Row(
            [
                text(s.t("{n} more waiting", n=count), s.sizes.body, bold=True, expand=True),
                ft.Icon(ft.Icons.EXPAND_LESS if unfolded else ft.Icons.EXPAND_MORE, size=s.sizes.icon),
            ]
        ),
        on_click=toggle,
        key="waiting",
        margin=ft.Margin.only(top=12),
        tooltip=s.t("Fold") if unfolded else s.t("Unfold"),
    )


@part
def Unfinished(plan: DayPlan) -> ft.Control:  # noqa: N802
    """Forms that were begun and not saved; a tap goes on with one."""
    s = use_session()
    drafts = use_loaded(s.notebook.drafts, [s.edition, s.notebook])
    whole, set_whole = ft.use_state(False)
    if not drafts.value:
        return ft.Container(visible=False)
    t, sizes = s.t, s.sizes
    begun = list(reversed(drafts.value))  # the one left last first
    folded = [] if whole else begun[1 if sizes.large else UNFINISHED_MOST :]
    names = {i.case_id: i.name for i in (*plan.visits, *plan.calls, *plan.waiting)}

    def line(draft: Any) -> ft.Control:
        form, name = form_name(t, draft.kind), names.get(draft.case_id, "")
        words = t("{kind}: {name}", kind=form, name=name) if name else form
        return ft.Container(
            key=f"draft-{draft.draft_id}",
            ink=True,
            border_radius=12,
            padding=ft.Padding.symmetric(horizontal=8, vertical=12),
            on_click=lambda: s.go(routes.form_path(routes.case_path(draft.case_id), draft.kind)),
            content=ft.Row(
                [
                    ft.Icon(ft.Icons.EDIT_NOTE, size=sizes.icon, color=ACCENT),
                    ft.Row(
                        [text(words, sizes.body), text(t("Go on"), sizes.body, color=ACCENT, bold=True)],
                        spacing=16,
                        run_spacing=2,
                        wrap=True,
                        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
                        expand=True,
                    ),
                ],
                spacing=12,
            ),
        )

    more = [
        ft.TextButton(
            content=text(t("{n} more", n=len(folded)), sizes.body, color=ACCENT, bold=True),
            on_click=lambda: set_whole(True),
            style=ft.ButtonStyle(padding=ft.Padding.symmetric(horizontal=8, vertical=14)),
            key="unfinished-more",
        )
    ]
    return card(
        ft.Column(
            [
                text(t("Unfinished records"), sizes.body, bold=True),
                *(line(d) for d in begun[: len(begun) - len(folded)]),
                *(more if folded else []),
            ],
            spacing=2,
        ),
        key="unfinished",
    )
