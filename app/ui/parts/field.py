"""A text field that never takes back what is being typed."""

from __future__ import annotations

from typing import Any

import flet as ft


class Field(ft.TextField):
    """As Flet's, but what the phone has told of its value stands until the program itself changes it.

    A letter comes as two messages: the field's new value, then the event that has the program take it up. Whatever draws
    the screen between the two (another letter, a sync, the page's first dressing on a busy phone) brings the value the
    program still knows, and Flet would write that into the field over what was typed.
    """

    def __post_init__(self, ref: Any) -> None:
        super().__post_init__(ref)
        self._keep_known()

    def _keep_known(self) -> None:
        # Around Flet's own bookkeeping: this is nothing the client is told, and drawn controls are frozen.
        object.__setattr__(self, "_known", self.value or "")

    def before_event(self, e: Any) -> Any:
        """From a change on the program knows what stands in the field."""
        if e.name == "change":
            self._keep_known()
        return super().before_event(e)

    def _migrate_state(self, other: Any) -> None:
        super()._migrate_state(other)
        if isinstance(other, Field) and (self.value or "") == other.__dict__["_known"]:
            self._values["value"] = other.value
