"""我的: the sync record by record, my day in figures, how the app looks, lock, about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import flet as ft

from app import VERSION
from app.ui.context import Installation, Session, use_session
from app.ui.guard import part
from app.ui.hooks import use_action, use_loaded
from app.ui.parts.day_figures import DayFigures
from app.ui.parts.language import NAMES
from app.ui.parts.newer_build import newer_build
from app.ui.parts.record_list import record_row
from app.ui.parts.surface import card, failed, primary, secondary, section
from app.ui.parts.sync_chip import clock_warning, progress_in_words, sync_now
from app.ui.parts.windowed import chunks, use_window
from app.ui.parts.words import grey, headline, spoken_alone, text, warning
from app.ui.syncing import SyncRun
from app.ui.theme import ACCENT, EDGE, GAP, TOUCH

if TYPE_CHECKING:
    from app.views import TimelineEntry

TEXT_SIZES = (100, 125, 150, 175, 200)
PENDING = ("rejected", "quarantined", "waiting")


def pending_first(entries: Sequence[TimelineEntry]) -> list[TimelineEntry]:
    """Under review, then waiting, then uploaded; the newest first within each."""
    rank = {state: n for n, state in enumerate(PENDING)}
    return sorted(entries, key=lambda e: rank.get(e.state, len(rank)))


@part
def Me() -> Any:  # noqa: N802
    """One scrolling page; the records are a growing window at its end."""
    s = use_session()
    t, sizes = s.t, s.sizes
    journal = use_loaded(s.notebook.journal, [s.edition, s.notebook])
    names = use_loaded(lambda: _names(s), [s.edition, s.notebook])
    unfolded, set_unfolded = ft.use_state(False)
    retry = use_action(s.reload, [s.reload])
    toggle = use_action(lambda: set_unfolded(lambda on: not on), [])
    installation: Installation | None = ft.use_state(s.device.installation)[0]
    switch = use_action(lambda: _switch(s), [s])
    entries = ft.use_memo(lambda: tuple(pending_first(journal.value or ())), [journal.value])
    rows = entries if unfolded else ()
    shown, on_scroll = use_window(len(rows))
    known = names.value or {}
    today = s.notebook.today_date()
    draw = ft.use_callback(
        lambda e: record_row(
            e, known.get(e.activity.case_id, ""), today, t, sizes, s.go, key=e.activity.activity_id
        ),
        [known, today, t, sizes, s.go],
    )
    body: list[ft.Control] = [
        headline(t("Me"), sizes),
        grey(
            " · ".join(
                x for x in (s.notebook.officer_name, s.notebook.officer_id, s.notebook.branch_name) if x
            ),
            sizes.body,
        ),
    ]
    if installation is not None and installation.newer:
        body.append(newer_build(installation, s, switch))
    body += [section(t("Sync"), sizes), SyncCard()]
    if journal.error is not None:
        body.append(failed(s, journal.error, retry))
    if entries:
        body.append(
            card(
                ft.Row(
                    [
                        text(t("Records on this phone"), sizes.body, expand=True),
                        grey(str(len(entries)), sizes.body),
                        ft.Icon(ft.Icons.EXPAND_LESS if unfolded else ft.Icons.EXPAND_MORE, size=sizes.icon),
                    ]
                ),
                on_click=toggle,
                key="records",
            )
        )
        body.extend(chunks(rows, shown, draw))
    body += [
        section(t("My day"), sizes),
        DayFigures(journal.value or (), today, s.notebook.now().tzinfo, t, sizes),
        section(t("Look and language"), sizes),
        Look(),
        section(t("About"), sizes),
        About(),
        ft.Container(height=4),
        secondary(t("Lock"), sizes, use_action(s.lock, [s.lock]), icon=ft.Icons.LOCK_OUTLINE, key="lock"),
    ]
    return ft.ListView(
        body,
        expand=True,
        spacing=GAP,
        padding=ft.Padding.only(left=EDGE, right=EDGE, top=8, bottom=24),
        on_scroll=on_scroll,
        scroll_interval=100,
        key="me",
    )


async def _switch(s: Session) -> None:
    """The store is closed before the page is left; what is typed elsewhere is a draft already."""
    installation = s.device.installation
    await s.lock()
    if installation is not None:
        installation.switch()


async def _names(s: Session) -> dict[str, str]:
    return {row.case_id: row.name for row in await s.notebook.customers()}


@part
def SyncCard() -> ft.Control:  # noqa: N802
    """Counts by state, live progress, the last error with the way on, and the button."""
    s = use_session()
    run: SyncRun = ft.use_state(s.sync)[0]
    t, sizes = s.t, s.sizes
    tap = use_action(lambda: sync_now(s), [s])
    state = run.state
    lines: list[ft.Control] = []
    if state is not None:
        lines.append(
            ft.Row(
                [
                    _count(state.waiting, t.code("record_state", "waiting"), s, "waiting", strong=state.waiting > 0),
                    _count(state.uploaded, t.code("record_state", "uploaded"), s, "uploaded"),
                    _count(state.quarantined, t.code("record_state", "quarantined"), s, "quarantined", alarm=state.quarantined > 0),
                ],
                spacing=24,
                run_spacing=8,
                wrap=True,
                alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
            )
        )  # fmt: skip
        if state.quarantined:
            lines.append(grey(t("The supervisor looks at these; they are kept and counted."), sizes.label))
        if state.rejected:
            lines.append(
                text(
                    t("The supervisor did not accept {n} of your records: see why below.", n=state.rejected),
                    sizes.body,
                    color=ft.Colors.ERROR,
                    key="rejected",
                )
            )
        if state.files_waiting:
            lines.append(
                text(
                    t("{n} photos or signatures not yet sent", n=state.files_waiting),
                    sizes.body,
                    key="files-waiting",
                )
            )
            if state.files_error is not None and not run.running:
                lines.append(grey(t.say(state.files_error), sizes.label))
        last = (
            t("Last synced {when}", when=t.when(state.last_at, s.notebook.today_date()))
            if state.last_at
            else t("Never synced")
        )
        lines.append(grey(last, sizes.body))
        if state.clock_off_s:
            lines.append(clock_warning(s, state.clock_off_s))
    error = None if run.running else run.error or (state.error if state else None)
    if error is not None:
        lines.append(warning(t.say(error), sizes, icon=ft.Icons.CLOUD_OFF_OUTLINED, key="sync-error"))
    if run.running:
        lines.append(ft.ProgressBar(bar_height=6, border_radius=3, semantics_label=progress_in_words(run, t)))
        lines.append(text(progress_in_words(run, t), sizes.body, color=ACCENT, key="sync-progress"))
    elif run.report is not None and error is None:
        lines.append(
            text(
                t("Sent {sent}, received {got}", sent=run.report.pushed, got=run.report.pulled),
                sizes.body,
                color=ACCENT,
            )
        )
    if run.report is not None and run.report.restored:
        lines.append(
            text(
                t("The branch was put back from a backup. What it had lost was sent again from this phone."),
                sizes.body,
                key="restored",
            )
        )
    lines.append(
        primary(
            t("Syncing") if run.running else t("Sync now"),
            sizes,
            tap,
            icon=ft.Icons.SYNC,
            disabled=run.running,
            key="sync-now",
        )
    )
    return card(ft.Column(lines, spacing=12))


def _count(
    n: int, label: str, s: Session, key: str, *, strong: bool = False, alarm: bool = False
) -> ft.Control:
    color = ft.Colors.ERROR if alarm else ACCENT if strong else None
    return spoken_alone(
        ft.Column(
            [
                text(str(n), s.sizes.number, bold=True, color=color, key=f"count-{key}"),
                grey(label, s.sizes.label),
            ],
            spacing=0,
            tight=True,
        )
    )


@part
def Look() -> ft.Control:  # noqa: N802
    """Language, light or dark, text size; taken at once and kept."""
    s = use_session()
    t, sizes, now = s.t, s.sizes, s.preferences

    def segments(name: str, title: str, options: dict[str, str], chosen: str) -> ft.Control:
        return ft.Column(
            [
                text(title, sizes.body, bold=True),
                ft.Row(
                    [
                        ft.FilledTonalButton(
                            content=ft.Text(
                                words, size=sizes.body, weight=ft.FontWeight.BOLD if value == chosen else None
                            ),
                            icon=ft.Icons.CHECK if value == chosen else None,
                            height=max(TOUCH, 36 * sizes.scale),
                            style=_chosen() if value == chosen else _plain(),
                            on_click=_choice(s, name, value),
                            key=f"{name}-{value}",
                        )
                        for value, words in options.items()
                    ],
                    spacing=8,
                    run_spacing=8,
                    wrap=True,
                ),
            ],
            spacing=6,
            tight=True,
        )

    return card(
        ft.Column(
            [
                segments("language", t("Language"), NAMES, now.language),
                segments(
                    "theme",
                    t("Appearance"),
                    {"system": t("As the phone"), "light": t("Light"), "dark": t("Dark")},
                    now.theme,
                ),
                segments(
                    "text_size", t("Text size"), {str(n): f"{n}%" for n in TEXT_SIZES}, str(now.text_size)
                ),
            ],
            spacing=16,
        )
    )


def _choice(s: Session, name: str, value: str) -> Any:
    def take() -> None:
        s.choose(replace(s.preferences, **{name: int(value) if name == "text_size" else value}))  # type: ignore[arg-type]

    return take


def _chosen() -> ft.ButtonStyle:
    return ft.ButtonStyle(
        bgcolor=ft.Colors.PRIMARY, color=ft.Colors.ON_PRIMARY, padding=ft.Padding.symmetric(horizontal=16)
    )


def _plain() -> ft.ButtonStyle:
    return ft.ButtonStyle(
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGH,
        color=ft.Colors.ON_SURFACE,
        padding=ft.Padding.symmetric(horizontal=16),
    )


@part
def About() -> ft.Control:  # noqa: N802
    """Which version, which server, what is kept here and how well it is protected."""
    s = use_session()
    t, sizes = s.t, s.sizes
    weakness = s.notebook.weakness()
    installation: Installation | None = ft.use_state(s.device.installation)[0]
    lines: list[ft.Control] = [
        text(t("Waifang {version}", version=VERSION), sizes.body, bold=True),
        grey(t("Branch server: {address}", address=s.notebook.server), sizes.body, selectable=True),
        grey(
            t("Everything on this phone is encrypted. It goes to the branch server and nowhere else."),
            sizes.body,
        ),
    ]
    rebuilt = s.notebook.rebuilt()
    if rebuilt is not None:
        lines.append(warning(t.say(rebuilt), sizes, icon=ft.Icons.HEALING_OUTLINED, key="rebuilt"))
    if weakness is not None:
        lines.append(warning(t.say(weakness), sizes, icon=ft.Icons.SHIELD_OUTLINED, key="weakness"))
    if installation is not None and installation.keeps is False:
        lines.append(
            warning(
                t(
                    "This browser has not promised to keep the app's data; when the phone runs out of room it may throw it away. Add Waifang to the home screen, and sync every day."
                ),
                sizes,
                icon=ft.Icons.SD_CARD_ALERT_OUTLINED,
                key="may-be-thrown-away",
            )
        )
    return card(ft.Column(lines, spacing=8))
