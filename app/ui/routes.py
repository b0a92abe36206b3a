"""The addresses of the screens, and which screen is where.

A case stands below the tab it was opened from (`/customers/case/ID`), so going back leads where one came from.
Forms stand below their case (`…/case/ID/visit`).
"""

from __future__ import annotations

from typing import Final

TODAY: Final = "/"
CUSTOMERS: Final = "/customers"
PROMISES: Final = "/promises"
ME: Final = "/me"
TABS: Final = (TODAY, CUSTOMERS, PROMISES, ME)

CALL: Final = "call"
VISIT: Final = "visit"
PROMISE: Final = "promise"
NOTICE: Final = "notice"
DEMAND: Final = "demand"
CHECK: Final = "check"
REFERRAL: Final = "referral"
NOTE: Final = "note"
WHEREABOUTS: Final = "whereabouts"
CLAIM: Final = "claim"
CORRECTION: Final = "correction"
SMALL: Final = (DEMAND, CHECK, REFERRAL, NOTE, WHEREABOUTS, CLAIM)
FORMS: Final = (CALL, VISIT, PROMISE, NOTICE, CORRECTION, *SMALL)


def tab_of(path: str) -> str:
    """The tab a path stands below."""
    return next((tab for tab in TABS[1:] if path == tab or path.startswith(tab + "/")), TODAY)


def case_path(case_id: str, tab: str = TODAY) -> str:
    """A case, opened from a tab."""
    return f"{tab.rstrip('/')}/case/{case_id}"


def form_path(case: str, kind: str) -> str:
    """A form (`FORMS`) of the case at path `case`."""
    return f"{case}/{kind}"


def parent(path: str) -> str:
    """One level up: from a form to its case, from a case to its tab."""
    if path.endswith(FORMS):
        return path.rsplit("/", 1)[0]
    return tab_of(path)
