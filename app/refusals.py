"""What kept a call to the branch from succeeding, as an officer is told it."""

from __future__ import annotations

from typing import Final

from app.domain.message import Message
from app.i18n import mark
from app.ports import BranchRefused, NoConnection, NotebookError
from sync.protocol import Refused, Unreachable, WireError

_UNREACHABLE: Final = {
    "no_connection": mark(
        "The branch cannot be reached. What is recorded is kept and will be sent when there is a connection."
    ),
    "timeout": mark(
        "The branch did not answer in time. What is recorded is kept; try again where the signal is better."
    ),
    "not_the_branch": mark(
        "Something other than the branch answered, perhaps the sign-in page of a Wi-Fi network. Sign in there or switch the Wi-Fi off, check the address, and try again. Nothing is lost."
    ),
    "cut": mark("The answer of the branch was cut off on the way. Nothing is lost; try again."),
}
_REFUSED: Final = {
    "code_invalid": mark(
        "The code is wrong, used up or too old, or belongs to another officer. Ask the branch for a new one."
    ),
    "rebind": mark(
        "The branch does not know this phone any more. Ask for a new code and bind it again under Me; everything recorded is kept."
    ),
    "device_revoked": mark(
        "The branch has switched this phone off. Everything recorded is kept; ask your supervisor."
    ),
    "too_many_failures": mark("Too many wrong codes at this branch. Wait a few minutes, then try again."),
    "device_of_another_officer": mark(
        "This data folder is bound to another officer. Use a data folder of your own."
    ),
    "resend_from": mark(
        "The branch has other records of this phone in the place of these: the data folder was copied or put back from a backup. Nothing is lost and nothing was removed; ask the branch, and do not delete the app."
    ),
    "too_many_handins": mark(
        "Too many sealed notebooks were handed in at this branch within the hour. Nothing is lost; try again later."
    ),
    "busy": mark("The branch is busy. Nothing is lost; try again in a minute."),
    "app_too_old": mark(
        "This app is too old for the branch to send to. What you recorded was handed in; please update the app."
    ),
}
_FILE_REFUSED: Final = {
    0: Message("A photo on this phone cannot be read any more. Its record was sent; see the doctor."),
    413: Message(
        "The branch does not take a file of this size. The record itself was sent; tell the branch."
    ),
    460: Message(
        "The branch does not take a photo: it is not the one its record names. The record itself was sent; tell the branch."
    ),
}


def as_notebook_error(e: WireError) -> NotebookError:
    """What kept a call to the branch from succeeding, as an officer is told it."""
    return _refused(e) if isinstance(e, Refused) else _unreachable(e)


def file_trouble(e: WireError | None) -> Message | None:
    """Why files are left, in a sentence; None where none failed."""
    if isinstance(e, Refused) and e.status in _FILE_REFUSED:
        return _FILE_REFUSED[e.status]
    return as_notebook_error(e).message if e is not None else None


def _unreachable(e: WireError) -> NoConnection:
    why = e.why if isinstance(e, Unreachable) else "cut"
    return NoConnection(Message(_UNREACHABLE.get(why, _UNREACHABLE["no_connection"])))


def _refused(e: Refused) -> BranchRefused:
    text = _REFUSED.get(e.code)
    if text is not None:
        return BranchRefused(Message(text))
    return BranchRefused(
        Message(
            "The branch answered: {code} ({status}). Nothing is lost; try again later or ask the branch.",
            {"code": e.code, "status": e.status},
        )
    )
