"""An officer's cases, put together from documents and records; what every rule of a day is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.corrections import effective
from app.domain.gate import asks_for_peace
from app.domain.records import Activity, Case, CaseFile, Figures, instant
from sync.nesting import read_json


class Book:
    """The documents of one feed and the phone's own records, parsed once and kept by case.

    A document that cannot be read is kept out and named in `unreadable` (kind, id): the rest of the day goes on.
    `revision` grows with every change, `documents` with those of the feed only.
    """

    def __init__(self) -> None:
        self.settings: dict[str, Mapping[str, Any]] = {}
        self.verdicts: dict[str, Mapping[str, Any]] = {}
        self.unreadable: set[tuple[str, str]] = set()
        self.revision = 0
        self.documents = 0
        self._cases: dict[str, Case] = {}
        self._figures: dict[str, Figures] = {}
        self._activities: dict[str, Activity] = {}
        self._of_case: dict[str, dict[str, Activity]] = {}
        self._files: dict[str, CaseFile] = {}
        self._standing: dict[str, Mapping[str, Activity]] = {}
        self._looked_up: _ByDay | None = None

    def put(self, kind: str, doc_id: str, body: bytes) -> None:
        """Take in a document of the feed as it came; unknown kinds are left alone."""
        self.revision += 1
        self.documents += 1
        self.unreadable.discard((kind, doc_id))
        try:
            if kind == "activity":
                self.add(Activity.read(body))
            elif kind == "case":
                self._cases[doc_id] = Case.read(body)
                self._changed(doc_id)
            elif kind == "figures":
                self._figures[doc_id] = Figures.read(body)
                self._changed(doc_id)
            elif kind in ("settings", "verdict"):
                value = read_json(body)
                if not isinstance(value, dict):
                    raise ValueError("not an object")
                (self.settings if kind == "settings" else self.verdicts)[doc_id] = value
        except (ValueError, RecursionError):
            self.unreadable.add((kind, doc_id))

    def drop(self, kind: str, doc_id: str) -> None:
        """A document left the feed."""
        self.revision += 1
        self.documents += 1
        self.unreadable.discard((kind, doc_id))
        if kind == "case":
            self._cases.pop(doc_id, None)
            self._changed(doc_id)
        elif kind == "figures":
            self._figures.pop(doc_id, None)
            self._changed(doc_id)
        elif kind == "settings":
            self.settings.pop(doc_id, None)
        elif kind == "verdict":
            self.verdicts.pop(doc_id, None)
        elif kind == "activity" and (gone := self._activities.pop(doc_id, None)) is not None:
            self._of_case[gone.case_id].pop(doc_id, None)
            self._changed(gone.case_id)

    def add(self, activity: Activity) -> None:
        """Take in one activity."""
        self.revision += 1
        self._activities[activity.activity_id] = activity
        self._of_case.setdefault(activity.case_id, {})[activity.activity_id] = activity
        self._changed(activity.case_id)
        if self._looked_up is not None:
            self._looked_up.add(activity)

    def _changed(self, case_id: str) -> None:
        self._files.pop(case_id, None)
        self._standing.pop(case_id, None)

    def holds(self, activity_id: str) -> bool:
        """Whether that activity counts here."""
        return activity_id in self._activities

    def files(self) -> Iterator[CaseFile]:
        """All cases of the feed, each with its figures and activities."""
        return (self.file(case_id) for case_id in self._cases)

    def file(self, case_id: str) -> CaseFile:
        """Raises KeyError when the feed holds no such case."""
        kept = self._files.get(case_id)
        if kept is None:
            kept = self._files[case_id] = CaseFile(
                self._cases[case_id],
                self._figures.get(case_id, Figures()),
                tuple(self._of_case.get(case_id, {}).values()),
            )
        return kept

    def standing(self, case_id: str) -> Mapping[str, Activity]:
        """Its activities as corrections have left them, by id. Raises KeyError when the feed holds no such case."""
        kept = self._standing.get(case_id)
        if kept is None:
            kept = self._standing[case_id] = {
                a.activity_id: a for a in effective(self.file(case_id).activities)
            }
        return kept

    def elsewhere(self, but: str, since: datetime, until: datetime) -> list[tuple[Case, Activity]]:
        """What stands in other cases than `but`: all of the days (of UTC) between two instants, and wherever somebody asked
        not to be contacted any more.
        """
        if self._looked_up is None:
            self._looked_up = _ByDay(self._activities.values())
        found: list[tuple[Case, Activity]] = []
        for activity_id in self._looked_up.between(since, until):
            known = self._activities.get(activity_id)
            if known is None or known.case_id == but or (case := self._cases.get(known.case_id)) is None:
                continue
            if (stands := self.standing(known.case_id).get(activity_id)) is not None:
                found.append((case, stands))
        return found

    def find(self, key: str) -> CaseFile | None:
        """By case_id, or by contract number."""
        if key in self._cases:
            return self.file(key)
        return next((self.file(c.case_id) for c in self._cases.values() if c.contract_no == key), None)


class _ByDay:
    """Which activities are of a day (of UTC), and which say 要求勿再联系; kept up from the first time it is asked for.

    The gate looks at every record of a batch, and would go through the whole book for each. Where a correction speaks, it
    is the corrected one that is looked up.
    """

    def __init__(self, activities: Iterable[Activity]) -> None:
        self._days: dict[date, dict[str, None]] = {}
        self._for_good: dict[str, None] = {}
        for activity in activities:
            self.add(activity)

    def add(self, a: Activity) -> None:
        target, replacement = a.body.get("of"), a.body.get("replacement")
        named = target if a.kind == "correction" and isinstance(target, str) else a.activity_id
        moved = instant(replacement.get("happened_at")) if isinstance(replacement, dict) else None
        for at in (a.happened_at, moved):
            if at is not None:
                self._days.setdefault(_utc_day(at), {})[named] = None
        if asks_for_peace(a):
            self._for_good[named] = None

    def between(self, since: datetime, until: datetime) -> list[str]:
        found = dict(self._for_good)
        on, last = _utc_day(since), _utc_day(until)
        while on <= last:
            found.update(self._days.get(on, {}))
            on += timedelta(days=1)
        return list(found)


def _utc_day(at: datetime) -> date:
    """At the calendar's ends, where UTC has no such day, the day as it was written."""
    try:
        return at.astimezone(UTC).date()
    except OverflowError:
        return at.date()
