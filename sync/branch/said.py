"""Sentences for people who read either language: Chinese first, then English."""

from __future__ import annotations

from datetime import datetime

from app.domain.message import Message
from app.i18n import translator


def in_both(message: Message, between: str = "\n") -> str:
    """The sentence in Chinese and in English."""
    said = dict.fromkeys(translator(language).say(message) for language in ("zh", "en"))
    return between.join(said)


def moment(stamp: str | None) -> str | None:
    """An ISO 8601 instant as people write it, in its own offset: 2026-11-26 09:05."""
    return None if stamp is None else f"{datetime.fromisoformat(stamp):%Y-%m-%d %H:%M}"


def records(n: int) -> Message:
    """So many records."""
    return Message("{n} records", {"n": n})


def files(n: int) -> Message:
    """So many files."""
    return Message("{n} files", {"n": n})


def devices(n: int) -> Message:
    """So many phones."""
    return Message("{n} devices", {"n": n})
