"""What came of it: all outcomes at once; once a conversation is chosen they fold, and the next question moves up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from app.domain.codes import REACHED
from app.ui.context import use_session
from app.ui.guard import part
from app.ui.parts.chips import Handler, chip, chips, one_of, question

Group = tuple[str, Sequence[tuple[str, str]]]
"""A group's name and its outcomes with their words."""


@part
def OutcomeChoice(groups: Sequence[Group], chosen: str, pick: Callable[[str], Handler]) -> ft.Control:  # noqa: N802
    """Groups of outcome chips, keys `outcome-…`; folded to the chosen one after a conversation."""
    session = use_session()
    s, t = session.sizes, session.t
    unfolded, set_unfolded = ft.use_state(False)

    def picked(outcome: str) -> Handler:
        act = pick(outcome)

        async def handler() -> None:
            set_unfolded(False)
            await act()

        return handler

    async def unfold() -> None:
        set_unfolded(True)

    if chosen in REACHED and not unfolded:
        title, words = next(
            (name, label) for name, outcomes in groups for outcome, label in outcomes if outcome == chosen
        )
        return question(
            title,
            s,
            chips(
                [
                    chip(session, words, unfold, chosen=True, key=f"outcome-{chosen}"),
                    chip(session, t("Change"), unfold, key="outcome-change", icon=ft.Icons.UNFOLD_MORE),
                ]
            ),
        )
    return ft.Column(
        [
            question(name, s, one_of(session, "outcome", outcomes, chosen, picked))
            for name, outcomes in groups
        ],
        spacing=16,
        tight=True,
    )
