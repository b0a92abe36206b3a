"""The sync in one chip: waiting, at work, in step, or what stands in its way; a tap syncs now."""

from __future__ import annotations

from typing import Any

import flet as ft

from app.i18n import Translator
from app.ui.context import Session, use_session
from app.ui.guard import part
from app.ui.hooks import use_action
from app.ui.parts.words import spoken_alone, text, warning
from app.ui.syncing import SyncRun
from app.ui.theme import GREY, QUIET, TOUCH


def progress_in_words(run: SyncRun, t: Translator) -> str:
    """Counts, not percentages: 上传 3／12, 已下载 240 项."""
    at = run.progress
    if at is None:
        return t("Syncing")
    if at.phase == "push" and at.total:
        return t("Sending {done} of {total}", done=at.done, total=at.total)
    if at.phase == "pull" and at.done:
        return t("{n} received", n=at.done)
    if at.phase == "files" and at.total:
        return t("Photos: {done} of {total} sent", done=at.done, total=at.total)
    return t("Syncing")


def sync_now(session: Any) -> None:
    """One attempt in the background; the screens reload after it."""
    session.sync.start(session.notebook, session.reload)


def clock_warning(session: Session, off_s: float) -> ft.Control:
    """This phone's clock is `off_s` seconds off the branch's."""
    minutes = max(1, round(abs(off_s) / 60))
    return warning(
        session.t(
            "This phone's clock is {n} minutes off. Set it right; the records keep both times.", n=minutes
        ),
        session.sizes,
        icon=ft.Icons.SCHEDULE,
        key="clock-off",
    )


@part
def SyncChip() -> ft.Control:  # noqa: N802
    """At the head of 今日. Says its state in words and with a sign, never by colour alone."""
    s = use_session()
    run: SyncRun = ft.use_state(s.sync)[0]  # an observable in the state: this part alone is drawn anew
    tap = use_action(lambda: sync_now(s), [s])
    waiting = run.state.waiting if run.state else 0
    # Being offline is an officer's normal day: the chip says it, it does not shout.
    if run.running:
        icon, words = ft.Icons.SYNC, progress_in_words(run, s.t)
    elif waiting:
        icon = ft.Icons.CLOUD_OFF_OUTLINED if run.error else ft.Icons.CLOUD_UPLOAD_OUTLINED
        words = s.t("{n} to send", n=waiting)
    elif run.error:
        icon, words = ft.Icons.CLOUD_OFF_OUTLINED, s.t("Not synced")
    else:
        icon, words = ft.Icons.CLOUD_DONE_OUTLINED, s.t("Up to date")
    return spoken_alone(
        ft.Container(
            key="sync-chip",
            bgcolor=QUIET,
            border_radius=TOUCH / 2,
            height=None if s.sizes.large else TOUCH,
            padding=ft.Padding.symmetric(horizontal=14, vertical=8),
            ink=True,
            on_click=tap,
            tooltip=s.t("Sync now"),
            content=ft.Row(
                [
                    ft.Icon(icon, size=s.sizes.icon, color=GREY),
                    text(words, s.sizes.label, color=GREY),
                ],
                spacing=8,
                tight=True,
            ),
        )
    )
