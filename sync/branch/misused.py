"""What Typer says of a command it cannot read, in words the catalogue has."""

from __future__ import annotations

import re
from typing import Final

from app.domain.message import Message
from app.i18n import mark

# Typer has no codes for these, only its sentences; one that is not here is said as it came.
_SAID: Final = (
    (r"Missing command\.", mark("a command is missing.")),
    (r"Missing \w+ '(?P<what>.+)'\.", mark("{what} is missing.")),
    (r"No such option: (?P<what>\S+)", mark("there is no option {what}.")),
    (r"No such command '(?P<what>.+)'\.", mark("there is no command {what}.")),
    (r"Got unexpected extra arguments?(\(s\))? \((?P<what>.+)\)", mark("{what} is too much.")),
    (r"Option '(?P<what>.+)' requires an argument\.", mark("{what} needs a value.")),
    (r"Option '(?P<what>.+)' does not take a value\.", mark("{what} takes no value.")),
    (
        r"Invalid value for '(?P<what>.+?)': Value error, '(?P<given>.*)' is not one of '(?P<known>.+)'\.",
        mark("{what} cannot be “{given}”, only {known}."),
    ),
    (
        r"Invalid value for '(?P<what>.+?)': Value error, '(?P<given>.*)' does not match the formats .*",
        mark("{what} cannot be “{given}”, only a day like 2026-11-23."),
    ),
    (
        r"Invalid value for '(?P<what>.+?)': [Pp]ath '(?P<given>.*)' is not readable",
        mark("{what}: {given} cannot be read, look at its rights."),
    ),
    (
        r"Invalid value for '(?P<what>.+?)': Input should be (a valid integer|less than|greater than).*",
        mark("{what} needs another number."),
    ),
)


def in_words(said: str) -> Message | str:
    """Typer's sentence as one that is said in either language; unchanged where it is not known."""
    for pattern, text in _SAID:
        if found := re.match(pattern, said, re.DOTALL):
            return Message(text, {name: _plain(value) for name, value in found.groupdict().items()})
    return said


def _plain(listed: str) -> str:
    """Without the quotes between the names of a list."""
    return listed.replace("', '", ", ")
