"""承诺: what was promised, by state and day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast

import flet as ft

from app.domain.promise_book import PromiseBook, PromiseDay
from app.domain.promises import PromiseView
from app.domain.records import Case
from app.i18n import Translator
from app.ui import routes
from app.ui.context import use_session
from app.ui.guard import memo, part
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.surface import card, failed, nothing_here, section, waiting
from app.ui.parts.windowed import chunks, use_window
from app.ui.parts.words import day_with_weekday, grey, headline, pill, text
from app.ui.theme import ACCENT, CARD, EDGE, GAP, GREY, Sizes

# What asks for something first; what is over last.
ORDER: Final = ("due_today", "broken", "partial", "to_verify", "open", "kept", "replaced")
DAY_GAP: Final = 6
SUMS: Final = ("open", "kept", "broken", "to_verify")

Pledge = tuple[Case, PromiseView]


def by_state(promises: Sequence[Pledge]) -> list[tuple[str, list[Pledge]]]:
    """The promises in groups, the pressing ones first, each by due day."""
    groups: dict[str, list[Pledge]] = {state: [] for state in ORDER}
    for pledge in promises:
        groups.setdefault(pledge[1].state, []).append(pledge)
    return [(state, sorted(g, key=lambda p: p[1].due_on)) for state, g in groups.items() if g]


def sums(promises: Sequence[Pledge]) -> dict[str, Decimal]:
    """Promised (still to come, today's included), kept, broken (kept in part included), to verify; in CNY."""
    out = dict.fromkeys(SUMS, Decimal("0.00"))
    into = {"due_today": "open", "partial": "broken"}
    for _, p in promises:
        state = into.get(p.state, p.state)
        if state in out:
            out[state] += p.amount
    return out


@part
def Promises() -> Any:  # noqa: N802
    """Sums first, then the list by state."""
    s = use_session()
    t, sizes = s.t, s.sizes
    day = s.notebook.today_date()
    found = use_loaded(s.notebook.promise_book, [s.edition, day, s.notebook])
    picked, pick = ft.use_state(cast("date | None", None))
    retry = use_action(s.reload, [s.reload])
    go = s.go
    draw = ft.use_callback(lambda pledge: promise_row(pledge, t, sizes, go, key=_key(pledge)), [t, sizes, go])
    rows = [r for r in found.value.rows if picked in (None, r[1].due_on)] if found.value else []
    shown, on_scroll = use_window(len(rows), of=picked)
    strip: ft.Ref[ft.Row] = ft.use_memo(ft.Ref, [])
    before_today = sum(d.on < day for d in found.value.days) if found.value and found.value.rows else 0

    async def show_today() -> None:
        if strip.current is not None and before_today > 0 and sizes.large:
            await strip.current.scroll_to(offset=(before_today - 1) * (_day_width(sizes) + DAY_GAP))

    ft.use_effect(show_today, [before_today, sizes], cleanup=lambda: None)
    body: list[ft.Control] = [headline(t("Repayment promises"), sizes)]
    if found.value is None:
        body.append(failed(s, found.error, retry) if found.error else waiting(s))
    elif not found.value.rows:
        body.append(
            nothing_here(
                t("No promises yet"), t("A promise you take down at the door or on the phone appears here."), sizes,
                icon=ft.Icons.EVENT_NOTE_OUTLINED,
            )
        )  # fmt: skip
    else:
        body.append(_strip(found.value, day, picked, pick, t, sizes, strip))
        body.append(_sums(rows, t, sizes))
        if not rows:
            body.append(ft.Container(grey(t("Nothing is promised for that day."), sizes.body), padding=8))
        for state, group in by_state(rows):
            body.append(section(t.code("promise_state", state), sizes, len(group)))
            body.extend(chunks(group, shown, draw, state))
    return ft.ListView(
        body,
        expand=True,
        spacing=GAP,
        padding=ft.Padding.only(left=EDGE, right=EDGE, top=8, bottom=24),
        on_scroll=on_scroll,
        scroll_interval=100,
        key="promises",
    )


def _strip(
    book: PromiseBook,
    today: date,
    picked: date | None,
    pick: Any,
    t: Translator,
    sizes: Sizes,
    ref: ft.Ref[ft.Row],
) -> ft.Control:
    """The days around today: how many promises fall due on each. A tap shows that day alone, another one all."""

    def choose(on: date) -> Callable[[], None]:
        return lambda: pick(None if on == picked else on)

    return ft.Row(
        [_day(d, today, d.on == picked, choose(d.on), t, sizes) for d in book.days],
        spacing=DAY_GAP,
        scroll=ft.ScrollMode.HIDDEN,
        key="strip",
        ref=ref,
    )


def _day(
    d: PromiseDay, today: date, chosen: bool, on_click: Callable[[], None], t: Translator, sizes: Sizes
) -> ft.Control:
    # A day without any stays on the page: another tone steps back in the light and forward in the dark.
    ground = ft.Colors.PRIMARY if chosen else CARD if d.count else None
    ink = ft.Colors.ON_PRIMARY if chosen else ft.Colors.ON_SURFACE if d.count else GREY
    above = t.code("day", "today") if d.on == today else t.weekday(d.on)
    below = t("{n} due", n=d.count) if d.count else "–" if d.working else t("closed")
    said = f"{day_with_weekday(d.on, t)} {t('{n} due', n=d.count)}"
    return ft.Container(
        ft.Semantics(
            label=said,
            button=True,
            selected=chosen,
            exclude_semantics=True,
            content=ft.Column(
                [
                    text(above, sizes.label, color=ink, bold=d.on == today),
                    text(str(d.on.day), sizes.strong, color=ink, bold=True),
                    text(below, sizes.label, color=ink),
                ],
                spacing=0,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
        ),
        width=_day_width(sizes),
        padding=ft.Padding.symmetric(vertical=8),
        border_radius=14,
        bgcolor=ground,
        ink=True,
        on_click=on_click,
        key=f"day-{d.on}",
    )


def _day_width(sizes: Sizes) -> float:
    return 56 * (1 + (sizes.scale - 1) * 0.8)


def _key(pledge: Pledge) -> str:
    return f"{pledge[1].activity_id}-{pledge[1].instalment}"


def _sums(promises: Sequence[Pledge], t: Translator, sizes: Sizes) -> ft.Control:
    words = {"open": t("To come"), "kept": t("Kept"), "broken": t("Not kept"), "to_verify": t("To verify")}
    amounts = sums(promises)
    return card(
        ft.ResponsiveRow(
            [
                ft.Column(
                    [
                        text(t.money(amounts[state]), sizes.title, bold=True, color=ACCENT if state == "open" else None, key=f"sum-{state}"),
                        grey(words[state], sizes.label),
                    ],
                    spacing=0,
                    tight=True,
                    col=12 if sizes.large else 6,
                )
                for state in SUMS
            ],
            spacing=12,
            run_spacing=12,
        )
    )  # fmt: skip


@part
def _promise(pledge: Pledge, t: Translator, sizes: Sizes, go: Callable[[str], None]) -> ft.Control:
    case, p = pledge
    bad = p.state in ("broken", "partial")
    state = pill(
        t.code("promise_state", p.state),
        sizes,
        color=ft.Colors.ON_ERROR_CONTAINER if bad else ft.Colors.ON_SECONDARY_CONTAINER,
        ground=ft.Colors.ERROR_CONTAINER if bad else ft.Colors.SECONDARY_CONTAINER,
        icon=ft.Icons.EVENT_BUSY
        if bad
        else ft.Icons.EVENT_AVAILABLE
        if p.state == "kept"
        else ft.Icons.EVENT_NOTE,
    )
    who = ft.Row(
        [text(case.borrower.name, sizes.strong, bold=True), state], spacing=8, run_spacing=2, wrap=True
    )
    money = text(t.money(p.amount), sizes.strong, bold=True, no_wrap=True)
    due = t("Due {weekday} {date}", date=p.due_on, weekday=t.weekday(p.due_on))
    facts = [t("Promised on {date}", date=p.made_on)]
    if p.paid:
        facts.append(t("{amount} paid of it", amount=p.paid))
    promiser = case.party_name(p.party)
    if p.party != "borrower" and promiser:
        facts.append(t("by {name}", name=promiser))
    head: ft.Control = (
        ft.Column([who, money], spacing=2, tight=True)
        if sizes.large
        else ft.Row(
            [ft.Container(who, expand=True), money], spacing=8, vertical_alignment=ft.CrossAxisAlignment.START
        )
    )
    return card(
        ft.Column([head, text(due, sizes.body), grey(" · ".join(facts), sizes.label)], spacing=3, tight=True),
        on_click=lambda: go(routes.case_path(case.case_id, routes.PROMISES)),
        padding=14,
        key=f"promise-{p.activity_id}-{p.instalment}",
    )


promise_row = memo(_promise)
