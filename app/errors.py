"""The errors the notebook speaks in. They stand by themselves: the PIN's keys are drawn with these alone.

NotebookError
├── WrongPin        with the seconds to wait and the tries left
├── PinLocked       ten wrong PINs; nothing waiting is lost
├── Busy            another app holds the data folder
├── NotSaved        could not be made durable; the draft is still there
├── InvalidRecord   cannot be right; `field` names the member
├── Hindered        a rule of conduct stands against it; going on needs a reason
├── NoConnection    the branch was not reached
└── BranchRefused   the branch said no
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from app.domain.message import Message

if TYPE_CHECKING:
    from app.domain.gate import Hindrance


class NotebookError(Exception):
    """Something an officer can act on; `message` says what happened and what to do."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class WrongPin(NotebookError):
    """The PIN does not fit; `wait_s` seconds before the next try, `left` tries."""

    def __init__(self, message: Message, wait_s: float, left: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.left = left


class PinLocked(NotebookError):
    """Ten wrong PINs: only the branch's recovery opens it now. What waits is kept."""


class Busy(NotebookError):
    """Another app holds this data folder."""


class NotSaved(NotebookError):
    """The record could not be made durable (full disk, broken disk); the draft is still there."""


def no_room_to_open() -> Message:
    """The sentence for a full disk before anything is open."""
    return Message(
        "This device has no room left to open the notebook. Free some space, then try again. Nothing is lost."
    )


def is_full(error: OSError) -> bool:
    """Whether the disk has no room left, or none for this user."""
    return error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


class InvalidRecord(NotebookError):
    """A record that cannot be right; `field` names the member."""

    def __init__(self, message: Message, field_name: str) -> None:
        super().__init__(message)
        self.field = field_name


class Hindered(NotebookError):
    """Rules of conduct stand against a contact (app.domain.gate); with a reason in `override` it is recorded."""

    def __init__(self, message: Message, hindrances: tuple[Hindrance, ...]) -> None:
        super().__init__(message)
        self.hindrances = hindrances


class NoConnection(NotebookError):
    """The branch was not reached. Nothing is lost; it will be sent next time."""


class BranchRefused(NotebookError):
    """The branch answered no (wrong code, unknown phone, version)."""
