"""Sentences for people who read either language: Chinese first, then English."""

from __future__ import annotations

from app.domain.message import Message
from app.i18n import translator


def in_both(message: Message, between: str = "\n") -> str:
    """The sentence in Chinese and in English."""
    said = dict.fromkeys(translator(language).say(message) for language in ("zh", "en"))
    return between.join(said)
