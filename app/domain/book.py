"""An officer's cases, put together from documents and records; what every rule of a day is asked about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.records import Activity, Case, CaseFile, Figures


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
                self._files.pop(doc_id, None)
            elif kind == "figures":
                self._figures[doc_id] = Figures.read(body)
                self._files.pop(doc_id, None)
            elif kind in ("settings", "verdict"):
                value = json.loads(body)
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
            self._files.pop(doc_id, None)
        elif kind == "figures":
            self._figures.pop(doc_id, None)
            self._files.pop(doc_id, None)
        elif kind == "settings":
            self.settings.pop(doc_id, None)
        elif kind == "verdict":
            self.verdicts.pop(doc_id, None)
        elif kind == "activity" and (gone := self._activities.pop(doc_id, None)) is not None:
            self._of_case[gone.case_id].pop(doc_id, None)
            self._files.pop(gone.case_id, None)

    def add(self, activity: Activity) -> None:
        """Take in one activity."""
        self.revision += 1
        self._activities[activity.activity_id] = activity
        self._of_case.setdefault(activity.case_id, {})[activity.activity_id] = activity
        self._files.pop(activity.case_id, None)

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

    def find(self, key: str) -> CaseFile | None:
        """By case_id, or by contract number."""
        if key in self._cases:
            return self.file(key)
        return next((self.file(c.case_id) for c in self._cases.values() if c.contract_no == key), None)
