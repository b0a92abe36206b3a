"""Where the phone is at a visit: taken by itself, shown with its accuracy, never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.places import metres
from app.domain.records import BORROWER, Address, Case, Position, read_position
from app.ui.context import Session
from app.ui.hooks import log
from app.ui.parts.case_row import distance_in_words
from app.ui.parts.chips import Handler
from app.ui.parts.words import grey
from app.ui.theme import GREY, TOUCH

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper


def address_of(case: Case, party: str, place: str) -> Address | None:
    """The registered address of that party and place, if there is one."""
    guarantor = case.guarantor(party)
    addresses = (
        guarantor.addresses if guarantor is not None else case.borrower.addresses if party == BORROWER else ()
    )
    return next((a for a in addresses if a.kind == place), None)


def metres_between(at: Position, address: Address | None) -> int | None:
    """Geodesic metres from the fix to the registered address; None where that has no position."""
    if address is None or address.lat is None or address.lon is None:
        return None
    return metres((at.lat, at.lon), (address.lat, address.lon))


def use_position(session: Session, keeper: DraftKeeper) -> tuple[bool, Handler]:
    """A hook: take the position once the form is there. Whether it is being looked for, and a handler to look again."""
    looking, set_looking = ft.use_state(True)  # from the first frame on, not drawn a second time to say so
    task: Any = ft.use_ref(None)

    async def look() -> None:
        try:
            found = await session.device.locate()
        except Exception:  # noqa: BLE001 - a visit without a position is still a visit
            log.exception("no position")
            found = None
        set_looking(False)
        if found is not None:
            await keeper.note(position=found.to_json())

    def stop() -> None:
        if task.current is not None:
            task.current.cancel()

    def start() -> None:
        stop()
        set_looking(True)
        task.current = asyncio.create_task(look())

    opened = keeper.form is not None

    def begin() -> None:
        if keeper.form is None:
            return
        if read_position(keeper.form.get("position")) is None:
            start()
        else:
            set_looking(False)

    ft.use_effect(begin, [opened], cleanup=stop)

    async def again() -> None:
        start()

    return looking, again


def position_line(
    session: Session, case: Case, form: Mapping[str, Any], looking: bool, again: Handler
) -> ft.Control:
    """What is known of the position; a tap takes it anew."""
    s, t = session.sizes, session.t
    fix = read_position(form["position"])
    if fix is not None:
        facts = [t("Position taken")]
        if fix.accuracy_m is not None:
            facts.append(t("±{n} m", n=max(1, round(fix.accuracy_m))))
        far = metres_between(fix, address_of(case, form["party"], form["place"]))
        if far is not None:
            facts.append(t("{distance} from the registered address", distance=distance_in_words(far, t)))
        words, icon = " · ".join(facts), ft.Icons.MY_LOCATION
    elif looking:
        words, icon = t("Looking for the position. You need not wait for it."), ft.Icons.LOCATION_SEARCHING
    else:
        words, icon = t("No position. The visit is saved without one."), ft.Icons.LOCATION_DISABLED
    return ft.Row(
        [
            ft.Icon(icon, size=s.icon, color=GREY),
            ft.Container(grey(words, s.label), expand=True, key="position"),
            ft.IconButton(
                icon=ft.Icons.REFRESH,
                icon_size=s.icon,
                width=TOUCH,
                height=TOUCH,
                tooltip=t("Take the position again"),
                on_click=again,
                disabled=looking,
                key="position-again",
            ),
        ],
        spacing=10,
    )
