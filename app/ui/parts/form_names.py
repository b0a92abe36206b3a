"""What the forms are called, in titles and among the unfinished records."""

from __future__ import annotations

from app.i18n import Translator, mark
from app.ui import routes

_NAMES = {
    routes.CALL: mark("Call result"),
    routes.VISIT: mark("Visit"),
    routes.PROMISE: mark("Promise"),
    routes.NOTICE: mark("Serve the notice"),
    routes.DEMAND: mark("Ask the guarantor"),
    routes.CHECK: mark("Check contacts"),
    routes.REFERRAL: mark("Refer"),
    routes.NOTE: mark("Note"),
    routes.WHEREABOUTS: mark("Whereabouts"),
    routes.CLAIM: mark("They say it is paid"),
    routes.CORRECTION: mark("Correct a record"),
}


def form_name(t: Translator, form: str) -> str:
    """The name of a form of routes.FORMS."""
    return t(_NAMES[form])
