"""What lies behind the PIN: the tabs and the screens above them. A module of its own, because the installed page draws the
PIN's keys before it has loaded all this.
"""

from __future__ import annotations

from typing import Final

import flet as ft

from app.ui import routes
from app.ui.screens.call_result import CallResultScreen
from app.ui.screens.case import CaseScreen
from app.ui.screens.correction import CorrectionScreen
from app.ui.screens.home import HomeScreen
from app.ui.screens.notice import NoticeScreen
from app.ui.screens.promise import PromiseScreen
from app.ui.screens.small_form import SmallFormScreen
from app.ui.screens.visit import VisitScreen


def _case_routes() -> list[ft.Route]:
    return [
        ft.Route(
            path="case/:case_id",
            component=CaseScreen,
            children=[
                ft.Route(path=routes.CALL, component=CallResultScreen),
                ft.Route(path=routes.VISIT, component=VisitScreen),
                ft.Route(path=routes.NOTICE, component=NoticeScreen),
                ft.Route(path=routes.CORRECTION, component=CorrectionScreen),
                *(ft.Route(path=kind, component=SmallFormScreen) for kind in routes.SMALL),
                ft.Route(path=routes.PROMISE, component=PromiseScreen),
            ],
        )
    ]


# The tab at "/" comes last: every path begins with it.
INSIDE: Final = [
    ft.Route(path=tab, component=HomeScreen, children=_case_routes()) for tab in reversed(routes.TABS)
]
