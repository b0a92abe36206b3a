"""What the guarantors spoken with agreed to: asked inside a call or a visit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.codes import DEMAND_AGREED
from app.domain.record import new_activity_id
from app.ui.context import Session
from app.ui.parts.chips import one_of, question, tap
from app.ui.parts.contact_form import guarantors_in
from app.ui.parts.parties import party_in_words
from app.ui.parts.surface import card

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper
    from app.views import CaseView


def demand_questions(
    session: Session, keeper: DraftKeeper, view: CaseView, form: Mapping[str, Any]
) -> list[ft.Control]:
    """One question a guarantor; a second tap takes the answer back. Nothing where none was spoken with."""
    t = session.t
    options = [(a, t.code("agreed", a)) for a in DEMAND_AGREED if a != "unreached"]

    async def say(who: str, agreed: str) -> None:
        held = (keeper.form or form)["demands"].get(who) or {"id": new_activity_id(session.notebook.now())}
        await keeper.change_in(
            "demands", **{who: {**held, "agreed": "" if held.get("agreed") == agreed else agreed}}
        )

    return [
        card(
            question(
                t("{name}: pays for the borrower?", name=party_in_words(view.case, who, t)),
                session.sizes,
                one_of(
                    session,
                    f"agreed-{who}",
                    options,
                    str((form["demands"].get(who) or {}).get("agreed") or ""),
                    lambda v, who=who: tap(say, who, v),  # type: ignore[misc]
                ),
            )
        )
        for who in guarantors_in(view.case, form)
    ]
