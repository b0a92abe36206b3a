"""门槛: what stands against a contact, until when, and what is possible instead (law.md, rules of conduct).

The gate looks at when something happened, not when it is written down. Every figure is a setting (`limits`, `words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, Final

from app.domain.codes import REACHED
from app.domain.limits import Limits
from app.domain.message import Message
from app.domain.records import BORROWER, Activity, Case, Phone, instant
from app.domain.telephone import digits
from app.domain.wording import Words

CONTACTS: Final = ("call", "visit", "notice", "guarantor_demand")
_OTHER: Final = "other:"
_PEACE: Final = "do_not_contact"
_ONE_TALK: Final = timedelta(minutes=30)  # a demand on a guarantor, written beside the call it was made in
_REACHABLE: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One rule against going on. `rule` is its id; `text` says it, `possible_from` is when it ends, `instead` what can be
    done now. `blocks`: going on needs a reason, which becomes part of the record; else it is a warning.
    """

    rule: str
    text: Message
    possible_from: datetime | None = None
    instead: Message | None = None
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """A contact about to be made or written down. `at` aware; `body` what is known of it, as terms.md has it."""

    case: Case
    kind: str
    at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def party(self) -> str:
        """Whom it is with."""
        return _party(self.body)

    @property
    def decided(self) -> bool:
        """It is known how it ended: it is being written down."""
        return any(name in self.body for name in ("outcome", "agreed", "result"))

    @property
    def reached(self) -> bool:
        """It ended in a conversation."""
        return _talked(self.kind, self.body)


Recorded = tuple[Case, Activity]


def asks_for_peace(a: Activity) -> bool:
    """Whether it says, or corrects something into saying, 要求勿再联系: remembered however long ago, from other cases too."""
    body = a.body
    if "replacement" not in body:
        return body.get("outcome") == _PEACE
    return any(said.get("outcome") == _PEACE for said in _told(body))


def hindrances(
    attempt: Attempt, recorded: Iterable[Recorded], limits: Limits, words: Words, zone: tzinfo
) -> tuple[Hindrance, ...]:
    """Everything against `attempt`, the blocking rules first.

    `recorded`: standing activities with their cases, of all the officer's cases. A cap counts the whole day, in
    whatever order it is written up; else what counts is those that happened no later than it.
    """
    recorded = tuple(recorded)
    earlier = [r for r in recorded if r[1].happened_at <= attempt.at]
    found = [*_wording(attempt, words)]
    if attempt.kind in CONTACTS and _is_ours(attempt.kind, attempt.body):
        local = attempt.at.astimezone(zone)
        midnight = datetime.combine(local, time(), zone)
        today = [r for r in recorded if midnight <= r[1].happened_at < midnight + _DAY]
        found += _contact_hours(attempt, local, earlier, limits)
        found += _conversations(attempt, local, today, earlier, limits)
        found += _attempts(attempt, local, today, limits)
        found += _refusals(attempt, earlier)
        found += _third_party(attempt, earlier)
        found += _avoid(attempt, earlier)
        found += _two_officers(attempt, limits)
    return tuple(sorted(found, key=lambda h: not h.blocks))


def _contact_hours(
    attempt: Attempt, local: datetime, earlier: Sequence[Recorded], limits: Limits
) -> Iterator[Hindrance]:
    if not limits.is_quiet(local.time()) or attempt.body.get("method") == "posted":
        return
    if any(_agreed_to(attempt, c, a, local, limits) for c, a in earlier):
        return
    until = _next(local, limits.quiet_until)
    yield Hindrance(
        "contact_hours",
        Message(
            "No calls or visits from {quiet_from} to {quiet_until}: possible from {possible_from}.",
            {
                "quiet_from": f"{limits.quiet_from:%H:%M}",
                "quiet_until": f"{limits.quiet_until:%H:%M}",
                "possible_from": until,
            },
        ),
        until,
        Message(
            "Write a note now and make the contact in the morning, or go on where they agreed to this hour."
        ),
    )


def _agreed_to(attempt: Attempt, case: Case, a: Activity, local: datetime, limits: Limits) -> bool:
    """They said themselves to be called at this time of the night (an agreed `callback_at`)."""
    if a.kind not in ("call", "visit") or a.body.get("outcome") != "callback" or a.party != attempt.party:
        return False
    at = instant(a.body.get("callback_at"))
    if at is None or case.case_id != attempt.case.case_id:
        return False
    agreed = at.astimezone(local.tzinfo)
    return limits.is_quiet(agreed.time()) and abs(agreed - local) <= timedelta(hours=1)


def _conversations(
    attempt: Attempt,
    local: datetime,
    today: Sequence[Recorded],
    earlier: Sequence[Recorded],
    limits: Limits,
) -> Iterator[Hindrance]:
    if attempt.decided and not attempt.reached:
        return
    persons = _persons(attempt.case, attempt.kind, attempt.body)
    talks = _talks(persons, today, attempt)
    tomorrow = _next(local, limits.quiet_until, another_day=True)
    if len(talks) >= limits.conversations_a_day:
        yield Hindrance(
            "conversations",
            Message(
                "{n} conversations with this person today, {most} are the most: possible from {possible_from}.",
                {"n": len(talks), "most": limits.conversations_a_day, "possible_from": tomorrow},
            ),
            tomorrow,
            Message("Speak with another debtor or guarantor, or deliver a notice another day."),
        )
    elif len(talks) >= limits.operating_conversations_a_day and _trades(attempt.case, earlier):
        yield Hindrance(
            "operating",
            Message("The business runs: one conversation a day is enough; the next from {possible_from}.", {"possible_from": tomorrow}),
            tomorrow,
            Message("Stay calm and friendly; do not speak of the debt in front of customers."),
            blocks=False,
        )  # fmt: skip


def _attempts(
    attempt: Attempt, local: datetime, today: Sequence[Recorded], limits: Limits
) -> Iterator[Hindrance]:
    number = digits(_text(attempt.body.get("number")))
    if attempt.kind != "call" or not number or attempt.reached:
        return
    unanswered = sum(
        a.kind == "call"
        and _is_ours(a.kind, a.body)
        and digits(_text(a.body.get("number"))) == number
        and not _talked(a.kind, a.body)
        for _, a in today
    )
    if unanswered >= limits.attempts_a_day:
        tomorrow = _next(local, limits.quiet_until, another_day=True)
        yield Hindrance(
            "attempts",
            Message(
                "{n} unanswered attempts to this number today, {most} are the most: possible from {possible_from}.",
                {"n": unanswered, "most": limits.attempts_a_day, "possible_from": tomorrow},
            ),
            tomorrow,
            Message("Try another number, or go there."),
        )


def _refusals(attempt: Attempt, earlier: Sequence[Recorded]) -> Iterator[Hindrance]:
    """要求勿再联系 is remembered for the number it was said on, and for whoever said it at a door.

    A notice disturbs nobody's telephone: it stays possible.
    """
    if attempt.kind == "notice":
        return
    number = digits(_text(attempt.body.get("number")))
    for case, a in earlier:
        if a.kind not in ("call", "visit") or not asks_for_peace(a):
            continue
        said_on = digits(_text(a.body.get("number")))
        same = said_on == number if number and said_on else _same_party(attempt, case, a)
        if same:
            yield Hindrance(
                "do_not_contact",
                Message("They asked on {on} not to be contacted any more.", {"on": a.happened_at.date()}),
                None,
                Message("Contact the borrower another way, in writing, or ask your supervisor."),
            )
            return


def _same_party(attempt: Attempt, case: Case, a: Activity) -> bool:
    met = a.body.get("met")
    spoke = [a.party] if a.kind == "call" or not isinstance(met, list) or not met else met
    return case.case_id == attempt.case.case_id and attempt.party in spoke


def _third_party(attempt: Attempt, earlier: Sequence[Recorded]) -> Iterator[Hindrance]:
    """Others only when the borrower cannot be reached, and never a word of the debt."""
    if not attempt.party.startswith(_OTHER):
        return
    script = Message(
        "Say only: “Please ask them to call me back.” Never mention the debt, and stop when they refuse."
    )
    debtors = _debtors(attempt.case)
    tried = [
        a
        for c, a in earlier
        if c.case_id == attempt.case.case_id
        and a.kind in ("call", "visit")
        and a.party in debtors
        and attempt.at - a.happened_at <= _REACHABLE
    ]
    last = max(tried, key=lambda a: (a.happened_at, a.activity_id), default=None)
    text = Message("This is not a debtor and not a guarantor.")
    if last is None or _talked(last.kind, last.body):
        text = Message(
            "Others may be contacted only when the borrower cannot be reached: try the borrower first."
        )
    yield Hindrance("third_party", text, None, script, blocks=False)


def _avoid(attempt: Attempt, earlier: Sequence[Recorded]) -> Iterator[Hindrance]:
    until = [
        at
        for c, a in earlier
        if a.kind == "whereabouts" and c.case_id == attempt.case.case_id and a.party == attempt.party
        and isinstance(avoid := a.body.get("avoid"), Mapping)
        and (at := instant(avoid.get("until"))) is not None and at > attempt.at
    ]  # fmt: skip
    if until:
        text = Message("A bad time for them until {possible_from}.", {"possible_from": max(until)})
        yield Hindrance("avoid", text, max(until), None, blocks=False)


def _two_officers(attempt: Attempt, limits: Limits) -> Iterator[Hindrance]:
    if not limits.two_officers_at_home or attempt.kind != "visit" or attempt.body.get("place") != "home":
        return
    if not attempt.body.get("with_officer"):
        text = Message("A home is visited by two: name your colleague.")
        yield Hindrance("two_officers", text, None, None, blocks=False)


def _wording(attempt: Attempt, words: Words) -> Iterator[Hindrance]:
    body = attempt.body
    somebody_else = attempt.party.startswith(_OTHER) or body.get("outcome") == "third_party"
    third = attempt.kind in CONTACTS and somebody_else
    said = " ".join(_text(part.get(name)) for part in _told(body) for name in ("note", "text", "why"))
    found = words.found_in(said, third)
    if not found:
        return
    texts = {
        "threat": Message("The note reads like a threat (“{phrase}”).", {"phrase": found[0].phrase}),
        "shaming": Message("The note reads like shaming (“{phrase}”).", {"phrase": found[0].phrase}),
        "disclosure": Message("The note says that others were told of the debt (“{phrase}”).", {"phrase": found[0].phrase}),
    }  # fmt: skip
    yield Hindrance(
        "wording", texts[found[0].kind], None, Message("Write what was said and agreed, in plain words.")
    )


def _told(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The body, and what a correction puts in another's place."""
    yield body
    replacement = body.get("replacement")
    if isinstance(replacement, Mapping):
        yield replacement
        if isinstance(inner := replacement.get("body"), Mapping):
            yield inner


def _talks(persons: set[str], today: Sequence[Recorded], attempt: Attempt) -> list[datetime]:
    """Today's conversations with any of these persons; a demand beside the call it was made in is not another one."""
    found: list[tuple[datetime, bool]] = []
    for case, a in today:
        talked = a.kind in CONTACTS and _talked(a.kind, a.body) and _is_ours(a.kind, a.body)
        if talked and not persons.isdisjoint(_persons(case, a.kind, a.body)):
            found.append((a.happened_at, a.kind in ("call", "visit")))
    talks = [at for at, whole in found if whole]
    heard = [at for at, whole in found if not whole and all(abs(at - other) > _ONE_TALK for other in talks)]
    if attempt.kind not in ("call", "visit"):
        talks = [at for at in talks if abs(attempt.at - at) > _ONE_TALK]
    return talks + [at for at in heard if abs(attempt.at - at) > _ONE_TALK]


def _persons(case: Case, kind: str, body: Mapping[str, Any]) -> set[str]:
    """Everybody a contact was with, by what makes them one person across cases: customer, or number.

    Borrower, spouse and co-borrowers are one household; a guarantor who owes too is found by the number.
    """
    met = body.get("met")
    parties = {p for p in met if isinstance(p, str)} if kind == "visit" and isinstance(met, list) else set()
    if not parties:
        parties = {_party(body)}
    found: set[str] = set()
    if not parties.isdisjoint(_debtors(case)):
        found.add(f"customer:{case.customer_no or case.case_id}")
        found |= _numbers(case.borrower.phones)
        for debtor in case.debtors:
            found |= _numbers(debtor.phones)
    for party in parties:
        guarantor = case.guarantor(party)
        if guarantor is not None:
            found.add(f"guarantor:{case.case_id}:{party}")
            found |= _numbers(guarantor.phones)
        elif party.startswith(_OTHER):
            found.add(f"{case.case_id}:{party}")
    if number := digits(_text(body.get("number"))):
        found.add(f"number:{number}")
    return found


def _numbers(phones: Iterable[Phone]) -> set[str]:
    return {f"number:{d}" for p in phones if (d := digits(p.number))}


def _party(body: Mapping[str, Any]) -> str:
    named = (body.get(name) for name in ("party", "guarantor_id", "addressee"))
    return next((who for who in named if isinstance(who, str)), BORROWER)


def _debtors(case: Case) -> set[str]:
    return {BORROWER, *(d.debtor_id for d in case.debtors)}


def _trades(case: Case, earlier: Sequence[Recorded]) -> bool:
    """Whether the business was operating when it was last seen."""
    seen = [
        a
        for c, a in earlier
        if c.case_id == case.case_id
        and a.kind == "visit"
        and a.body.get("business_state") not in (None, "", "not_seen")
    ]
    last = max(seen, key=lambda a: (a.happened_at, a.activity_id), default=None)
    return last is not None and last.body["business_state"] == "operating"


def _talked(kind: str, body: Mapping[str, Any]) -> bool:
    """A conversation: reached, somebody met, a demand that was heard, a notice put into hands."""
    if kind == "guarantor_demand":
        return body.get("agreed") in ("pays", "urges_borrower", "refuses") and body.get("method") != "notice"
    if kind == "notice":
        return body.get("method") == "in_person" and body.get("result") in (
            "signed",
            "fingerprint",
            "refused_witnessed",
        )
    if kind == "visit" and not body.get("met"):
        return False
    return kind in ("call", "visit") and body.get("outcome") in REACHED  # fmt: skip


def _is_ours(kind: str, body: Mapping[str, Any]) -> bool:
    """Made by the officer: one who calls the bank is not being disturbed; a demand by letter disturbs nobody."""
    return body.get("direction") != "in" and not (
        kind == "guarantor_demand" and body.get("method") == "notice"
    )


def _next(local: datetime, at: time, *, another_day: bool = False) -> datetime:
    """The next time the clock shows `at`; on another day where it is asked for."""
    today = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today + _DAY if another_day or today <= local else today


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
