"""催收流程 as data: the days, texts and titles of a procedure, read from TOML or from the branch's setting.

The engine (steps, windows, done) knows kinds of step; what is asked, when, and in which words stands in the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from app.domain.limits import SettingError, unknown
from app.domain.message import Message
from app.domain.records import ZERO, money

LANGUAGES: Final = ("zh", "en")
KINDS: Final = ("call", "visit", "notice", "guarantor_demand", "referral")

# What each kind of window must be told: numbers by name. Optional ones are read where they stand.
OPENINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "first_visit": ("from_day", "due_working_day", "again_working_days"),
    "second_visit": ("from_day", "due_day", "not_if_assigned_after_day"),
    "takeover_visit": ("after_day", "spread_working_days", "again_working_days"),
    "exact_amount": (),
    "each_day": ("from_day", "to_day"),
    "promise_remind": ("days_before",),
    "promise_due": (),
    "promise_verify": (),
    "promise_broken": (),
    "contact_guarantors": ("from_day",),
    "serve_notice": ("from_day", "due_day"),
    "call_after_notice": (),
    "guarantor_repay": ("again_days",),
    "legal_referral": ("from_day", "unable_times"),
    "blacklist_review": ("longest_dpd",),
    "cash_date": ("days_before", "days_after"),
    "watch_check": ("days_before", "instalments"),
    "guarantee_demand": ("days_before",),
    "guarantee_suit": ("days_before",),
    "limitation_period": ("days_before",),
}
DONE: Final = (
    "complete_visit",
    "business_visit",
    "contact_or_two_attempts",
    "contact_since",
    "contact_that_day",
    "promise_kept_or_contact",
    "visit_after_due",
    "payment_data",
    "guarantor_contact",
    "notice_to_borrower",
    "guarantor_answer",
    "referred_to_legal",
    "referred_to_blacklist",
    "contact_in_window",
    "call_in_window",
    "clock_met",
)
# What a step's texts may name, besides what every step knows.
_EVERYWHERE: Final = ("day", "missing", "account_tail")
_OF_PROMISE: Final = ("amount", "promised_for", "paid", "left")
_OF_GUARANTOR: Final = ("guarantor", "guarantor_title")
_OF_CLOCK: Final = ("ends_on", "days_left", "how")
PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "first_visit": ("visited_on",),
    "takeover_visit": ("visited_on",),
    "promise_remind": _OF_PROMISE,
    "promise_due": _OF_PROMISE,
    "promise_verify": _OF_PROMISE,
    "promise_broken": _OF_PROMISE,
    "contact_guarantors": _OF_GUARANTOR,
    "call_after_notice": ("served_on",),
    "guarantor_repay": (*_OF_GUARANTOR, "served_on", "refused_on"),
    "legal_referral": ("served_on",),
    "cash_date": ("cash_on", "about"),
    "watch_check": ("instalment_on",),
    "guarantee_demand": (*_OF_GUARANTOR, *_OF_CLOCK),
    "guarantee_suit": (*_OF_GUARANTOR, *_OF_CLOCK),
    "limitation_period": _OF_CLOCK,
}
NOTICE_GAPS: Final = (
    "to", "borrower", "role", "contract_no", "loan", "disbursed", "due_since", "as_of", "days", "amount", "capitals",
    "principal", "interest", "penalty", "account_tail", "penalty_7", "penalty_30", "title", "on",
)  # fmt: skip
_STEP_KEYS: Final = ("step", "kind", "opens", "done", "days", "texts")
_KEYS: Final = (
    "name", "title", "notice_title", "guarantor_title", "notice_text", "guarantor_notice_text", "exact_amount_up_to",
    "long_overdue_from", "capacities", "steps",
)  # fmt: skip
# Days and counts: with more a date would fall off the calendar, and the whole plan with it.
_MOST: Final = 10_000
_FROM_ONE: Final = ("due_working_day", "unable_times", "instalments", "spread_working_days")
_GAP: Final = re.compile(r"\{([^{}]*)\}")


class ProcedureError(SettingError):
    """A procedure that cannot be followed; `path` names the key, `message` says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class StepRule:
    """One row of the procedure's table.

    `opens` names the kind of window (OPENINGS), `done` what closes it (DONE); `numbers` are days and counts, `texts`
    templates by name (`title`, `why` and variants of why) and language.
    """

    step: str
    kind: str
    opens: str
    done: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def text(self, name: str) -> Mapping[str, str]:
        """The template of that name by language; the plain `why` where there is no such variant."""
        return self.texts.get(name) or self.texts["why"]


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure: its words, its limits, its steps in the order they are asked.

    `exact_amount_up_to` (CNY) is the largest missing sum for which a call takes a visit's place; `long_overdue_from`
    the D from which a case is tagged 长期逾期; `capacities` what a day holds (plan.Capacities). `notice_text` and
    `guarantor_notice_text` are paragraphs of the notice (app.domain.notice has its own where they are left out).
    """

    name: str
    title: Mapping[str, str]
    notice_title: Mapping[str, str]
    guarantor_title: Mapping[str, str]
    steps: tuple[StepRule, ...]
    exact_amount_up_to: Decimal = ZERO
    long_overdue_from: int = 90
    capacities: Mapping[str, int] = field(default_factory=dict)
    notice_text: tuple[str, ...] = ()
    guarantor_notice_text: tuple[str, ...] = ()
    _openings: Mapping[str, StepRule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        first = {rule.opens: rule for rule in reversed(self.steps)}
        object.__setattr__(self, "_openings", first)

    @property
    def takeover(self) -> StepRule | None:
        """The step for cases that come in old, if this procedure has one."""
        return self.opening("takeover_visit")

    def opening(self, opens: str) -> StepRule | None:
        """The first step with that kind of window, if this procedure has one."""
        return self._openings.get(opens)

    @classmethod
    def read(cls, doc: Mapping[str, Any]) -> Procedure:
        """From a TOML or JSON document. Raises ProcedureError naming the key that is wrong."""
        name = doc.get("name")
        if not isinstance(name, str) or not name:
            raise ProcedureError("name", Message("a name is needed"))
        _known_keys("", doc, _KEYS)
        listed = doc.get("steps")
        if not isinstance(listed, list) or not listed:
            raise ProcedureError("steps", Message("a list of steps is needed"))
        steps = tuple(_step(f"steps[{n}]", entry) for n, entry in enumerate(listed))
        seen: set[str] = set()
        for n, step in enumerate(steps):
            if step.step in seen:
                raise ProcedureError(f"steps[{n}].step", Message("{name} stands twice", {"name": step.step}))
            seen.add(step.step)
        limit = money(doc.get("exact_amount_up_to", "0"))
        if limit is None or limit < 0:
            raise ProcedureError("exact_amount_up_to", Message('an amount like "100.00" is needed'))
        return cls(
            name=name,
            title=_words("title", doc.get("title")),
            notice_title=_words("notice_title", doc.get("notice_title")),
            guarantor_title=_words("guarantor_title", doc.get("guarantor_title")),
            steps=steps,
            exact_amount_up_to=limit,
            long_overdue_from=_count("long_overdue_from", doc.get("long_overdue_from", 90)),
            capacities=_counts("capacities", doc.get("capacities", {})),
            notice_text=_paragraphs("notice_text", doc),
            guarantor_notice_text=_paragraphs("guarantor_notice_text", doc),
        )


def procedures_from(
    settings_doc: Mapping[str, Any] | None, defaults: Mapping[str, Procedure]
) -> dict[str, Procedure]:
    """The procedures in force: the branch's setting `procedures` (name → document) over the bundled ones.

    Raises ProcedureError (its path begins with the procedure's name); use `defaults` then.
    """
    procedures = dict(defaults)
    for name, doc in (settings_doc or {}).items():
        if not isinstance(doc, Mapping):
            raise ProcedureError(name, Message("a procedure is needed"))
        try:
            procedures[name] = Procedure.read({"name": name, **doc})
        except ProcedureError as e:
            raise ProcedureError(f"{name}.{e.path}", e.message) from e
        if procedures[name].name != name:
            raise ProcedureError(f"{name}.name", Message("it stands under {name}", {"name": name}))
    return procedures


def read_procedures(docs: Iterable[Mapping[str, Any]]) -> dict[str, Procedure]:
    """The bundled documents by name. Raises ProcedureError."""
    read = [Procedure.read(doc) for doc in docs]
    return {p.name: p for p in read}


def _step(path: str, entry: object) -> StepRule:
    if not isinstance(entry, Mapping):
        raise ProcedureError(path, Message("a table is needed"))
    _known_keys(f"{path}.", entry, _STEP_KEYS)
    step, kind, opens, done = (entry.get(k) for k in ("step", "kind", "opens", "done"))
    if not isinstance(step, str) or not step:
        raise ProcedureError(f"{path}.step", Message("a step id is needed"))
    opens = step if opens is None else opens
    for key, value, known in (("kind", kind, KINDS), ("opens", opens, OPENINGS), ("done", done, DONE)):
        if not isinstance(value, str) or value not in known:
            raise ProcedureError(
                f"{path}.{key}", Message("one of {names} is needed", {"names": ", ".join(known)})
            )
    assert isinstance(kind, str) and isinstance(opens, str) and isinstance(done, str)
    numbers = _counts(f"{path}.days", entry.get("days", {}))
    for needed in OPENINGS[opens]:
        if needed not in numbers:
            raise ProcedureError(f"{path}.days.{needed}", Message("a number is needed"))
    _sensible(f"{path}.days", numbers)
    texts = entry.get("texts")
    if not isinstance(texts, Mapping):
        raise ProcedureError(f"{path}.texts", Message("title and why are needed"))
    read = {name: _words(f"{path}.texts.{name}", words) for name, words in texts.items()}
    for needed in ("title", "why"):
        if needed not in read:
            raise ProcedureError(f"{path}.texts.{needed}", Message("a text is needed"))
    gaps = (*_EVERYWHERE, *PLACEHOLDERS.get(opens, ()))
    for name, words in read.items():
        for language, text in words.items():
            _known_gaps(f"{path}.texts.{name}.{language}", text, gaps)
    return StepRule(step, kind, opens, done, numbers, read)


def _sensible(path: str, numbers: Mapping[str, int]) -> None:
    """What is counted is counted from 1, and no window closes before it opens."""
    for name in _FROM_ONE:
        if numbers.get(name) == 0:
            raise ProcedureError(
                f"{path}.{name}", Message("a whole number, {least} or more, is needed", {"least": 1})
            )
    for last in ("due_day", "to_day"):
        if numbers.get(last, _MOST) < numbers.get("from_day", 0):
            raise ProcedureError(f"{path}.{last}", Message("lies before from_day"))


def _words(path: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ProcedureError(path, Message("a text in zh and en is needed"))
    for language in LANGUAGES:
        if not isinstance(value.get(language), str) or not value[language].strip():
            raise ProcedureError(f"{path}.{language}", Message("a text is needed"))
    return {k: v for k, v in value.items() if isinstance(v, str)}


def _known_keys(path: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    """A key nobody knows is a slip of the pen, and would be obeyed by nobody."""
    for key in table:
        if key not in known:
            raise ProcedureError(f"{path}{key}", unknown(known))


def _known_gaps(path: str, text: str, known: Iterable[str]) -> None:
    for gap in _GAP.findall(text):
        if gap not in known:
            raise ProcedureError(
                path,
                Message(
                    "{gap} is not known here; known are {known}",
                    {"gap": f"{{{gap}}}", "known": ", ".join(known)},
                ),
            )
    if "{" in (rest := _GAP.sub("", text)) or "}" in rest:
        raise ProcedureError(path, Message("a brace without its other one"))


def _paragraphs(name: str, doc: Mapping[str, Any]) -> tuple[str, ...]:
    value = doc.get(name, [])
    if not isinstance(value, list):
        raise ProcedureError(name, Message("a list of paragraphs is needed"))
    for n, paragraph in enumerate(value):
        if not isinstance(paragraph, str) or not paragraph.strip():
            raise ProcedureError(f"{name}[{n}]", Message("a paragraph is needed"))
        _known_gaps(f"{name}[{n}]", paragraph, NOTICE_GAPS)
    return tuple(value)


def _counts(path: str, value: object) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise ProcedureError(path, Message("a table of numbers is needed"))
    return {name: _count(f"{path}.{name}", n) for name, n in value.items()}


def _count(path: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise ProcedureError(path, Message("a whole number from 0 to {most} is needed", {"most": _MOST}))
    return value
