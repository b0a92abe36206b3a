"""The PIN is forgotten: hand in what is here, sealed, and bind anew. Needs nothing but a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import flet as ft

from app.domain.message import Message
from app.ui.context import Session, use_session
from app.ui.guard import part
from app.ui.hooks import message_of, use_action
from app.ui.parts.surface import card, outlined, primary, secondary
from app.ui.parts.words import grey, text, warning
from app.ui.theme import EDGE

if TYPE_CHECKING:
    from app.ports import SealedJournal


@part
def ForgottenPin(back: Callable[[], None]) -> ft.Control:  # noqa: N802
    """In place of the PIN pad; `back` brings the pad again."""
    s = use_session()
    t, sizes = s.t, s.sizes
    server, set_server = ft.use_state(s.notebook.server)
    handed, set_handed = ft.use_state(cast("SealedJournal | None", None))
    failure, set_failure = ft.use_state(cast("Message | None", None))
    busy, set_busy = ft.use_state(False)

    async def hand_in() -> None:
        set_failure(None)
        if not server.strip():
            set_failure(Message("Enter the branch server's address."))
            return
        set_busy(True)
        try:
            set_handed(await s.notebook.hand_in(server.strip()))
        except Exception as e:  # noqa: BLE001 - said on the screen
            set_failure(message_of(e))
        finally:
            set_busy(False)

    async def begin_anew() -> None:
        await s.notebook.set_aside()
        s.begin_anew()

    submit = use_action(hand_in, [server])
    anew = use_action(begin_anew)
    body: list[ft.Control] = [
        text(t("Forgotten PIN"), sizes.headline, bold=True),
        grey(
            t("The branch can read this notebook with its recovery key, without your PIN. Hand it in here: it stays encrypted on the way, and nothing on this phone changes. Then ask the branch for a new binding code."),
            sizes.body,
        ),
    ]  # fmt: skip
    if handed is None:
        body.append(
            card(
                outlined(
                    t("Branch address"),
                    server,
                    sizes,
                    lambda e: set_server(e.control.value or ""),
                    key="hand-in-server",
                    keyboard_type=ft.KeyboardType.URL,
                    autocorrect=False,
                    enable_suggestions=False,
                    disabled=busy,
                    on_submit=submit,
                )
            )
        )
    else:
        body.append(card(_taken(handed, s)))
    foot: list[ft.Control] = []
    if failure is not None:
        foot.append(warning(t.say(failure), sizes, key="hand-in-failure"))
    if handed is None:
        words = t("Handing in…") if busy else t("Hand in to the branch")
        foot.append(primary(words, sizes, submit, icon=ft.Icons.OUTBOX, disabled=busy, key="hand-in"))
    else:
        foot.append(primary(t("Bind this phone anew"), sizes, anew, icon=ft.Icons.LINK, key="bind-anew"))
    foot.append(secondary(t("Back to the PIN"), sizes, back, disabled=busy, key="back-to-pin"))
    return ft.Column(
        [
            ft.ListView(body, expand=True, spacing=12, padding=EDGE),
            ft.Container(
                ft.Column(foot, spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
                padding=EDGE,
            ),
        ],
        spacing=0,
        expand=True,
    )


def _taken(handed: SealedJournal, session: Session) -> ft.Control:
    t, sizes = session.t, session.sizes
    lines: list[ft.Control] = [
        text(
            t("Handed in, still sealed: {records}, {waiting} of them not sent, and {files}. Tell the branch.",
              **handed.counted),
            sizes.body, bold=True, key="handed-in",
        ),
        grey(t("Binding anew begins with an empty notebook. What is here now stays on this phone, out of the way."), sizes.body),
    ]  # fmt: skip
    if handed.damaged:
        lines.append(warning(t("The notebook's file is damaged: what could be read of it was taken."), sizes))
    return ft.Column(lines, spacing=8)
