"""What an unlocked notebook holds in memory: the book as read from the store, and what is derived from it for a day.

Locking lets go of all of it at once.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.domain.ageing import day_of_episode, on_day
from app.domain.book import Book
from app.domain.gate import CONTACTS, Attempt, Hindrance, hindrances
from app.domain.message import Message
from app.domain.people import Register
from app.domain.plan import DayPlan, Kept, plan_day, takeover_slots
from app.domain.procedure import Procedure, ProcedureError, procedures_from
from app.domain.records import Activity, Case, CaseFile, Position
from app.domain.rules import Rules
from app.domain.steps import Step, steps_of
from app.ports import Entry, InvalidRecord, Ports, Store
from app.views import NewActivity
from sync.engine import Engine
from sync.protocol import record_hash

DEFAULT_ZONE: Final = "Asia/Shanghai"
PIN_DAYS: Final = timedelta(days=2)  # with today three


class Held:
    """The book, the phone's own records and what became of them, over an opened store.

    `binding` is what the branch said at enrolment, `pins` the cases of 攻坚 with their last day, `sent` the files of
    own activities (id, place) that the branch has, `rebuilt` when a damaged file was made anew and how many waiting
    records it kept, `to_mend` that no sync has filled it up since.
    """

    def __init__(self, ports: Ports, store: Store) -> None:
        self.ports = ports
        self.store = store
        self.binding: dict[str, Any] = {}
        self.pins: dict[str, date] = {}
        self.rebuilt: tuple[datetime, int] | None = None
        self.to_mend = False
        self.recovery_asked = False
        self.book = Book()
        self.entries: dict[str, Entry] = {}
        self.own: dict[str, Activity] = {}
        self.sent: set[tuple[str, int]] = set()
        self._set_aside: set[str] = set()
        self._plans: dict[object, DayPlan] = {}
        self._kept: tuple[object, Kept] = (None, {})
        self._slots: tuple[object, dict[str, int]] = (None, {})
        self._register: tuple[int, Register] = (-1, Register(()))
        self._in_force: tuple[int, Mapping[str, Procedure]] = (-1, {})
        self._figures: tuple[int, Rules] = (-1, Rules())

    async def read(self) -> None:
        """Everything of the store, once it is opened. Raises NotebookError."""
        kept = await self.store.get("binding")
        self.binding = json.loads(kept) if kept else {}
        pins = json.loads(await self.store.get("pins") or b"{}")
        self.pins = {case_id: date.fromisoformat(until) for case_id, until in pins.items()}
        self.rebuilt = await self.store.rebuilt()
        self.to_mend = self.rebuilt is not None and not await self.store.cursor()
        await self._read_all()

    async def close(self) -> None:
        """Let the store go."""
        gc.unfreeze()
        await self.store.close()

    async def keep_binding(self, binding: dict[str, Any]) -> None:
        """Durable when it returns."""
        await self.store.put("binding", json.dumps(binding, ensure_ascii=False).encode())
        self.binding = binding

    async def keep_pins(self, pins: dict[str, date]) -> None:
        """Durable when it returns."""
        kept = json.dumps({c: until.isoformat() for c, until in pins.items()})
        await self.store.put("pins", kept.encode())
        self.pins = pins

    # ---- who and when

    @property
    def officer_id(self) -> str:
        """Whose notebook it is; empty before the first binding."""
        return str(self.binding.get("officer_id", ""))

    @property
    def zone(self) -> ZoneInfo:
        """The branch's zone: it decides what day it is."""
        return zone_of(self.binding)

    def now(self) -> datetime:
        """Now, in the branch's zone."""
        return self.ports.clock.now().astimezone(self.zone)

    def today_date(self) -> date:
        """The day it is in the branch's zone."""
        return self.now().date()

    # ---- the settings in force

    def setting(self, name: str) -> Mapping[str, Any]:
        """A setting of the branch as it came; empty where it sent none."""
        return self.book.settings.get(name) or {}

    def procedures(self) -> Mapping[str, Procedure]:
        """The branch's procedures over the bundled ones; where they cannot be used, doctor says so."""
        if self._in_force[0] != self.book.documents:
            try:
                found = procedures_from(self.book.settings.get("procedures"), self.ports.procedures)
            except ProcedureError:
                found = dict(self.ports.procedures)
            self._in_force = (self.book.documents, found)
        return self._in_force[1]

    def rules(self) -> Rules:
        """The branch's figures; read anew when its documents have changed."""
        if self._figures[0] != self.book.documents:
            self._figures = (self.book.documents, Rules.read(self.book.settings))
        return self._figures[1]

    def register(self) -> Register:
        """Who appears in which cases; made anew when the branch's documents have changed."""
        if self._register[0] != self.book.documents:
            self._register = (self.book.documents, Register(f.case for f in self.book.files()))
        return self._register[1]

    # ---- a day

    def plan(self, day: date, here: Position | None) -> DayPlan:
        """The plan of a day; for a past one records of later days are ignored."""
        pinned = self.pinned_on(day)
        asked = (self.book.revision, day, here, pinned)
        if asked not in self._plans:
            self._plans.clear()
            same = (self.book.documents, day, pinned)
            if self._kept[0] != same:
                self._kept = (same, {})
            with _kept_for_good():
                self._plans[asked] = plan_day(
                    [self.as_of(f, day) for f in self.book.files()],
                    self.procedures(),
                    self.setting("plan"),
                    self.rules(),
                    day,
                    self.zone,
                    here,
                    self._kept[1],
                    pinned,
                )
        return self._plans[asked]

    def as_of(self, file: CaseFile, day: date) -> CaseFile:
        """The case as it stood at the end of a past day; as it stands for today and later."""
        if day >= self.today_date():
            return file
        return replace(
            file, activities=tuple(a for a in file.activities if on_day(a.happened_at, self.zone) <= day)
        )

    def steps(self, file: CaseFile, day: date) -> tuple[Step, ...]:
        """What the procedure asks of this case on a day; nothing where the branch has sent no procedure for it."""
        procedures, rules = self.procedures(), self.rules()
        procedure = procedures.get(file.case.procedure)
        if procedure is None:
            return ()
        # Where a takeover visit falls depends on the other cases, never on what was recorded since.
        asked = (self.book.documents, day)
        if self._slots[0] != asked:
            self._slots = (
                asked,
                takeover_slots(list(self.book.files()), procedures, rules, day, self.zone),
            )
        slot = self._slots[1].get(file.case.case_id, 0)
        return steps_of(file, procedure, rules, day, self.zone, slot)

    def long_overdue(self, file: CaseFile, day: date) -> bool:
        """Whether an open case has come to the days its procedure calls long overdue."""
        procedure = self.procedures().get(file.case.procedure)
        if procedure is None or file.case.status != "open":
            return False
        return day_of_episode(file.case, day) >= procedure.long_overdue_from

    def pinned_on(self, day: date) -> frozenset[str]:
        """The cases of 攻坚 on a day."""
        return frozenset(c for c, until in self.pins.items() if until - PIN_DAYS <= day <= until)

    def known(self, case_id: str) -> Case:
        """Raises InvalidRecord where the notebook holds no such case."""
        try:
            return self.book.file(case_id).case
        except KeyError as e:
            raise InvalidRecord(
                Message("There is no case {key} in this notebook.", {"key": case_id}), "case_id"
            ) from e

    def hindrances(self, new: Sequence[NewActivity]) -> tuple[Hindrance, ...]:
        """What stands against recording these together, each rule once; the blocking ones first (app.domain.gate)."""
        found: dict[str, Hindrance] = {}
        rules = self.rules()
        for entry in new:
            attempt = Attempt(
                self.known(entry.case_id), entry.kind, entry.happened_at or self.now(), entry.body
            )
            around = self._around(attempt)
            for hindrance in hindrances(attempt, around, rules.limits, rules.words, self.zone):
                found.setdefault(hindrance.rule, hindrance)
        return tuple(sorted(found.values(), key=lambda h: not h.blocks))

    def _around(self, attempt: Attempt) -> list[tuple[Case, Activity]]:
        """What the gate counts: everything of this case, and of others what is of that very day, or where somebody asked
        not to be contacted any more."""
        if attempt.kind not in CONTACTS:
            return []
        midnight = attempt.at.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        case = attempt.case
        own = [(case, a) for a in self.book.standing(case.case_id).values()]
        return own + self.book.elsewhere(case.case_id, midnight, midnight + timedelta(days=1))

    # ---- the phone's own records

    def take_in(self, entry: Entry) -> None:
        """A record of this phone, with what the branch said of it."""
        activity = Activity.read(entry.record)
        self.entries[entry.activity_id] = entry
        self.own[entry.activity_id] = activity
        self.book.add(activity)

    def judged(self, entry: Entry) -> tuple[str, str]:
        """What became of an own record and why: the supervisor's answer, else what the branch said at once.

        An answer to another record under the same id is not one to this.
        """
        said = self.book.verdicts.get(entry.activity_id)
        if said is None or entry.state == "waiting" or said.get("sha256") != record_hash(entry.record):
            return entry.state, entry.reason
        verdict, why = said.get("verdict"), said.get("why")
        if verdict not in ("accepted", "rejected"):
            return entry.state, entry.reason
        return verdict, why if isinstance(why, str) else ""

    def rejected(self, case_id: str, day: date) -> Iterator[Activity]:
        """Own records of a case that the supervisor rejected, up to `day`."""
        for activity_id in sorted(self._set_aside):
            own = self.own[activity_id]
            if own.case_id == case_id and (
                day >= self.today_date() or on_day(own.happened_at, self.zone) <= day
            ):
                yield own

    # ---- reading

    async def read_changed(self, engine: Engine) -> None:
        """What a sync changed; all of it after a new start, which also removes what no page named."""
        if engine.whole:
            await self._read_all()
            return
        for document in await self.store.documents(sorted(engine.touched)):
            if document.body is not None:
                self.book.put(document.kind, document.id, document.body)
        for kind, doc_id in engine.gone:
            if kind != "activity" or doc_id not in self.own:
                self.book.drop(kind, doc_id)
        for result in engine.results.values():
            entry = self.entries.get(result.id)
            if entry is not None:
                state = "quarantined" if result.quarantined else "uploaded"
                self.entries[result.id] = replace(entry, state=state, reason=result.reason or "")
        self._heed_verdicts()

    async def _read_all(self) -> None:
        book = Book()
        book.revision, book.documents = self.book.revision + 1, self.book.documents + 1
        with _kept_for_good():
            for document in await self.store.documents():
                if document.body is not None:
                    book.put(document.kind, document.id, document.body)
            self.book, self.entries, self.own, self._set_aside = book, {}, {}, set()
            self.sent = await self.store.files_sent()
            for entry in await self.store.journal():
                self.take_in(entry)
        self._heed_verdicts()

    def _heed_verdicts(self) -> None:
        """What the supervisor rejected stays in the timeline and counts for nothing else."""
        judged = self.book.verdicts.keys() & self.own.keys()
        rejected = {i for i in judged if self.judged(self.entries[i])[0] == "rejected"}
        for activity_id in rejected:
            if self.book.holds(activity_id):
                self.book.drop("activity", activity_id)
        for activity_id in self._set_aside - rejected:
            self.book.add(self.own[activity_id])
        self._set_aside = rejected


def zone_of(binding: Mapping[str, Any]) -> ZoneInfo:
    """The branch's zone as it said at enrolment; China's before that."""
    return ZoneInfo(binding.get("zone") or DEFAULT_ZONE)


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """Python's collector pauses while a whole book is read, and then leaves it alone.

    It would go through everything read so far again and again, and find nothing: a third of the time of opening.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
