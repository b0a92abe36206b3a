"""What an officer can do, one method a verb. Screens and commands talk to this alone.

Everything shown is derived from the book (cases, figures, activities, settings) and the day; the ports are
declared in app.ports, and bootstrap puts the parts behind them together.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from app import VERSION
from app.domain.ageing import day_of_episode, days_past_due, on_day
from app.domain.amounts import Estimate, estimate, penalty_of_days
from app.domain.book import Book
from app.domain.cash import CashDate, cash_dates
from app.domain.clocks import guarantee_clocks, limitation
from app.domain.corrections import effective, known_on, replaced
from app.domain.gate import CONTACTS, Attempt, Hindrance, hindrances
from app.domain.message import Message
from app.domain.notice import LETTER_DAYS, letter
from app.domain.people import Register, group_loans, people, reasons_seen
from app.domain.places import distance_m, town_of, village_of
from app.domain.plan import DayPlan, Kept, mix_of, plan_day, takeover_slots
from app.domain.procedure import Procedure, ProcedureError, procedures_from
from app.domain.promise_book import PromiseBook, promise_book
from app.domain.promises import PromiseView, judge
from app.domain.record import encode_record, new_activity_id
from app.domain.records import Activity, Case, CaseFile, Position
from app.domain.rules import Rules
from app.domain.search import matches, stage_of
from app.domain.steps import Step, steps_of, unclear_date
from app.domain.validation import Invalid, check_body, check_record
from app.i18n import mark
from app.ports import (
    Blob,
    BranchRefused,
    Clock,
    Entry,
    Hindered,
    InvalidRecord,
    NoConnection,
    NotebookError,
    Ports,
    SealedJournal,
    Sealer,
    Store,
)
from app.views import CaseView, Draft, FileView, NewActivity, NoticeDraft, Row, SyncState, TimelineEntry
from sync.engine import APP_TOO_OLD, Branch, Engine, OnProgress, SyncReport
from sync.protocol import EnrolRequest, Head, Item, Refused, Unreachable, WireError, record_hash

DEFAULT_ZONE: Final = "Asia/Shanghai"
LATE_AFTER: Final = timedelta(hours=24)
CLOCK_WORTH_SAYING_S: Final = 120
CASH_AHEAD: Final = timedelta(days=30)
PINS_MOST: Final = 5
PIN_DAYS: Final = timedelta(days=2)  # with today three
BLOB_MOST: Final = 8 * 1024 * 1024


class Notebook:
    """The officer's notebook over one data folder. `state` is unbound, locked, binding or open."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._store: Store | None = None
        self._binding: dict[str, Any] = {}
        self._book = Book()
        self._entries: dict[str, Entry] = {}
        self._own: dict[str, Activity] = {}
        self._set_aside: set[str] = set()
        self._sent: set[tuple[str, int]] = set()
        self._rebuilt: tuple[datetime, int] | None = None
        self._to_mend = False
        self._syncing = asyncio.Lock()
        self._recovery_asked = False
        self._handed_in: SealedJournal | None = None
        self._plans: dict[object, DayPlan] = {}
        self._kept: tuple[object, Kept] = (None, {})
        self._slots: tuple[object, dict[str, int]] = (None, {})
        self._register: tuple[int, Register] = (-1, Register(()))
        self._pins: dict[str, date] = {}
        self._in_force: tuple[int, Mapping[str, Procedure]] = (-1, {})
        self._figures: tuple[int, Rules] = (-1, Rules())

    # ---- opening

    @property
    def state(self) -> str:
        """`unbound` (no PIN yet), `locked`, `binding` (PIN set, the branch has not answered yet) or `open`."""
        if self._store is None:
            return "locked" if self._ports.keys.exist() else "unbound"
        return "open" if self._binding.get("bound") else "binding"

    async def bind(self, server: str, officer_id: str, code: str, pin: str) -> None:
        """First start, or a new code for a phone the branch no longer knows: ask the branch, make keys, enrol.

        Raises NotebookError. After a refusal nothing half-done stays; after a lost answer the same call, made again,
        gets the same answer.
        """
        address = self._ports.address(server)
        officer_id, code = officer_id.strip(), code.strip()
        if not officer_id or not code:
            raise NotebookError(Message("The officer's number and the branch's code are both needed."))
        if self._store is not None:
            await self._ports.keys.unlock(pin)
        elif self._ports.keys.exist():
            await self.unlock(pin)
        branch = self._ports.connect(address, "")
        try:
            hello = await branch.hello()
            if not hello.protocol_min <= 1 <= hello.protocol_max:
                raise BranchRefused(
                    Message("The branch server is newer than this app. Please update the app.")
                )
            if self._store is None:
                await self._open(await self._ports.keys.create(pin, hello.recovery_key))
            await self._enrol(branch, address, officer_id, code)
        except Unreachable as e:
            raise _unreachable(e) from e
        except Refused as e:
            await self._take_back()
            raise _refused(e) from e
        finally:
            await branch.close()

    async def _enrol(self, branch: Branch, address: str, officer_id: str, code: str) -> None:
        store = self._opened()
        if self._binding.get("bound") and self._binding["officer_id"].casefold() != officer_id.casefold():
            raise BranchRefused(
                Message(
                    "This notebook belongs to officer {officer}; another officer needs a data folder of their own.",
                    {"officer": self._binding["officer_id"]},
                )
            )
        pending = {**self._binding, "server": address, "officer_id": officer_id}
        pending.setdefault("secret", secrets.token_hex(32))
        pending.setdefault("bound", False)
        if not pending["bound"]:  # a bound notebook keeps its address until the branch has said yes
            await self._keep_binding(pending)
        answer = await branch.enrol(
            EnrolRequest(
                code=code,
                officer_id=officer_id,
                device_id=store.device_id,
                device_secret=pending["secret"],
                device_name=self._ports.device_name,
                platform=self._ports.platform,
                app=VERSION,
            )
        )
        await self._keep_binding(
            {
                **pending,
                "bound": True,
                "officer_id": answer.officer_id,
                "officer_name": answer.officer_name,
                "branch_id": answer.branch_id,
                "branch_name": answer.branch_name,
                "zone": answer.zone,
            }
        )

    async def _keep_binding(self, binding: dict[str, Any]) -> None:
        await self._opened().put("binding", json.dumps(binding, ensure_ascii=False).encode())
        self._binding = binding

    async def _take_back(self) -> None:
        """The branch said no to a notebook that was never bound: the next try starts from nothing."""
        if self._store is not None and not self._binding.get("bound") and not self._entries:
            await self.lock()
            await self._ports.discard()

    async def unlock(self, pin: str) -> None:
        """Open keys and store, and read the book. Raises WrongPin, PinLocked, Busy."""
        sealer = await self._ports.keys.unlock(pin)
        if self._store is None:
            await self._open(sealer)

    async def check_pin(self, pin: str) -> None:
        """A second page of an already open notebook proves its officer. Raises WrongPin, PinLocked."""
        await self._ports.keys.unlock(pin)

    async def _open(self, sealer: Sealer) -> None:
        self._store = store = await self._ports.open_store(sealer)
        kept = await store.get("binding")
        self._binding = json.loads(kept) if kept else {}
        pins = json.loads(await store.get("pins") or b"{}")
        self._pins = {case_id: date.fromisoformat(until) for case_id, until in pins.items()}
        self._rebuilt = await store.rebuilt()
        self._to_mend = self._rebuilt is not None and not await store.cursor()
        await self._read_all()

    async def lock(self) -> None:
        """Forget the keys and everything read with them."""
        store, self._store = self._store, None
        self._binding, self._book, self._entries = {}, Book(), {}
        self._own, self._set_aside = {}, set()
        gc.unfreeze()
        self._plans.clear()
        self._kept, self._slots = (None, {}), (None, {})
        self._recovery_asked = False
        self._rebuilt, self._to_mend = None, False
        self._register, self._pins = (-1, Register(())), {}
        if store is not None:
            await store.close()
        self._ports.release()

    def _opened(self) -> Store:
        if self._store is None:
            raise NotebookError(Message("The notebook is locked. Enter the PIN first."))
        return self._store

    # ---- the PIN is forgotten

    async def salvage(self) -> SealedJournal:
        """All records and files, sealed as they lie there: needs no PIN and opens nothing. Raises NotebookError, Busy."""
        return await self._ports.salvage()

    async def hand_in(self, server: str) -> SealedJournal:
        """Hand what `salvage` reads in at the branch server, which its recovery key opens; this phone need not be bound.

        Raises NotebookError, NoConnection, BranchRefused; the notebook is left as it is.
        """
        branch = self._ports.connect(self._ports.address(server), "")
        try:
            sealed = await self._ports.salvage()
            await branch.hand_in(sealed.content)
        except WireError as e:
            raise as_notebook_error(e) from e
        finally:
            await branch.close()
        self._handed_in = sealed
        return sealed

    async def set_aside(self) -> None:
        """Begin anew, unbound, after a `hand_in` of all that is here. The old files stay on this phone, out of the way.

        Raises NotebookError where the branch does not have all of it.
        """
        if self._store is not None or self._handed_in != await self._ports.salvage():
            raise NotebookError(Message("Hand the records in to the branch first."))
        await self._ports.set_aside()
        self._handed_in = None

    # ---- who and when

    @property
    def officer_id(self) -> str:
        """Whose notebook it is."""
        return str(self._binding.get("officer_id", ""))

    @property
    def officer_name(self) -> str:
        """The same in words."""
        return str(self._binding.get("officer_name", ""))

    @property
    def branch_name(self) -> str:
        """The branch it syncs with."""
        return str(self._binding.get("branch_name", ""))

    @property
    def device_id(self) -> str:
        """The id of this notebook's database at the branch. Raises NotebookError while locked."""
        return self._opened().device_id

    @property
    def server(self) -> str:
        """The branch server's address; before the first binding the one this page came from, if any."""
        return str(self._binding.get("server") or self._ports.home)

    @property
    def zone(self) -> ZoneInfo:
        """The branch's zone: it decides what day it is."""
        return ZoneInfo(self._binding.get("zone") or DEFAULT_ZONE)

    def now(self) -> datetime:
        """Now, in the branch's zone."""
        return self._ports.clock.now().astimezone(self.zone)

    def today_date(self) -> date:
        """The day it is in the branch's zone."""
        return self.now().date()

    # ---- looking

    async def today(self, on: date | None = None, here: Position | None = None) -> DayPlan:
        """The plan of a day; for a past one records of later days are ignored."""
        self._opened()
        day = on or self.today_date()
        pinned = self._pinned_on(day)
        asked = (self._book.revision, day, here, pinned)
        if asked not in self._plans:
            self._plans.clear()
            same = (self._book.documents, day, pinned)
            if self._kept[0] != same:
                self._kept = (same, {})
            with _kept_for_good():
                self._plans[asked] = plan_day(
                    [self._as_of(f, day) for f in self._book.files()],
                    self._procedures(),
                    self._setting("plan"),
                    self._rules(),
                    day,
                    self.zone,
                    here,
                    self._kept[1],
                    pinned,
                )
        return self._plans[asked]

    async def customers(self, here: Position | None = None) -> list[Row]:
        """All cases, in the plan's order; those without a step behind."""
        plan = await self.today(here=here)
        rank = {case_id: n for n, case_id in enumerate(plan.order)}
        rows = [self._row(f, rank.get(f.case.case_id, len(rank)), here) for f in self._book.files()]
        return sorted(rows, key=lambda r: (r.rank, r.case_id))

    async def search(self, query: str, here: Position | None = None) -> list[Row]:
        """Cases by name, pinyin initials, phone tail, village or contract number."""
        rows = await self.customers(here)
        if not query.strip():
            return rows
        initials = self._ports.initials
        return [r for r in rows if matches(self._book.file(r.case_id).case, query, initials)]

    def case_id_of(self, key: str) -> str:
        """The case_id behind a contract number; anything else comes back as it is."""
        found = self._book.find(key)
        return found.case.case_id if found else key

    async def case(self, key: str, on: date | None = None, here: Position | None = None) -> CaseView:
        """One case by case_id or contract number. Raises NotebookError when there is none."""
        self._opened()
        found = self._book.find(key)
        if found is None:
            raise NotebookError(Message("There is no case {key} in this notebook.", {"key": key}))
        day = on or self.today_date()
        file = self._as_of(found, day)
        case, figures = file.case, file.figures
        told = (*file.activities, *self._rejected(case.case_id, day))
        activities = sorted(told, key=lambda a: (a.happened_at, a.activity_id), reverse=True)
        stands = {a.activity_id: a for a in effective(file.activities)}
        return CaseView(
            case=case,
            figures=figures,
            dpd=days_past_due(figures, day),
            day=day_of_episode(case, day),
            steps=self._steps(file, day),
            promises=judge(file, day, self.zone),
            timeline=tuple(_standing(self._timeline_entry(a), stands) for a in activities),
            mix=mix_of(file, day, self.zone),
            other_loans=tuple(
                f.case
                for f in self._book.files()
                if f.case.customer_no
                and f.case.customer_no == case.customer_no
                and f.case.case_id != case.case_id
            ),
            distance_m=distance_m(case, here),
            unclear_date=unclear_date(file, day, self.zone),
            draft_kinds=tuple(d.kind for d in await self.drafts() if d.case_id == case.case_id),
            **self._looked_into(file, day),
        )

    def _looked_into(self, file: CaseFile, day: date) -> dict[str, Any]:
        """What only the case's own screen shows."""
        case, rules = file.case, self._rules()
        known = known_on(file.activities, day, self.zone)
        clocks = guarantee_clocks(case, known, rules.calendar, rules.limits, day)
        if self._register[0] != self._book.documents:
            self._register = (self._book.documents, Register(f.case for f in self._book.files()))
        told = [a for _, a in known if a.kind == "whereabouts"]
        procedure = self._procedures().get(case.procedure)
        return {
            "people": people(case, known, clocks, self._register[1]),
            "limitation": limitation(case, known, rules.calendar, rules.limits, day),
            "clocks": clocks,
            "whereabouts": tuple(sorted(told, key=lambda a: (a.happened_at, a.activity_id), reverse=True)),
            "cash": cash_dates(known, case, rules.market, day, day + CASH_AHEAD),
            "reasons": reasons_seen(known),
            "group": group_loans(case, self._book.files(), day),
            "long_overdue": self._long_overdue(file, day),
            "pinned_until": self._pins.get(case.case_id) if case.case_id in self._pinned_on(day) else None,
            "procedure": procedure,
        }

    def _long_overdue(self, file: CaseFile, day: date) -> bool:
        procedure = self._procedures().get(file.case.procedure)
        if procedure is None or file.case.status != "open":
            return False
        return day_of_episode(file.case, day) >= procedure.long_overdue_from

    async def promises(self) -> list[tuple[Case, PromiseView]]:
        """All promises, by the day they are due."""
        return list((await self.promise_book()).rows)

    async def promise_book(self) -> PromiseBook:
        """All promises by day and state, with what they sum up to."""
        self._opened()
        day = self.today_date()
        found = ((f.case, p) for f in self._book.files() if f.activities for p in judge(f, day, self.zone))
        return promise_book(found, self._rules().calendar, day)

    async def notice(self, case_id: str, addressee: str) -> NoticeDraft:
        """The notice to `addressee` as of today, filled in. Raises NotebookError where the case has no procedure."""
        self._opened()
        file = self._book.file(self._known(case_id).case_id)
        procedure = self._procedures().get(file.case.procedure)
        if procedure is None:
            raise NotebookError(
                Message("The branch has sent no procedure for this case. Sync, or ask the branch.")
            )
        filled = letter(file.case, file.figures, procedure, addressee, self.today_date())
        costs = (penalty_of_days(file.case, file.figures, days) for days in LETTER_DAYS)
        return NoticeDraft(filled, *costs)

    async def estimate(self, case_id: str, on: date) -> Estimate | None:
        """What will be owed on a day: an estimate, 以柜面为准. None without figures."""
        file = self._book.file(self._known(case_id).case_id)
        return estimate(file.case, file.figures, on)

    def is_working_day(self, on: date) -> bool:
        """Whether the branch works on that day."""
        return self._rules().calendar.is_working_day(on)

    # ---- 攻坚

    async def pin(self, case_id: str) -> None:
        """Three days of concentrated work on a case, today the first. Raises NotebookError when five are pinned."""
        today = self.today_date()
        pins = {c: until for c, until in self._pins.items() if until >= today}
        if case_id not in pins and len(pins) >= PINS_MOST:
            raise NotebookError(
                Message("Five cases are pinned already. Let one go first: concentration is the point.")
            )
        pins[self._known(case_id).case_id] = today + PIN_DAYS
        await self._keep_pins(pins)

    async def unpin(self, case_id: str) -> None:
        """Let it go."""
        await self._keep_pins({c: until for c, until in self._pins.items() if c != case_id})

    async def _keep_pins(self, pins: dict[str, date]) -> None:
        kept = json.dumps({c: until.isoformat() for c, until in pins.items()})
        await self._opened().put("pins", kept.encode())
        self._pins = pins

    def _pinned_on(self, day: date) -> frozenset[str]:
        return frozenset(c for c, until in self._pins.items() if until - PIN_DAYS <= day <= until)

    # ---- the gate

    def hindrances(self, new: Sequence[NewActivity]) -> tuple[Hindrance, ...]:
        """What stands against recording these together, each rule once; the blocking ones first (app.domain.gate)."""
        found: dict[str, Hindrance] = {}
        for entry in new:
            attempt = Attempt(
                self._known(entry.case_id), entry.kind, entry.happened_at or self.now(), entry.body
            )
            for hindrance in hindrances(
                attempt, self._around(attempt), self._rules().limits, self._rules().words, self.zone
            ):
                found.setdefault(hindrance.rule, hindrance)
        return tuple(sorted(found.values(), key=lambda h: not h.blocks))

    def may_contact(
        self, case_id: str, party: str, number: str = "", kind: str = "call"
    ) -> tuple[Hindrance, ...]:
        """The same before dialling or going, when nothing is known of how it will end."""
        body = {"party": party, **({"number": number} if number else {})}
        return self.hindrances([NewActivity(case_id, kind, body)])

    def _around(self, attempt: Attempt) -> list[tuple[Case, Activity]]:
        """What the gate counts: everything of this case, and of others what is of that very day, or where somebody asked
        not to be contacted any more."""
        if attempt.kind not in CONTACTS:
            return []
        midnight = attempt.at.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        case = attempt.case
        own = [(case, a) for a in self._book.standing(case.case_id).values()]
        return own + self._book.elsewhere(case.case_id, midnight, attempt.at)

    # ---- writing

    async def record(self, new: Sequence[NewActivity], draft_id: str | None = None) -> list[str]:
        """Save activities together; returns their ids once they are durable, and drops the draft.

        Raises InvalidRecord or Hindered (nothing of the batch is saved) or NotSaved. An `override` goes into the record
        only where a rule stands against it.
        """
        store = self._opened()
        offset = await store.offset()
        new = [replace(e, activity_id=e.activity_id or new_activity_id(self.now())) for e in new]
        overridden = [self._overridden(e) for e in new]

        def make(head: Head) -> list[Item]:
            items: list[Item] = []
            for entry, override in zip(new, overridden, strict=True):
                item = self._build(entry, override, head, offset)
                items.append(item)
                head = Head(head.seq + 1, record_hash(item.record))
            return items

        blobs = [Blob(str(e.activity_id), place, b.data) for e in new for place, b in enumerate(e.blobs)]
        saved = await store.append(make, [draft_id] if draft_id else [], blobs)
        for kept in saved:
            self._take_in(kept)
        return [e.activity_id for e in saved]

    def _overridden(self, new: NewActivity) -> dict[str, str] | None:
        """The record's `override`. Raises Hindered where a rule blocks and no reason is given."""
        blocking = tuple(h for h in self.hindrances([new]) if h.blocks)
        if not blocking:
            return None
        if not (new.override or "").strip():
            raise Hindered(
                Message(
                    "{what} Going on needs a reason (rule: {rule}).",
                    {"what": blocking[0].text, "rule": ", ".join(h.rule for h in blocking)},
                ),
                blocking,
            )
        return {"rule": ",".join(h.rule for h in blocking), "why": str(new.override).strip()}

    def _build(
        self,
        new: NewActivity,
        override: Mapping[str, str] | None,
        head: Head,
        offset: tuple[int, datetime] | None,
    ) -> Item:
        now = self.now()
        activity_id = str(new.activity_id)
        record = {
            "activity_id": activity_id,
            "case_id": new.case_id,
            "kind": new.kind,
            "happened_at": (new.happened_at or now).astimezone(self.zone).isoformat(timespec="milliseconds"),
            "recorded_at": now.isoformat(timespec="milliseconds"),
            "clock": {
                "monotonic_ms": self._ports.clock.monotonic_ms(),
                "server_offset_ms": offset[0] if offset else None,
                "offset_known_at": offset[1].isoformat(timespec="milliseconds") if offset else None,
            },
            "device_id": self._opened().device_id,
            "device_seq": head.seq + 1,
            "prev": head.hash,
            "officer_id": self.officer_id,
            "position": new.position.to_json() if new.position else None,
            "override": override,
            "body": dict(new.body),
            "blobs": [
                {
                    "sha256": hashlib.sha256(b.data).hexdigest(),
                    "size": len(b.data),
                    "media_type": b.media_type,
                    "role": b.role,
                }
                for b in new.blobs
            ],
        }
        if new.kind == "correction":
            self._corrects_own(new)
        if any(len(b.data) > BLOB_MOST for b in new.blobs):
            raise InvalidRecord(Message("A file is larger than 8 MiB."), "blobs")
        try:
            check_record(record, self._known(new.case_id))
            return Item(activity_id, encode_record(record))
        except Invalid as e:
            raise InvalidRecord(e.message, e.field) from e

    def _known(self, case_id: str) -> Case:
        try:
            return self._book.file(case_id).case
        except KeyError as e:
            raise InvalidRecord(
                Message("There is no case {key} in this notebook.", {"key": case_id}), "case_id"
            ) from e

    def _corrects_own(self, new: NewActivity) -> None:
        """Only what this officer recorded of this case can be corrected by them, and only by what could have been recorded
        itself. Raises InvalidRecord."""
        target = new.body.get("of")
        known = next((a for a in self._book.file(new.case_id).activities if a.activity_id == target), None)
        if known is None or known.officer_id != self.officer_id:
            raise InvalidRecord(
                Message("Only your own record of this case can be corrected: take its id from the timeline."),
                "of",
            )
        said = replaced(known, new.body.get("replacement"))
        if said is None or known.kind == "correction":
            return
        if said.happened_at > self.now():
            raise InvalidRecord(
                Message("It cannot have happened later than it is written down."), "replacement.happened_at"
            )
        try:
            check_body(said.kind, said.body, self._known(new.case_id), on_day(said.happened_at, self.zone))
        except Invalid as e:
            raise InvalidRecord(e.message, f"replacement.{e.field}") from e

    async def blob(self, activity_id: str, sha256: str) -> bytes | None:
        """A file of an own activity by its hash; None where this phone has none."""
        activity = self._own.get(activity_id)
        for place, blob in enumerate(_listed(activity) if activity is not None else ()):
            if blob.get("sha256") == sha256:
                return await self._opened().blob(activity_id, place)
        return None

    async def file(self, activity_id: str, sha256: str) -> bytes:
        """A file of any activity of a held case: from this phone, or from the branch. Raises NoConnection, BranchRefused."""
        kept = await self.blob(activity_id, sha256)
        if kept is not None:
            return kept
        branch = self._ports.connect(self.server, self._binding.get("secret", ""))
        try:
            return await branch.file(activity_id, sha256)
        except Unreachable as e:
            raise _unreachable(e) from e
        except Refused as e:
            if e.status == 404:  # nobody has it, or not for us
                raise BranchRefused(
                    Message(
                        "The branch does not have this file yet. It comes when the phone that took it has sent it."
                    )
                ) from e
            raise _refused(e) from e
        finally:
            await branch.close()

    async def keep_draft_file(self, draft_id: str, name: str, content: bytes) -> None:
        """A photo of a form not yet saved; durable when it returns. Raises NotSaved, InvalidRecord (over 8 MiB)."""
        if len(content) > BLOB_MOST:
            raise InvalidRecord(Message("A file is larger than 8 MiB."), "blobs")
        await self._opened().save_draft_file(draft_id, name, content)

    async def draft_file(self, draft_id: str, name: str) -> bytes | None:
        """That photo; None where there is none."""
        return await self._opened().draft_file(draft_id, name)

    async def drop_draft_file(self, draft_id: str, name: str) -> None:
        """The officer took the photo out again."""
        await self._opened().drop_draft_file(draft_id, name)

    async def save_draft(self, draft: Draft) -> None:
        """Keep a form as it stands; durable when it returns."""
        body = {"case_id": draft.case_id, "kind": draft.kind, "form": draft.form}
        await self._opened().save_draft(draft.draft_id, json.dumps(body, ensure_ascii=False).encode())

    async def drafts(self) -> list[Draft]:
        """All unsaved forms, oldest first."""
        return [
            Draft(draft_id, kept["case_id"], kept["kind"], kept["form"])
            for draft_id, kept in ((i, json.loads(body)) for i, body in await self._opened().drafts())
        ]

    async def draft(self, case_id: str, kind: str) -> Draft | None:
        """The unsaved form of that kind for that case, if any."""
        return next((d for d in await self.drafts() if (d.case_id, d.kind) == (case_id, kind)), None)

    async def drop_draft(self, draft_id: str) -> None:
        """The officer threw it away."""
        await self._opened().drop_draft(draft_id)

    # ---- the branch

    async def sync(self, progress: OnProgress | None = None) -> SyncReport:
        """One attempt. Raises NoConnection or BranchRefused; what was done stays done."""
        store = self._opened()
        async with self._syncing:
            branch = self._ports.connect(self.server, self._binding.get("secret", ""))
            engine = Engine(branch, store, _EngineClock(self._ports.clock))
            try:
                report = await self._text(engine, progress)
                await self._heed_recovery_key(branch)
                return await self._files(engine, report, progress)
            except BranchRefused as e:
                if isinstance(e.__cause__, Refused) and e.__cause__.code == APP_TOO_OLD:
                    await self._files(engine, SyncReport(), progress)
                raise
            finally:
                await branch.close()

    async def _text(self, engine: Engine, progress: OnProgress | None) -> SyncReport:
        """Push and pull. What changed is in the book, and how it ended is kept, before the first photo goes."""
        store = self._opened()
        try:
            report = await engine.text(progress)
        except WireError as e:
            error = as_notebook_error(e)
            await self._note_sync(error=error.message)
            raise error from e
        finally:
            if self._store is store:
                await self._read_changed(engine)
        await self._note_sync(error=None, at=self.now().isoformat())
        self._to_mend = False
        return report

    async def _files(self, engine: Engine, text: SyncReport, progress: OnProgress | None) -> SyncReport:
        """Photos and signatures, after the text; one that fails is told and fails nothing else."""
        store = self._opened()
        try:
            files = await engine.files(progress)
        finally:
            if self._store is store:
                await self._read_changed(engine)
                self._sent = await store.files_sent()
        trouble = self.files_trouble(files)
        if trouble is not None or files.files_sent:
            await self._note_sync(files_error=trouble)
        return replace(
            text,
            pushed=text.pushed + files.pushed,
            quarantined=text.quarantined + files.quarantined,
            files_sent=files.files_sent,
            files_waiting=files.files_waiting,
            files_trouble=files.files_trouble,
        )

    def files_trouble(self, report: SyncReport) -> Message | None:
        """Why files are left, in a sentence."""
        e = report.files_trouble
        if e is None:
            return None
        if isinstance(e, Refused):
            return _FILE_REFUSED.get(e.status) or _refused(e).message
        return _unreachable(e).message

    async def _heed_recovery_key(self, branch: Branch) -> None:
        """Once an opening, after a sync proved the branch: its new recovery key gets the data key as well."""
        if self._ports.wrap_anew is None or self._recovery_asked:
            return
        try:
            said = await branch.hello()
        except WireError:
            return  # asked again with the next sync; this one's records are through
        await self._ports.wrap_anew(said.recovery_key)
        self._recovery_asked = True

    async def _note_sync(self, *, at: str = "", **errors: Message | None) -> None:
        """Remember how the last attempt ended; an unbound message is kept as its English text and parameters."""
        store = self._opened()
        kept = json.loads(await store.get("sync") or b"{}")
        for name, error in errors.items():
            kept[name] = {"text": error.text, "params": dict(error.params)} if error else None
        if at:
            kept["at"] = at
        await store.put("sync", json.dumps(kept, ensure_ascii=False).encode())

    async def sync_state(self) -> SyncState:
        """Counts and the last result."""
        store = self._opened()
        kept = json.loads(await store.get("sync") or b"{}")
        states = [self._judged(e)[0] for e in self._entries.values()]
        offset = await store.offset()
        off_s = offset[0] // 1000 if offset else 0
        return SyncState(
            waiting=states.count("waiting"),
            uploaded=states.count("uploaded") + states.count("accepted"),
            quarantined=states.count("quarantined"),
            last_at=datetime.fromisoformat(kept["at"]) if kept.get("at") else None,
            error=_kept_message(kept.get("error")),
            clock_off_s=off_s if abs(off_s) >= CLOCK_WORTH_SAYING_S else None,
            files_waiting=sum(
                (activity_id, place) not in self._sent
                for activity_id, activity in self._own.items()
                for place, _ in enumerate(_listed(activity))
            ),
            files_error=_kept_message(kept.get("files_error")),
            rejected=states.count("rejected"),
        )

    async def journal(self) -> list[TimelineEntry]:
        """This phone's own records, newest first, with their states."""
        newest_first = sorted(self._entries.values(), key=lambda e: e.seq, reverse=True)
        return [
            self._timeline_entry(self._own[e.activity_id]) for e in newest_first if e.activity_id in self._own
        ]

    async def preference(self, name: str, default: str = "") -> str:
        """A setting of this phone: language, theme, text_size."""
        kept = await self._opened().get(f"preference.{name}")
        return kept.decode() if kept is not None else default

    async def set_preference(self, name: str, value: str) -> None:
        """Keep it."""
        await self._opened().put(f"preference.{name}", value.encode())

    async def doctor(self) -> list[Message]:
        """What is wrong; empty when sound."""
        found = await self._opened().doctor()
        if self._book.unreadable:
            found.append(
                Message(
                    "{n} documents from the branch cannot be read. Please tell the branch.",
                    {"n": len(self._book.unreadable)},
                )
            )
        try:
            procedures_from(self._book.settings.get("procedures"), self._ports.procedures)
        except ProcedureError as e:
            found.append(
                Message(
                    "The procedure sent by the branch cannot be used ({path}); the app goes by its own. Please tell the branch.",
                    {"path": e.path},
                )
            )
        return found

    @property
    def to_mend(self) -> bool:
        """Whether the notebook was made anew and no sync has filled it up since."""
        return self._to_mend

    def rebuilt(self) -> Message | None:
        """That the file was damaged and was made anew, with what was kept; None if it never was."""
        if self._rebuilt is None:
            return None
        at, waiting = self._rebuilt
        params = {"day": at.astimezone(self.zone).date(), "n": waiting}
        if self._to_mend:
            return Message(
                "The notebook's file was damaged and has been made anew. {n} records not yet sent were kept; sync once to fetch the rest from the branch. The damaged file is kept as well.",
                params,
            )
        return Message(
            "The notebook's file was damaged and was made anew on {day}; {n} records not yet sent were kept, and the branch sent the rest. The damaged file is kept as well.",
            params,
        )

    def weakness(self) -> Message | None:
        """What protects this phone's data less than it should."""
        return self._ports.keys.weakness()

    # ---- the book

    async def _read_all(self) -> None:
        """Everything anew: after unlocking and after a sync from the start."""
        store = self._opened()
        book = Book()
        book.revision, book.documents = self._book.revision + 1, self._book.documents + 1
        with _kept_for_good():
            for document in await store.documents():
                if document.body is not None:
                    book.put(document.kind, document.id, document.body)
            self._book, self._entries, self._own, self._set_aside = book, {}, {}, set()
            self._sent = await store.files_sent()
            for entry in await store.journal():
                self._take_in(entry)
        self._heed_verdicts()

    async def _read_changed(self, engine: Engine) -> None:
        """What a sync changed; all of it after a new start, which also removes what no page named."""
        if engine.whole:
            await self._read_all()
            return
        for document in await self._opened().documents(sorted(engine.touched)):
            if document.body is not None:
                self._book.put(document.kind, document.id, document.body)
        for kind, doc_id in engine.gone:
            if kind != "activity" or doc_id not in self._own:
                self._book.drop(kind, doc_id)
        for result in engine.results.values():
            entry = self._entries.get(result.id)
            if entry is not None:
                state = "quarantined" if result.quarantined else "uploaded"
                self._entries[result.id] = replace(entry, state=state, reason=result.reason or "")
        self._heed_verdicts()

    def _judged(self, entry: Entry) -> tuple[str, str]:
        """What became of an own record and why: the supervisor's answer, else what the branch said at once.

        An answer to another record under the same id is not one to this.
        """
        said = self._book.verdicts.get(entry.activity_id)
        if said is None or entry.state == "waiting" or said.get("sha256") != record_hash(entry.record):
            return entry.state, entry.reason
        verdict, why = said.get("verdict"), said.get("why")
        if verdict not in ("accepted", "rejected"):
            return entry.state, entry.reason
        return verdict, why if isinstance(why, str) else ""

    def _heed_verdicts(self) -> None:
        """What the supervisor rejected stays in the timeline and counts for nothing else."""
        judged = self._book.verdicts.keys() & self._own.keys()
        rejected = {i for i in judged if self._judged(self._entries[i])[0] == "rejected"}
        for activity_id in rejected:
            if self._book.holds(activity_id):
                self._book.drop("activity", activity_id)
        for activity_id in self._set_aside - rejected:
            self._book.add(self._own[activity_id])
        self._set_aside = rejected

    def _rejected(self, case_id: str, day: date) -> Iterator[Activity]:
        """Own records of a case that the supervisor rejected, up to `day`."""
        for activity_id in sorted(self._set_aside):
            own = self._own[activity_id]
            if own.case_id == case_id and (
                day >= self.today_date() or on_day(own.happened_at, self.zone) <= day
            ):
                yield own

    def _take_in(self, entry: Entry) -> None:
        activity = Activity.read(entry.record)
        self._entries[entry.activity_id] = entry
        self._own[entry.activity_id] = activity
        self._book.add(activity)

    def _as_of(self, file: CaseFile, day: date) -> CaseFile:
        if day >= self.today_date():
            return file
        return replace(
            file, activities=tuple(a for a in file.activities if on_day(a.happened_at, self.zone) <= day)
        )

    def _steps(self, file: CaseFile, day: date) -> tuple[Step, ...]:
        procedures, rules = self._procedures(), self._rules()
        procedure = procedures.get(file.case.procedure)
        if procedure is None:
            return ()
        # Where a takeover visit falls depends on the other cases, never on what was recorded since.
        asked = (self._book.documents, day)
        if self._slots[0] != asked:
            self._slots = (
                asked,
                takeover_slots(list(self._book.files()), procedures, rules, day, self.zone),
            )
        slot = self._slots[1].get(file.case.case_id, 0)
        return steps_of(file, procedure, rules, day, self.zone, slot)

    def _row(self, file: CaseFile, rank: int, here: Position | None) -> Row:
        case, day = file.case, self.today_date()
        cash = self._cash_now(file, day) if case.status == "open" else None
        return Row(
            case_id=case.case_id,
            contract_no=case.contract_no,
            name=case.borrower.name,
            status=case.status,
            dpd=days_past_due(file.figures, day),
            day=day_of_episode(case, day),
            amount_due=file.figures.amount_due,
            town=town_of(case),
            village=village_of(case),
            group_no=case.group_no,
            phone_tail=case.borrower.phones[0].number[-4:] if case.borrower.phones else "",
            stage=stage_of(case, day).value,
            reason=_last_reason(file),
            rank=rank,
            distance_m=distance_m(case, here),
            cash_on=cash.on if cash else None,
            cash_source=cash.source if cash else "",
            pinned=case.case_id in self._pinned_on(day),
            long_overdue=self._long_overdue(file, day),
        )

    def _cash_now(self, file: CaseFile, day: date) -> CashDate | None:
        """Money in their hands about today: a known cash date of yesterday, today or tomorrow."""
        about, market = timedelta(days=1), self._rules().market
        if not market.places and not market.harvests and not any(a.kind == "visit" for a in file.activities):
            return None
        known = known_on(file.activities, day, self.zone)
        found = cash_dates(known, file.case, market, day - about, day + about)
        return found[0] if found else None

    def _timeline_entry(self, activity: Activity) -> TimelineEntry:
        entry = self._entries.get(activity.activity_id)
        state, reason = self._judged(entry) if entry else ("uploaded", "")
        return TimelineEntry(
            activity=activity,
            state=state,
            own=entry is not None or activity.officer_id == self.officer_id,
            late=activity.recorded_at - activity.happened_at > LATE_AFTER,
            reason=reason,
            files=self._files_of(activity, own=entry is not None),
        )

    def _files_of(self, activity: Activity, *, own: bool) -> tuple[FileView, ...]:
        def state(place: int) -> str:
            if not own:
                return "branch"
            return "sent" if (activity.activity_id, place) in self._sent else "waiting"

        return tuple(
            FileView(
                str(blob.get("sha256", "")),
                blob["size"] if type(blob.get("size")) is int else 0,
                str(blob.get("media_type", "")),
                str(blob.get("role", "")),
                state(place),
            )
            for place, blob in enumerate(_listed(activity))
        )

    def _setting(self, name: str) -> Mapping[str, Any]:
        return self._book.settings.get(name) or {}

    def _procedures(self) -> Mapping[str, Procedure]:
        """The branch's procedures over the bundled ones; where they cannot be used, doctor says so."""
        if self._in_force[0] != self._book.documents:
            try:
                found = procedures_from(self._book.settings.get("procedures"), self._ports.procedures)
            except ProcedureError:
                found = dict(self._ports.procedures)
            self._in_force = (self._book.documents, found)
        return self._in_force[1]

    def _rules(self) -> Rules:
        """The branch's figures; read anew when its documents have changed."""
        if self._figures[0] != self._book.documents:
            self._figures = (self._book.documents, Rules.read(self._book.settings))
        return self._figures[1]


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


class _EngineClock:
    """The phone's clocks as the engine counts them: in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wall_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def monotonic_ms(self) -> int:
        return self._clock.monotonic_ms()


def _listed(activity: Activity) -> Sequence[Mapping[str, Any]]:
    """The files a record names; one that is no object keeps its place."""
    listed = activity.raw.get("blobs")
    return [b if isinstance(b, Mapping) else {} for b in listed] if isinstance(listed, list) else []


def _kept_message(kept: Mapping[str, Any] | None) -> Message | None:
    return Message(kept["text"], kept["params"]) if kept else None


def _standing(entry: TimelineEntry, stands: Mapping[str, Activity]) -> TimelineEntry:
    """The entry with what corrections have made of it."""
    now = stands.get(entry.activity.activity_id)
    if entry.activity.kind == "correction" or now is entry.activity or entry.state == "rejected":
        return entry
    return replace(entry, corrected=True, standing=now)


def _last_reason(file: CaseFile) -> str:
    """The reason the officer last heard, empty before the first."""
    told = [a for a in effective(file.activities) if isinstance(a.body.get("reason"), str)]
    return str(max(told, key=lambda a: (a.happened_at, a.activity_id)).body["reason"]) if told else ""


_UNREACHABLE: Final = {
    "no_connection": mark(
        "The branch cannot be reached. What is recorded is kept and will be sent when there is a connection."
    ),
    "timeout": mark(
        "The branch did not answer in time. What is recorded is kept; try again where the signal is better."
    ),
    "not_the_branch": mark(
        "Something other than the branch answered, perhaps the sign-in page of a Wi-Fi network. Sign in there or switch the Wi-Fi off, check the address, and try again. Nothing is lost."
    ),
    "cut": mark("The answer of the branch was cut off on the way. Nothing is lost; try again."),
}
_REFUSED: Final = {
    "code_invalid": mark(
        "The code is wrong, used up or too old, or belongs to another officer. Ask the branch for a new one."
    ),
    "rebind": mark(
        "The branch does not know this phone any more. Ask for a new code and bind it again under Me; everything recorded is kept."
    ),
    "device_revoked": mark(
        "The branch has switched this phone off. Everything recorded is kept; ask your supervisor."
    ),
    "too_many_failures": mark("Too many wrong codes at this branch. Wait a few minutes, then try again."),
    "device_of_another_officer": mark(
        "This data folder is bound to another officer. Use a data folder of your own."
    ),
    "resend_from": mark(
        "The branch has other records of this phone in the place of these: the data folder was copied or put back from a backup. Nothing is lost and nothing was removed; ask the branch, and do not delete the app."
    ),
    "too_many_handins": mark(
        "Too many sealed notebooks were handed in at this branch within the hour. Nothing is lost; try again later."
    ),
    "busy": mark("The branch is busy. Nothing is lost; try again in a minute."),
    "app_too_old": mark(
        "This app is too old for the branch to send to. What you recorded was handed in; please update the app."
    ),
}


_FILE_REFUSED: Final = {
    0: Message("A photo on this phone cannot be read any more. Its record was sent; see the doctor."),
    413: Message(
        "The branch does not take a file of this size. The record itself was sent; tell the branch."
    ),
    460: Message(
        "The branch does not take a photo: it is not the one its record names. The record itself was sent; tell the branch."
    ),
}


def as_notebook_error(e: WireError) -> NotebookError:
    """What kept a call to the branch from succeeding, as an officer is told it."""
    return _refused(e) if isinstance(e, Refused) else _unreachable(e)


def _unreachable(e: WireError) -> NoConnection:
    why = e.why if isinstance(e, Unreachable) else "cut"
    return NoConnection(Message(_UNREACHABLE.get(why, _UNREACHABLE["no_connection"])))


def _refused(e: Refused) -> BranchRefused:
    text = _REFUSED.get(e.code)
    if text is not None:
        return BranchRefused(Message(text))
    return BranchRefused(
        Message(
            "The branch answered: {code} ({status}). Nothing is lost; try again later or ask the branch.",
            {"code": e.code, "status": e.status},
        )
    )
