"""更正: which activities stand after corrections. Nothing here depends on the order in which they arrived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from app.domain.ageing import on_day
from app.domain.records import Activity, instant


def effective(activities: Iterable[Activity]) -> tuple[Activity, ...]:
    """The activities that stand, by `activity_id`; corrections themselves are not among them.

    A correction removes the activity it names, and its `replacement` (a body of the same kind, or
    `{"kind", "body", "happened_at"}` where those change too) takes that activity's place under the same id. Of several
    the latest recorded wins (then the greater id). A correction may itself be corrected: without a replacement the
    earlier state comes back. Corrections that name each other in a circle correct nothing.
    """
    by_id = {a.activity_id: a for a in activities}
    if not any(a.kind == "correction" for a in by_id.values()):
        return tuple(by_id[i] for i in sorted(by_id))
    of: dict[str, list[Activity]] = {}
    for a in by_id.values():
        if a.kind == "correction" and isinstance(target := a.body.get("of"), str):
            of.setdefault(target, []).append(a)
    circular = _circular(by_id)
    standing = (_settle(by_id[i], of, circular) for i in sorted(by_id) if by_id[i].kind != "correction")
    return tuple(a for a in standing if a is not None)


def known_on(activities: Sequence[Activity], today: date, zone: tzinfo) -> tuple[tuple[date, Activity], ...]:
    """What stands at the end of `today`, each with the day it counts for; records of later days are ignored.

    An activity counts for the day of its `happened_at` (procedure.md): a visit written up after midnight, or a week
    later, is one of that day. A correction is of the day it was made.
    """
    midnight = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(UTC)
    known = [a for a in activities if a.happened_at < midnight]
    dated = ((_day_of(a, zone), a) for a in effective(known))
    return tuple((on, a) for on, a in dated if on is not None and on <= today)


def _day_of(a: Activity, zone: tzinfo) -> date | None:
    """None at the calendar's very ends, where no zone has a day: one such record must not cost the whole plan."""
    try:
        return on_day(a.happened_at, zone)
    except OverflowError:
        return None


def _settle(a: Activity, of: Mapping[str, list[Activity]], circular: set[str]) -> Activity | None:
    """`a` as it stands after everything that corrects it; None when it was taken back."""
    corrections = (
        settled
        for c in of.get(a.activity_id, ())
        if c.activity_id not in circular and (settled := _settle(c, of, circular)) is not None
    )
    last = max(corrections, key=lambda c: (c.recorded_at, c.activity_id), default=None)
    return a if last is None else replaced(a, last.body.get("replacement"))


def replaced(a: Activity, replacement: object) -> Activity | None:
    """`a` with a correction's `replacement` in its place; None where that takes it back."""
    if not isinstance(replacement, Mapping):
        return None
    kind, body, happened_at = a.kind, dict(replacement), a.happened_at
    if isinstance(replacement.get("body"), Mapping):
        body = dict(replacement["body"])
        kind = replacement["kind"] if isinstance(replacement.get("kind"), str) else kind
        happened_at = instant(replacement.get("happened_at")) or happened_at
    if a.kind == "correction":
        kind, body["of"] = a.kind, a.body.get("of")
    elif kind == "correction":
        return None
    return replace(a, kind=kind, body=body, happened_at=happened_at)


def _circular(by_id: Mapping[str, Activity]) -> set[str]:
    """Corrections on a circle: an id has to be known before it can be named, so such ones are never honest."""

    def target(a: Activity | None) -> Any:
        return a.body.get("of") if a is not None and a.kind == "correction" else None

    found: set[str] = set()
    for start in by_id.values():
        path: list[str] = []
        at: Activity | None = start
        while at is not None and at.activity_id not in path and at.activity_id not in found:
            path.append(at.activity_id)
            named = target(at)
            at = by_id.get(named) if isinstance(named, str) else None
        if at is not None and at.activity_id in path:
            found.update(path[path.index(at.activity_id) :])
    return found
