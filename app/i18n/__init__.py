"""What an officer and a clerk read: zh (default) and en.

`translator("zh")` gives a `Translator`; sentences are gettext catalogues under locale/, their msgids the English
text. Where a catalogue or a sentence is missing, English is shown rather than nothing.
"""

from typing import Final

from app.i18n.translator import LANGUAGES, Translator, translator

__all__ = ["LANGUAGES", "LANGUAGE_NAMES", "Translator", "mark", "translator"]

LANGUAGE_NAMES: Final = {"zh": "中文", "en": "English"}  # each in its own words, whoever reads


def mark(msgid: str) -> str:
    """The msgid itself: marks a sentence that is kept in a table and said later, so that the catalogues know it."""
    return msgid
