"""What argparse says of a command it cannot read, in words the catalogue has."""

from __future__ import annotations

import re
from typing import Final

from app.i18n import Translator, mark

# argparse has no codes for these, only its sentences; one that is not here is said as it came.
_SAID: Final = (
    (r"the following arguments are required: (?P<what>.+)", mark("{what} is missing.")),
    (r"unrecognized arguments: (?P<what>.+)", mark("{what} is too much.")),
    (r"argument (?P<what>.+?): expected one argument", mark("{what} needs a value.")),
    (
        r"argument (?P<what>.+?): ignored explicit argument (?P<given>.+)",
        mark("{what} takes no value."),
    ),
    (
        r"argument (?P<what>.+?): invalid choice: '(?P<given>.*?)'.*\(choose from (?P<known>.+)\)",
        mark("{what} cannot be “{given}”, only {known}."),
    ),
    (r"argument (?P<what>--on): (?P<why>.+)", mark("{what}: {why}")),
)


def in_words(said: str, t: Translator) -> str:
    """argparse's sentence in the translator's language; unchanged where it is not known."""
    for pattern, text in _SAID:
        if found := re.match(pattern, said, re.DOTALL):
            return t(text, **{name: value.replace("'", "") for name, value in found.groupdict().items()})
    return said
