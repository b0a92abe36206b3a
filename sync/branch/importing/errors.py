"""What makes a whole file unusable. Faults of single rows are `report.Problem`, never raised out of here.

BranchError
├── NotAList       nothing in the file can be read as the list asked for; nothing was changed
├── BadMapping     the mapping file itself is wrong; nothing was changed
└── NeedsYes       a full list from which too much is missing; nothing was changed
"""

from __future__ import annotations

from sync.branch.errors import BranchError


class NotAList(BranchError):
    """Nothing in the file can be read as the list asked for; nothing was changed."""


class BadMapping(BranchError):
    """The mapping file itself is wrong; nothing was changed."""


class NeedsYes(BranchError):
    """A full list from which more than a third of the open cases are missing; nothing was changed."""


class NotYet(BranchError):
    """Payment data cannot be complete up to a day that has not come; nothing was changed."""
