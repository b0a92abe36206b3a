"""行为规范的数字: what law.md counts, each a setting the branch sends as `limits`, with its default here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import time
from typing import Any, Final

from app.domain.message import Message

_MOST: Final = 1_000
# Members of the same document that the branch's server goes by itself.
OF_THE_SERVER: Final = (
    "enrol_code_minutes",
    "enrol_failures_per_hour",
    "revoked_push_days",
    "handins_per_hour",
)
_FROM_ONE: Final = ("limitation_years", "guarantee_months", "enrol_code_minutes")


class SettingError(ValueError):
    """A settings document that cannot be used; `path` names the key, `message` says what is wrong with it."""

    def __init__(self, path: str, message: Message) -> None:
        super().__init__(f"{path}: {message.text}" if path else message.text)
        self.path = path
        self.message = message


def unknown(known: Iterable[str]) -> Message:
    """What is said of a key nobody knows."""
    return Message("unknown; known are {known}", {"known": ", ".join(known)})


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of law.md. Days and counts are whole numbers; times are the branch's local time.

    No calls or visits from `quiet_from` to `quiet_until`; `conversations_a_day` with one person,
    `operating_conversations_a_day` with one whose business runs; `attempts_a_day` unanswered to one number.
    `guarantee_red_days`: days left at which a countdown turns red, the furthest first. `two_officers_at_home`: a home visit
    is made by two.
    """

    quiet_from: time = time(22, 0)
    quiet_until: time = time(8, 0)
    conversations_a_day: int = 3
    operating_conversations_a_day: int = 1
    attempts_a_day: int = 6
    limitation_years: int = 3
    guarantee_months: int = 6
    guarantee_red_days: tuple[int, ...] = (30, 10, 3)
    two_officers_at_home: bool = True

    @classmethod
    def read(cls, doc: Mapping[str, Any] | None) -> Limits:
        """From the setting `limits`, a member each as above (times as "22:00"); what it leaves out keeps its default.

        Raises SettingError naming the key.
        """
        doc = {} if doc is None else doc
        known = {f.name: f for f in fields(cls)}
        for name, value in doc.items():
            if name in OF_THE_SERVER:
                _count(name, value, 1 if name in _FROM_ONE else 0)
            elif name not in known:
                raise SettingError(str(name), unknown((*known, *OF_THE_SERVER)))
        defaults = cls()
        return cls(**{n: _read(n, value, getattr(defaults, n)) for n, value in doc.items() if n in known})

    def is_quiet(self, at: time) -> bool:
        """Whether nobody is to be disturbed at that local time; the hours may run over midnight."""
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


def _read(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, time):
        try:
            read = time.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            read = None
        if read is None or read.tzinfo is not None:
            raise SettingError(name, Message('a time of day like "22:00" is needed'))
        return read
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise SettingError(name, Message("true or false is needed"))
        return value
    if isinstance(default, tuple):
        if not isinstance(value, list) or not value:
            raise SettingError(name, Message("a list of days is needed, like [30, 10, 3]"))
        days = tuple(_count(f"{name}[{n}]", v, 0) for n, v in enumerate(value))
        if list(days) != sorted(set(days), reverse=True):
            raise SettingError(name, Message("the days have to fall, like [30, 10, 3]"))
        return days
    return _count(name, value, 1 if name in _FROM_ONE else 0)


def _count(path: str, value: Any, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise SettingError(path, Message("a whole number, {least} or more, is needed", {"least": least}))
    return value
