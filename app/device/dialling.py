"""Opening the dialler: the number goes into it, the officer presses call."""

from __future__ import annotations

import flet as ft

from app.domain.telephone import split_extension


def tel_link(number: str) -> str:
    """The `tel:` link of a number: its digits, a `+` in front where it has one, and a pause before its extension.

    The pause is a comma: diallers know it, while many make digits of the `;ext=` that RFC 3966 has for it.
    """
    line, extension = split_extension(number)
    digits = "".join(c for c in line if c.isascii() and c.isdigit())
    plus = "+" if line.startswith("+") else ""
    return f"tel:{plus}{digits}" + (f",{extension}" if extension else "")


class Dialler:
    """The dialler of one page. Held for as long as the page lives: Flet forgets a service nobody holds."""

    def __init__(self) -> None:
        self._launcher = ft.UrlLauncher()

    async def dial(self, number: str) -> None:
        """Put the number into the dialler.

        In a browser as a window of its own: a `tel:` link followed in this one leaves the page deaf to touches where
        no dialler takes it (seen in Chromium).
        """
        await self._launcher.launch_url(tel_link(number))
