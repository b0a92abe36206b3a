"""The four tabs: 今日, 客户, 承诺, 我的."""

from __future__ import annotations

from datetime import date
from typing import Any

import flet as ft

from app.ui import routes
from app.ui.context import Session, use_session_while_shown, with_session
from app.ui.guard import memo, part, screen
from app.ui.hooks import use_action
from app.ui.screens.customers import Customers
from app.ui.screens.me import Me
from app.ui.screens.promises import Promises
from app.ui.screens.today import Today

_BODIES: dict[str, Any] = {
    routes.TODAY: Today,
    routes.CUSTOMERS: Customers,
    routes.PROMISES: Promises,
    routes.ME: Me,
}


@part
def _body(tab: str, session: Session, day: date) -> Any:  # `day`: a new one is drawn anew
    return with_session(session, lambda: _BODIES[tab]())


_kept_body = memo(_body)


@screen
def HomeScreen() -> Any:  # noqa: N802
    """The tab the address names. All tabs share one view route, so that changing tabs is not a page turn."""
    s = use_session_while_shown()
    tab = routes.tab_of(ft.use_route_location())
    go = use_action(lambda e: s.go(routes.TABS[int(e.data)]), [s.go])
    destinations = [
        (ft.Icons.CHECKLIST, ft.Icons.CHECKLIST, s.t("Today")),
        (ft.Icons.PEOPLE_OUTLINED, ft.Icons.PEOPLE, s.t("Customers")),
        (ft.Icons.EVENT_NOTE_OUTLINED, ft.Icons.EVENT_NOTE, s.t("Promises")),
        (ft.Icons.PERSON_OUTLINE, ft.Icons.PERSON, s.t("Me")),
    ]
    return ft.View(
        route=routes.TODAY,
        padding=0,
        controls=[
            ft.SafeArea(_kept_body(tab, s, s.notebook.today_date(), key=tab), expand=True, minimum_padding=0)
        ],
        navigation_bar=ft.NavigationBar(
            selected_index=routes.TABS.index(tab),
            height=80 if not s.sizes.large else 96,
            on_change=go,
            destinations=[
                ft.NavigationBarDestination(icon=icon, selected_icon=chosen, label=label, tooltip="")
                for icon, chosen, label in destinations
            ],
        ),
    )
