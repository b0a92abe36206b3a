"""客户: all cases; search, filters, order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.i18n import Translator
from app.ui import routes
from app.ui.context import Session, use_session
from app.ui.guard import memo, part
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.case_row import distance_in_words, marks, overdue_pill
from app.ui.parts.choice import Choice
from app.ui.parts.field import Field
from app.ui.parts.surface import card, failed, nothing_here, secondary, waiting
from app.ui.parts.sync_chip import sync_now
from app.ui.parts.windowed import AHEAD_PX, chunks, use_window
from app.ui.parts.words import grey, headline, stacked, text
from app.ui.theme import CARD, EDGE, FLOATING, GAP, GREY, TOUCH, Sizes

if TYPE_CHECKING:
    from app.views import Row

ALL: Final = ""
FAR: Final = 10**9


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown and in which order; an empty string lets everything through."""

    stage: str = ALL
    reason: str = ALL
    town: str = ALL
    group: str = ALL
    mark: str = ALL
    order: str = "rank"

    @property
    def narrowing(self) -> bool:
        """Whether anything is left out."""
        return bool(self.stage or self.reason or self.town or self.group or self.mark)


def narrowed(rows: Sequence[Row], f: Filters) -> list[Row]:
    """The rows the filters let through, in the chosen order; ties keep the plan's order."""
    kept = [
        r
        for r in rows
        if f.stage in (ALL, r.stage)
        and f.reason in (ALL, r.reason)
        and f.town in (ALL, r.town)
        and f.group in (ALL, r.group_no)
        and f.mark in (ALL, *marks_of(r))
    ]
    keys: dict[str, Callable[[Row], Any]] = {
        "rank": lambda r: r.rank,
        "amount": lambda r: (-r.amount_due, r.rank),
        "days": lambda r: (-r.dpd, r.rank),
        "distance": lambda r: (FAR if r.distance_m is None else r.distance_m, r.rank),
    }
    return sorted(kept, key=keys.get(f.order, keys["rank"]))


def marks_of(row: Row) -> tuple[str, ...]:
    """What a case may be picked out by: `cash` (money about today), `pinned` (攻坚), `long_overdue`."""
    held = (("cash", row.cash_on is not None), ("pinned", row.pinned), ("long_overdue", row.long_overdue))
    return tuple(name for name, there in held if there)


def stage_in_words(stage: str, t: Translator) -> str:
    """A stage is the case's age while it is open, otherwise its status."""
    words = t.code("stage", stage)
    return words if words != stage else t.code("case_status", stage)


@part
def Customers() -> Any:  # noqa: N802
    """Search field and filters stay in sight; the list below is a growing window."""
    s = use_session()
    t, sizes = s.t, s.sizes
    query, set_query = ft.use_state("")
    filters, set_filters = ft.use_state(Filters())
    asked = query.strip()

    async def load() -> list[Row]:
        return await (s.notebook.search(asked, s.here) if asked else s.notebook.customers(s.here))

    found = use_loaded(load, [asked, s.edition, s.here, s.notebook])
    everyone = use_loaded(lambda: s.notebook.customers(s.here), [s.edition, s.here, s.notebook])
    rows = ft.use_memo(lambda: narrowed(found.value or [], filters), [found.value, filters])
    shown, on_scroll = use_window(len(rows), of=(asked, filters))
    draw = use_customer_row(s)
    retry = use_action(s.reload, [s.reload])
    pull = use_action(lambda: sync_now(s), [s])
    clear = use_action(lambda: (set_query(""), set_filters(Filters()))[0], [])
    change = ft.use_callback(lambda e: set_query(e.control.value or ""), [])

    head: list[ft.Control] = [
        ft.Row(
            [
                headline(t("Customers"), sizes),
                grey(t("{n} cases", n=len(rows)), sizes.body, key="count"),
            ],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.END,
            wrap=True,
        ),
        Field(
            key="search",
            value=query,
            label=t("Search"),
            label_style=ft.TextStyle(size=sizes.label / FLOATING),
            hint_text=t("Name, initials, end of phone, village, contract"),
            text_size=sizes.body,
            prefix_icon=ft.Icons.SEARCH,
            suffix_icon=ft.IconButton(
                ft.Icon(ft.Icons.CLOSE, semantics_label=t("Clear")),
                on_click=lambda: set_query(""),
                tooltip=t("Clear"),
            )
            if query
            else None,
            border=ft.OutlineInputBorder(side=ft.BorderSide(0, ft.Colors.TRANSPARENT), border_radius=28),
            filled=True,
            bgcolor=CARD,
            content_padding=ft.Padding.symmetric(horizontal=20, vertical=14),
            autocorrect=False,
            on_change=change,
        ),
        _choices(everyone.value or [], filters, set_filters, t, sizes),
    ]
    if found.value is None:
        body: list[ft.Control] = [failed(s, found.error, retry) if found.error else waiting(s)]
    elif rows:
        body = chunks(rows, shown, draw)
    elif asked or filters.narrowing:
        body = [
            nothing_here(
                t("Nobody found"), t("Try fewer words, or take the filters away."), sizes, icon=ft.Icons.SEARCH_OFF,
                actions=[secondary(t("Show all"), sizes, clear, key="show-all")],
            )
        ]  # fmt: skip
    else:
        body = [
            nothing_here(
                t("No cases yet"),
                t("Sync to fetch the cases assigned to you."),
                sizes,
                icon=ft.Icons.INBOX_OUTLINED,
                actions=[secondary(t("Sync now"), sizes, pull, icon=ft.Icons.SYNC, key="sync-now")],
            )
        ]
    return ft.Column(
        [
            ft.Container(
                ft.Column(head, spacing=10, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
                padding=ft.Padding.only(left=EDGE, right=EDGE, top=8, bottom=4),
            ),
            ft.ListView(
                body,
                expand=True,
                spacing=GAP,
                padding=ft.Padding.only(left=EDGE, right=EDGE, top=4, bottom=24),
                on_scroll=on_scroll,
                scroll_interval=100,
                cache_extent=AHEAD_PX,
                key="customers",
            ),
        ],
        expand=True,
        spacing=0,
    )


def _choices(
    rows: Sequence[Row], f: Filters, set_filters: Callable[..., None], t: Translator, sizes: Sizes
) -> ft.Control:
    def values(of: Callable[[Row], str]) -> list[str]:
        return list(dict.fromkeys(v for v in map(of, rows) if v))

    def pick(name: str) -> Callable[[str], None]:
        return lambda value: set_filters(lambda old: replace(old, **{name: value}))

    orders = {
        "rank": t("By plan"),
        "amount": t("By amount"),
        "days": t("By days"),
        "distance": t("By distance"),
    }
    offered: list[tuple[str, str, dict[str, str]]] = [
        ("stage", t("Stage"), {v: stage_in_words(v, t) for v in sorted(values(lambda r: r.stage))}),
        ("reason", t("Reason"), {v: t.code("reason", v) for v in sorted(values(lambda r: r.reason))}),
        ("town", t("Town"), {v: v for v in sorted(values(lambda r: r.town))}),
        ("group", t("Joint group"), {v: v for v in sorted(values(lambda r: r.group_no))}),
    ]
    named = {
        "cash": t("In money about today"),
        "pinned": t("Push"),
        "long_overdue": t("Long overdue"),
    }
    held = {m for r in rows for m in marks_of(r)}
    offered.insert(0, ("mark", t("Mark"), {m: words for m, words in named.items() if m in held}))
    chips: list[ft.Control] = [Choice("order", ft.Icons.SORT, orders, f.order, t("Order"), "", pick("order"))]
    chips.extend(
        Choice(name, None, options, getattr(f, name), title, t("All"), pick(name))
        for name, title, options in offered
        if options
    )
    return ft.Row(chips, spacing=8, scroll=ft.ScrollMode.HIDDEN, height=max(TOUCH, 34 * sizes.scale))


def use_customer_row(s: Session) -> Callable[[Row], ft.Control]:
    """How one customer is drawn, with a stable identity."""
    t, sizes, go = s.t, s.sizes, s.go

    def draw(row: Row) -> Any:
        return customer_row(row, t, sizes, go, key=row.case_id)

    return ft.use_callback(draw, [t, sizes, go])


@part
def _customer(row: Row, t: Translator, sizes: Sizes, go: Callable[[str], None]) -> ft.Control:
    who = ft.Row(
        [text(row.name, sizes.strong, bold=True), overdue_pill(row.dpd, row.status, t, sizes)],
        spacing=8,
        run_spacing=2,
        wrap=True,
        expand=not sizes.large,
    )
    money = text(t.money(row.amount_due), sizes.strong, bold=True, no_wrap=True)
    where = [p for p in (row.town, row.village) if p]
    if row.distance_m is not None:
        where.append(distance_in_words(row.distance_m, t))
    facts = []
    if row.cash_on is not None:
        facts.append(t("money {date}: {source}", date=row.cash_on, source=t.code("cash", row.cash_source)))
    if row.reason:
        facts.append(t.code("reason", row.reason))
    if row.group_no:
        facts.append(t("Group {group}", group=row.group_no))
    if row.phone_tail:
        facts.append(t("phone ending {tail}", tail=row.phone_tail).replace(" ", "\u00a0"))
    head: ft.Control = (
        ft.Column([who, money], spacing=2, tight=True)
        if sizes.large
        else ft.Row([who, money], spacing=8, vertical_alignment=ft.CrossAxisAlignment.START)
    )
    lines: list[ft.Control] = [head]
    if set_apart := marks(None, row.pinned, row.status, row.long_overdue, t, sizes):
        lines.append(ft.Row(set_apart, spacing=8, run_spacing=2, wrap=True))
    told = [(" · ".join(where), sizes.body, GREY), (" · ".join(facts), sizes.label, GREY)]
    if told := [line for line in told if line[0]]:
        lines.append(stacked(*told))
    return card(
        ft.Column(lines, spacing=3, tight=True),
        on_click=lambda: go(routes.case_path(row.case_id, routes.CUSTOMERS)),
        padding=14,
        key=f"customer-{row.case_id}",
    )


customer_row = memo(_customer)
