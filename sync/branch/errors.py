"""What goes wrong at the branch, said so that a clerk can act on it.

BranchError              a sentence for the clerk; exit 1
├── NotInitialised       no branch in this data folder
├── AlreadyInitialised   a branch is there already
├── NewerData            the data were written by a newer program
├── UnknownOfficer       nobody registered that number
├── BadSettings          a settings file that cannot be right
└── FilesFailed          the store of files did not do it; later it may
"""

from __future__ import annotations

from app.domain.message import Message


class BranchError(Exception):
    """Carries `message`, an app.domain.message.Message."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class NotInitialised(BranchError):
    """No branch in this data folder."""


class AlreadyInitialised(BranchError):
    """A branch is there already; nothing was changed."""


class NewerData(BranchError):
    """The tables were made by a newer program."""


class UnknownOfficer(BranchError):
    """Nobody registered that number."""


class BadSettings(BranchError):
    """A settings file that cannot be right; nothing was changed."""


class FilesFailed(BranchError):
    """The store of files did not keep or give one; the same again may go well."""
