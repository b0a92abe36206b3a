"""A newer build of the installed page that waits for the officer's yes."""

from __future__ import annotations

from typing import Any

import flet as ft

from app.ui.context import Installation, Session
from app.ui.parts.surface import card, primary
from app.ui.parts.words import grey, text


def newer_build(installation: Installation, session: Session, switch: Any) -> ft.Control:
    """At the top of 我的: which version it is, what the tap does, and the tap."""
    t, sizes = session.t, session.sizes
    said = (
        t(
            "It was tried and did not open; the version before it is in use. Tell the branch, or try again later."
        )
        if installation.failed
        else t(
            "It is on this phone already. Waifang closes and starts anew with it; records and drafts are kept."
        )
    )
    return card(
        ft.Column(
            [
                text(
                    t("A new version is ready: {version}", version=installation.newer), sizes.body, bold=True
                ),
                grey(said, sizes.body),
                primary(t("Change to it now"), sizes, switch, icon=ft.Icons.RESTART_ALT, key="switch-build"),
            ],
            spacing=12,
        ),
        key="newer-build",
    )
