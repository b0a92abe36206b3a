"""What a supervisor writes beside a decision: it stays with the case, goes to phones and onto paper."""

from __future__ import annotations

from typing import Final

from app.domain.message import Message
from sync.branch.errors import BranchError

WHY_MOST: Final = 1000
BY_MOST: Final = 128


def checked_why(why: str) -> str:
    """A reason as it is kept, empty where nothing was said. Raises BranchError for what cannot be shown or is too long."""
    why = " ".join(why.split())
    if len(why) > WHY_MOST or not why.isprintable():
        raise BranchError(
            Message("--why is a text of at most {n} characters, none of them unreadable.", {"n": WHY_MOST})
        )
    return why


def checked_by(by: str) -> str:
    """Who decides. Raises BranchError."""
    by = by.strip()
    if not 0 < len(by) <= BY_MOST or not by.isprintable():
        raise BranchError(Message("--by is a name of 1 to {n} characters.", {"n": BY_MOST}))
    return by
