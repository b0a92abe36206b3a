"""What all forms look like: the questions above, the one button within the thumb's reach, and 已保存."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import flet as ft

from app.i18n import mark
from app.ui import routes
from app.ui.context import Session
from app.ui.parts.chips import tap, tap_go
from app.ui.parts.gate import gate_panel
from app.ui.parts.surface import card
from app.ui.parts.words import grey, line_width, text, warning
from app.ui.theme import BAR_ROOM, EDGE, GREY, PAGE, QUIET

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper

NEUTRAL = mark("Stay calm and friendly; do not speak of the debt in front of customers.")


def form_view(
    session: Session,
    route: str,
    title: str,
    about: str,
    body: Sequence[ft.Control],
    foot: Sequence[ft.Control],
    *,
    keeper: DraftKeeper | None = None,
) -> ft.View:
    """A form or its result: `body` scrolls, `foot` stays at the bottom."""
    s = session.sizes

    async def leave(e: ft.Event[ft.View]) -> None:
        session.say(session.t("Not saved yet. The draft is kept; it is here when you come back."))
        await e.control.confirm_pop(True)

    about_line = ft.Text(
        about, size=s.label, color=GREY, weight=ft.FontWeight.W_400, max_lines=None if s.large else 2
    )
    two_lines = s.large and line_width(title, s.body) > BAR_ROOM
    unsaved = keeper is not None and keeper.changed and not keeper.saved
    return ft.View(
        route=route,
        padding=0,
        spacing=0,
        bgcolor=PAGE,
        can_pop=not unsaved,
        on_confirm_pop=leave if unsaved else None,
        appbar=ft.AppBar(
            bgcolor=PAGE,
            toolbar_height=64 * (1 + (s.scale - 1) * 0.5) if two_lines else 64,
            title=text(title, s.body, bold=True, max_lines=2)  # a title cut short says nothing
            if s.large
            else ft.Column(
                [text(title, s.title, bold=True), about_line],
                spacing=0,
                tight=True,
            ),
        ),
        controls=[
            ft.Column(
                [
                    ft.Container(
                        ft.Column(
                            [*([about_line] if s.large else []), *body],
                            spacing=10,
                            tight=True,
                            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                        ),
                        padding=ft.Padding(EDGE, 4, EDGE, 24),
                    )
                ],
                scroll=ft.ScrollMode.AUTO,
                expand=True,
                key="form-scroll",
            ),
            ft.SafeArea(
                ft.Container(
                    ft.Column(
                        list(foot), spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
                    ),
                    padding=ft.Padding.symmetric(horizontal=EDGE, vertical=10),
                ),
                avoid_intrusions_top=False,
            ),
        ],
    )


def use_left_behind(session: Session, keeper: DraftKeeper) -> None:
    """A form left with something unsaved, by whatever way back, is among the unfinished records at once."""

    def leave() -> None:
        if keeper.changed and not keeper.saved:
            session.reload()

    ft.use_effect(lambda: None, [], cleanup=leave)


def save_foot(
    session: Session, keeper: DraftKeeper, label: str, on_save: Any, hint: str = "", *, ready: bool = True
) -> list[ft.Control]:
    """What went wrong or is missing, and the button; not to be pressed while at work."""
    s, t = session.sizes, session.t
    rows: list[ft.Control] = []
    if keeper.error is not None:
        rows.append(warning(t.say(keeper.error), s, key="form-error"))
    elif hint:
        rows.append(grey(hint, s.label, key="form-hint", text_align=ft.TextAlign.CENTER))
    if keeper.hindered and keeper.form is not None:
        why = str(keeper.form.get("override") or "")
        ready = ready and bool(why.strip())
        rows.insert(0, gate_panel(session, keeper.hindered, why, keeper.change))
    words = t("Saving…") if keeper.saving else label
    rows.append(
        thumb_button(
            session, words, on_save, icon=ft.Icons.CHECK, key="save", disabled=keeper.saving or not ready
        )
    )
    return rows


def restored_line(
    session: Session, keeper: DraftKeeper, fresh: Callable[[], dict[str, Any]]
) -> list[ft.Control]:
    """This form was begun earlier: say so, and let it be thrown away."""
    if not keeper.restored or keeper.form is None:
        return []
    s, t = session.sizes, session.t
    return [
        card(
            ft.Row(
                [
                    ft.Icon(ft.Icons.RESTORE, size=s.icon, color=GREY),
                    ft.Container(text(t("Continued from your draft."), s.body), expand=True),
                    ft.TextButton(
                        content=text(t("Discard"), s.body),
                        key="discard",
                        on_click=tap(keeper.discard, fresh),
                        style=ft.ButtonStyle(padding=ft.Padding.symmetric(horizontal=12, vertical=14)),
                    ),
                ],
                spacing=10,
                wrap=False,
            ),
            padding=ft.Padding.only(left=16, right=4, top=2, bottom=2),
            key="restored",
        )
    ]


def advice(session: Session, words: str, icon: Any) -> ft.Control:
    """A rule of conduct worth remembering at this moment."""
    s = session.sizes
    return ft.Container(
        bgcolor=ft.Colors.SECONDARY_CONTAINER,
        border_radius=16,
        padding=ft.Padding.symmetric(horizontal=14, vertical=10),
        content=ft.Row(
            [
                ft.Icon(icon, size=s.icon, color=ft.Colors.ON_SECONDARY_CONTAINER),
                ft.Container(text(words, s.body, color=ft.Colors.ON_SECONDARY_CONTAINER), expand=True),
            ],
            spacing=10,
        ),
    )


def saved_panel(session: Session, lines: Sequence[str]) -> ft.Control:
    """已保存: said only after the notebook has it durable."""
    s, t = session.sizes, session.t
    return card(
        ft.Column(
            [
                ft.Icon(ft.Icons.CHECK_CIRCLE, size=56, color=ft.Colors.PRIMARY),
                ft.Semantics(content=text(t("Saved"), s.headline, bold=True, key="saved"), live_region=True),
                *(text(line, s.body, text_align=ft.TextAlign.CENTER) for line in lines),
                grey(
                    t("On this phone, sealed. It goes to the branch at the next sync."),
                    s.label,
                    text_align=ft.TextAlign.CENTER,
                ),
            ],
            spacing=8,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
        padding=24,
        alignment=ft.Alignment.CENTER,
        key="saved-panel",
    )


def thumb_button(
    session: Session, label: str, on_click: Any, *, icon: Any = None, main: bool = True, **more: Any
) -> ft.Control:
    """A button as wide as the screen; its words wrap where they are long or large. `main` is the first way on."""
    s = session.sizes
    ground, words = (
        (ft.Colors.PRIMARY, ft.Colors.ON_PRIMARY)
        if main
        else (ft.Colors.SECONDARY_CONTAINER, ft.Colors.ON_SECONDARY_CONTAINER)
    )
    style = ft.ButtonStyle(
        padding=ft.Padding.symmetric(horizontal=20, vertical=16 if main else 13),
        text_style=ft.TextStyle(size=s.body, weight=ft.FontWeight.W_500),
        icon_size=s.icon,
        # Material's own disabled grey on grey cannot be read in the sun.
        bgcolor={ft.ControlState.DISABLED: QUIET, ft.ControlState.DEFAULT: ground},
        color={ft.ControlState.DISABLED: GREY, ft.ControlState.DEFAULT: words},
        icon_color={ft.ControlState.DISABLED: GREY, ft.ControlState.DEFAULT: words},
    )
    kind = ft.FilledButton if main else ft.FilledTonalButton
    return kind(content=label, icon=icon, on_click=on_click, style=style, **more)


def back_button(session: Session, label: str, on_click: Any, key: str) -> ft.Control:
    """A second way on, as wide as the first."""
    return thumb_button(session, label, on_click, main=False, key=key)


def claim_button(session: Session, form: Mapping[str, Any], case_path: str) -> list[ft.Control]:
    """They say it is paid: how much, when and how is a record of its own, for the branch to look it up."""
    if form["outcome"] != "claims_paid":
        return []
    return [
        thumb_button(
            session,
            session.t("Note what they say they paid"),
            tap_go(session, routes.form_path(case_path, routes.CLAIM)),
            icon=ft.Icons.RECEIPT_LONG_OUTLINED,
            key="to-claim",
        )
    ]
