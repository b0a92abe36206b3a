"""What an officer can do, one method a verb. Screens and commands talk to this alone.

Everything shown is derived from the book (cases, figures, activities, settings) and the day; the ports are
declared in app.ports, and bootstrap puts the parts behind them together.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from app import VERSION
from app.domain.amounts import Estimate, estimate
from app.domain.gate import Hindrance
from app.domain.message import Message
from app.domain.plan import DayPlan
from app.domain.procedure import ProcedureError, procedures_from
from app.domain.promise_book import PromiseBook, promise_book
from app.domain.promises import PromiseView, judge
from app.domain.records import Case, Position
from app.domain.rules import Rules
from app.domain.search import matches
from app.held import PIN_DAYS, Held, zone_of
from app.ports import (
    BranchRefused,
    Clock,
    NotebookError,
    Ports,
    SealedJournal,
    Sealer,
)
from app.refusals import as_notebook_error, file_trouble
from app.showing import case_view, files_listed, notice_draft, rebuilt, row, sync_state, timeline_entry
from app.views import CaseView, Draft, NewActivity, NoticeDraft, Row, SyncState, TimelineEntry
from app.writing import check_size, write
from sync.engine import APP_TOO_OLD, Branch, Engine, OnProgress, SyncReport
from sync.protocol import EnrolRequest, Refused, WireError

PINS_MOST: Final = 5


class Notebook:
    """The officer's notebook over one data folder. `state` is unbound, locked, binding or open."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._held: Held | None = None
        self._opening = asyncio.Lock()
        self._syncing = asyncio.Lock()
        self._handed_in: SealedJournal | None = None

    # ---- opening

    @property
    def state(self) -> str:
        """`unbound` (no PIN yet), `locked`, `binding` (PIN set, the branch has not answered yet) or `open`."""
        if self._held is None:
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
        if self._held is not None:
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
            if self._held is None:
                await self._open(await self._ports.keys.create(pin, hello.recovery_key))
            await self._enrol(branch, address, officer_id, code)
        except WireError as e:
            if isinstance(e, Refused):
                await self._take_back()
            raise as_notebook_error(e) from e
        finally:
            await branch.close()

    async def _enrol(self, branch: Branch, address: str, officer_id: str, code: str) -> None:
        held = self._opened()
        if held.binding.get("bound") and held.officer_id.casefold() != officer_id.casefold():
            raise BranchRefused(
                Message(
                    "This notebook belongs to officer {officer}; another officer needs a data folder of their own.",
                    {"officer": held.officer_id},
                )
            )
        pending = {**held.binding, "server": address, "officer_id": officer_id}
        pending.setdefault("secret", secrets.token_hex(32))
        pending.setdefault("bound", False)
        if not pending["bound"]:  # a bound notebook keeps its address until the branch has said yes
            await held.keep_binding(pending)
        answer = await branch.enrol(
            EnrolRequest(
                code=code,
                officer_id=officer_id,
                device_id=held.store.device_id,
                device_secret=pending["secret"],
                device_name=self._ports.device_name,
                platform=self._ports.platform,
                app=VERSION,
            )
        )
        await held.keep_binding(
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

    async def _take_back(self) -> None:
        """The branch said no to a notebook that was never bound: the next try starts from nothing."""
        held = self._held
        if held is not None and not held.binding.get("bound") and not held.entries:
            await self.lock()
            await self._ports.discard()

    async def unlock(self, pin: str) -> None:
        """Open keys and store, and read the book. Raises WrongPin, PinLocked, Busy."""
        await self._open(await self._ports.keys.unlock(pin))

    async def check_pin(self, pin: str) -> None:
        """A second page of an already open notebook proves its officer. Raises WrongPin, PinLocked."""
        await self._ports.keys.unlock(pin)

    async def _open(self, sealer: Sealer) -> None:
        """Open once it is read whole; a second page that comes in between waits for it."""
        async with self._opening:
            if self._held is not None:
                return
            held = Held(self._ports, await self._ports.open_store(sealer))
            try:
                await held.read()
            except BaseException:
                await held.close()
                self._ports.release()
                raise
            self._held = held

    async def lock(self) -> None:
        """Forget the keys and everything read with them; an opening under way comes to its end first."""
        async with self._opening:
            held, self._held = self._held, None
            if held is not None:
                await held.close()
            self._ports.release()

    def _opened(self) -> Held:
        if self._held is None:
            raise NotebookError(Message("The notebook is locked. Enter the PIN first."))
        return self._held

    @property
    def _binding(self) -> dict[str, Any]:
        return self._held.binding if self._held is not None else {}

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
        if self._held is not None or self._handed_in != await self._ports.salvage():
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
        return self._opened().store.device_id

    @property
    def server(self) -> str:
        """The branch server's address; before the first binding the one this page came from, if any."""
        return str(self._binding.get("server") or self._ports.home)

    @property
    def zone(self) -> ZoneInfo:
        """The branch's zone: it decides what day it is."""
        return zone_of(self._binding)

    def now(self) -> datetime:
        """Now, in the branch's zone."""
        return self._ports.clock.now().astimezone(self.zone)

    def today_date(self) -> date:
        """The day it is in the branch's zone."""
        return self.now().date()

    # ---- looking

    async def today(self, on: date | None = None, here: Position | None = None) -> DayPlan:
        """The plan of a day; for a past one records of later days are ignored."""
        held = self._opened()
        return held.plan(on or held.today_date(), here)

    async def customers(self, here: Position | None = None) -> list[Row]:
        """All cases, in the plan's order; those without a step behind."""
        held = self._opened()
        rank = {case_id: n for n, case_id in enumerate(held.plan(held.today_date(), here).order)}
        rows = [row(held, f, rank.get(f.case.case_id, len(rank)), here) for f in held.book.files()]
        return sorted(rows, key=lambda r: (r.rank, r.case_id))

    async def search(self, query: str, here: Position | None = None) -> list[Row]:
        """Cases by name, pinyin initials, phone tail, village or contract number."""
        rows = await self.customers(here)
        if not query.strip():
            return rows
        book, initials = self._opened().book, self._ports.initials
        return [r for r in rows if matches(book.file(r.case_id).case, query, initials)]

    def case_id_of(self, key: str) -> str:
        """The case_id behind a contract number; anything else comes back as it is."""
        found = self._held.book.find(key) if self._held is not None else None
        return found.case.case_id if found else key

    async def case(self, key: str, on: date | None = None, here: Position | None = None) -> CaseView:
        """One case by case_id or contract number. Raises NotebookError when there is none."""
        held = self._opened()
        found = held.book.find(key)
        if found is None:
            raise NotebookError(Message("There is no case {key} in this notebook.", {"key": key}))
        drafts = tuple(d.kind for d in await self.drafts() if d.case_id == found.case.case_id)
        return case_view(held, found, on or held.today_date(), here, drafts)

    async def promises(self) -> list[tuple[Case, PromiseView]]:
        """All promises, by the day they are due."""
        return list((await self.promise_book()).rows)

    async def promise_book(self) -> PromiseBook:
        """All promises by day and state, with what they sum up to."""
        held = self._opened()
        day = held.today_date()
        found = ((f.case, p) for f in held.book.files() if f.activities for p in judge(f, day, held.zone))
        return promise_book(found, held.rules().calendar, day)

    async def notice(self, case_id: str, addressee: str) -> NoticeDraft:
        """The notice to `addressee` as of today, filled in. Raises NotebookError where the case has no procedure."""
        held = self._opened()
        return notice_draft(held, held.book.file(held.known(case_id).case_id), addressee)

    async def estimate(self, case_id: str, on: date) -> Estimate | None:
        """What will be owed on a day: an estimate, 以柜面为准. None without figures."""
        held = self._opened()
        file = held.book.file(held.known(case_id).case_id)
        return estimate(file.case, file.figures, on)

    def is_working_day(self, on: date) -> bool:
        """Whether the branch works on that day."""
        rules = self._held.rules() if self._held is not None else Rules()
        return rules.calendar.is_working_day(on)

    # ---- 攻坚

    async def pin(self, case_id: str) -> None:
        """Three days of concentrated work on a case, today the first. Raises NotebookError when five are pinned."""
        held = self._opened()
        today = held.today_date()
        pins = {c: until for c, until in held.pins.items() if until >= today}
        if case_id not in pins and len(pins) >= PINS_MOST:
            raise NotebookError(
                Message("Five cases are pinned already. Let one go first: concentration is the point.")
            )
        pins[held.known(case_id).case_id] = today + PIN_DAYS
        await held.keep_pins(pins)

    async def unpin(self, case_id: str) -> None:
        """Let it go."""
        held = self._opened()
        await held.keep_pins({c: until for c, until in held.pins.items() if c != case_id})

    # ---- the gate

    def hindrances(self, new: Sequence[NewActivity]) -> tuple[Hindrance, ...]:
        """What stands against recording these together, each rule once; the blocking ones first (app.domain.gate)."""
        return self._opened().hindrances(new)

    def may_contact(
        self, case_id: str, party: str, number: str = "", kind: str = "call"
    ) -> tuple[Hindrance, ...]:
        """The same before dialling or going, when nothing is known of how it will end."""
        body = {"party": party, **({"number": number} if number else {})}
        return self.hindrances([NewActivity(case_id, kind, body)])

    # ---- writing

    async def record(self, new: Sequence[NewActivity], draft_id: str | None = None) -> list[str]:
        """Save activities together; returns their ids once they are durable, and drops the draft.

        Raises InvalidRecord or Hindered (nothing of the batch is saved) or NotSaved. An `override` goes into the record
        only where a rule stands against it.
        """
        held = self._opened()
        saved = await write(held, new, draft_id)
        for kept in saved:
            held.take_in(kept)
        return [e.activity_id for e in saved]

    async def blob(self, activity_id: str, sha256: str) -> bytes | None:
        """A file of an own activity by its hash; None where this phone has none."""
        held = self._opened()
        for place, blob in enumerate(files_listed(held.own.get(activity_id))):
            if blob.get("sha256") == sha256:
                return await held.store.blob(activity_id, place)
        return None

    async def file(self, activity_id: str, sha256: str) -> bytes:
        """A file of any activity of a held case: from this phone, or from the branch. Raises NoConnection, BranchRefused."""
        kept = await self.blob(activity_id, sha256)
        if kept is not None:
            return kept
        branch = self._ports.connect(self.server, self._binding.get("secret", ""))
        try:
            return await branch.file(activity_id, sha256)
        except WireError as e:
            if isinstance(e, Refused) and e.status == 404:  # nobody has it, or not for us
                raise BranchRefused(
                    Message(
                        "The branch does not have this file yet. It comes when the phone that took it has sent it."
                    )
                ) from e
            raise as_notebook_error(e) from e
        finally:
            await branch.close()

    async def keep_draft_file(self, draft_id: str, name: str, content: bytes) -> None:
        """A photo of a form not yet saved; durable when it returns. Raises NotSaved, InvalidRecord (over 8 MiB)."""
        check_size(content)
        await self._opened().store.save_draft_file(draft_id, name, content)

    async def draft_file(self, draft_id: str, name: str) -> bytes | None:
        """That photo; None where there is none."""
        return await self._opened().store.draft_file(draft_id, name)

    async def drop_draft_file(self, draft_id: str, name: str) -> None:
        """The officer took the photo out again."""
        await self._opened().store.drop_draft_file(draft_id, name)

    async def save_draft(self, draft: Draft) -> None:
        """Keep a form as it stands; durable when it returns."""
        body = {"case_id": draft.case_id, "kind": draft.kind, "form": draft.form}
        await self._opened().store.save_draft(draft.draft_id, json.dumps(body, ensure_ascii=False).encode())

    async def drafts(self) -> list[Draft]:
        """All unsaved forms, oldest first."""
        return [
            Draft(draft_id, kept["case_id"], kept["kind"], kept["form"])
            for draft_id, kept in ((i, json.loads(body)) for i, body in await self._opened().store.drafts())
        ]

    async def draft(self, case_id: str, kind: str) -> Draft | None:
        """The unsaved form of that kind for that case, if any."""
        return next((d for d in await self.drafts() if (d.case_id, d.kind) == (case_id, kind)), None)

    async def drop_draft(self, draft_id: str) -> None:
        """The officer threw it away."""
        await self._opened().store.drop_draft(draft_id)

    # ---- the branch

    async def sync(self, progress: OnProgress | None = None) -> SyncReport:
        """One attempt. Raises NoConnection or BranchRefused; what was done stays done."""
        held = self._opened()
        async with self._syncing:
            branch = self._ports.connect(self.server, held.binding.get("secret", ""))
            engine = Engine(branch, held.store, _EngineClock(self._ports.clock))
            try:
                report = await self._text(held, engine, progress)
                await self._heed_recovery_key(held, branch)
                return await self._files(held, engine, report, progress)
            except BranchRefused as e:
                if isinstance(e.__cause__, Refused) and e.__cause__.code == APP_TOO_OLD:
                    await self._files(held, engine, SyncReport(), progress)
                raise
            finally:
                await branch.close()

    async def _text(self, held: Held, engine: Engine, progress: OnProgress | None) -> SyncReport:
        """Push and pull. What changed is in the book, and how it ended is kept, before the first photo goes."""
        try:
            report = await engine.text(progress)
        except WireError as e:
            error = as_notebook_error(e)
            await self._note_sync(error=error.message)
            raise error from e
        finally:
            if self._held is held:
                await held.read_changed(engine)
        await self._note_sync(error=None, at=self.now().isoformat())
        held.to_mend = False
        return report

    async def _files(
        self, held: Held, engine: Engine, text: SyncReport, progress: OnProgress | None
    ) -> SyncReport:
        """Photos and signatures, after the text; one that fails is told and fails nothing else."""
        try:
            files = await engine.files(progress)
        finally:
            if self._held is held:
                await held.read_changed(engine)
                held.sent = await held.store.files_sent()
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
        return file_trouble(report.files_trouble)

    async def _heed_recovery_key(self, held: Held, branch: Branch) -> None:
        """Once an opening, after a sync proved the branch: its new recovery key gets the data key as well."""
        if self._ports.wrap_anew is None or held.recovery_asked:
            return
        try:
            said = await branch.hello()
        except WireError:
            return  # asked again with the next sync; this one's records are through
        await self._ports.wrap_anew(said.recovery_key)
        held.recovery_asked = True

    async def _note_sync(self, *, at: str = "", **errors: Message | None) -> None:
        """Remember how the last attempt ended; an unbound message is kept as its English text and parameters."""
        store = self._opened().store
        kept = json.loads(await store.get("sync") or b"{}")
        for name, error in errors.items():
            kept[name] = {"text": error.text, "params": dict(error.params)} if error else None
        if at:
            kept["at"] = at
        await store.put("sync", json.dumps(kept, ensure_ascii=False).encode())

    async def sync_state(self) -> SyncState:
        """Counts and the last result."""
        return await sync_state(self._opened())

    async def journal(self) -> list[TimelineEntry]:
        """This phone's own records, newest first, with their states."""
        held = self._opened()
        newest_first = sorted(held.entries.values(), key=lambda e: e.seq, reverse=True)
        return [
            timeline_entry(held, held.own[e.activity_id]) for e in newest_first if e.activity_id in held.own
        ]

    async def preference(self, name: str, default: str = "") -> str:
        """A setting of this phone: language, theme, text_size."""
        kept = await self._opened().store.get(f"preference.{name}")
        return kept.decode() if kept is not None else default

    async def set_preference(self, name: str, value: str) -> None:
        """Keep it."""
        await self._opened().store.put(f"preference.{name}", value.encode())

    def look(self) -> Mapping[str, str]:
        """How the screens were last shown on this phone (language, theme, text_size), also before the PIN: kept outside
        the sealed store, so whatever stands there may have been written by anybody.
        """
        return self._ports.look.read() if self._ports.look is not None else {}

    async def keep_look(self, look: Mapping[str, str]) -> None:
        """Keep it for the next start; never fails."""
        if self._ports.look is not None:
            await self._ports.look.keep(look)

    async def doctor(self) -> list[Message]:
        """What is wrong; empty when sound."""
        held = self._opened()
        found = await held.store.doctor()
        if held.book.unreadable:
            found.append(
                Message(
                    "{n} documents from the branch cannot be read. Please tell the branch.",
                    {"n": len(held.book.unreadable)},
                )
            )
        try:
            procedures_from(held.book.settings.get("procedures"), self._ports.procedures)
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
        return self._held is not None and self._held.to_mend

    def rebuilt(self) -> Message | None:
        """That the file was damaged and was made anew, with what was kept; None if it never was."""
        return rebuilt(self._held) if self._held is not None else None

    def weakness(self) -> Message | None:
        """What protects this phone's data less than it should."""
        return self._ports.keys.weakness()


class _EngineClock:
    """The phone's clocks as the engine counts them: in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wall_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def monotonic_ms(self) -> int:
        return self._clock.monotonic_ms()
