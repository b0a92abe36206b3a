"""中文 / English, also before anybody has unlocked."""

from __future__ import annotations

from dataclasses import replace

import flet as ft

from app.ui.context import use_session
from app.ui.guard import part
from app.ui.hooks import use_action
from app.ui.theme import TOUCH

NAMES = {"zh": "中文", "en": "English"}


@part
def LanguageSwitch() -> ft.Control:  # noqa: N802
    """A button that names the other language in that language."""
    s = use_session()
    other = "en" if s.preferences.language == "zh" else "zh"
    change = use_action(lambda: s.choose(replace(s.preferences, language=other)), [s])
    return ft.TextButton(
        content=ft.Text(NAMES[other], size=s.sizes.body),
        icon=ft.Icons.LANGUAGE,
        height=TOUCH,
        on_click=change,
        key="language",
    )
