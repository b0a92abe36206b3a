"""The phone's store: one lock, one connection, one file, and the spool beside it."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlite_utils import Database

from app.domain.message import Message
from app.ports import Blob, Clock, Entry, NotSaved, SealBroken, Sealer
from app.store.blobs import Blobs
from app.store.doctor import examine
from app.store.draft_files import DraftFiles
from app.store.drafts import Drafts
from app.store.feed import Feed, case_of
from app.store.journal import WAITING, Journal, Sealed, to_spool
from app.store.mark import Mark
from app.store.rebuilding import ACKNOWLEDGED, BINDING, DEVICE, GAPS, REBUILT
from app.store.schema import schema_version
from app.store.shelved_spool import ShelvedSpool
from app.store.spool import Spool
from app.store.trouble import damaged, saving
from app.store.uploads import SENT, Uploads
from app.store.uploads import WAITING as NOT_SENT
from app.store.values import SealedValue, Values
from sync.nesting import read_json
from sync.protocol import Check, Document, Head, Item, Page, PushResult, Run, WaitingFile

OFFSET: Final = "store.offset"
OWN_NAMES: Final = "store."
SEQ_MOST: Final = 2**53

_log = logging.getLogger(__name__)


class SealedStore:
    """Implements app.ports.Store. Made by `open_store`.

    Every call takes the lock; what is written is sealed before the transaction begins, so that a transaction
    never waits for anything but the disk.
    """

    def __init__(
        self,
        db: Database,
        sealer: Sealer,
        spool: Spool | ShelvedSpool,
        clock: Clock,
        journal: Journal,
        released: Callable[[], None],
        mark: Mark,
        settle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._db = db
        self._sealer = sealer
        self._spool = spool
        self._clock = clock
        self._device_id = journal.device_id
        self._released = released
        self._mark = mark
        self._settle = settle
        self._lock = asyncio.Lock()
        self._values = Values(db, sealer)
        self._drafts = Drafts(db, sealer)
        self._draft_files = DraftFiles(db, sealer)
        self._blobs = Blobs(db, sealer)
        self._uploads = Uploads(db, sealer)
        self._journal = journal
        self._feed = Feed(db, sealer, self._values)
        self._closed = False

    async def load(self) -> None:
        """Read what is kept in memory. Raises SealBroken, StoreDamaged."""
        await self._feed.load()
        await self._journal.head()
        await self._heed_mark()

    async def _heed_mark(self) -> None:
        """A file that fell back behind its own mark (a journal file lost) takes the branch's head from there."""
        kept = self._mark.values.get(ACKNOWLEDGED)
        same = self._mark.values.get(DEVICE) == self._device_id.encode()
        if kept is not None and same:
            head = Head.from_wire(json.loads(kept))
            if head.seq > (await self._acknowledged()).seq:
                value = await self._sealed_head(head)
                with saving(), self._db.atomic():
                    self._values.write(value)
        await self._keep_mark()

    async def _keep_mark(self) -> None:
        """The second copy of what makes this the same phone. Raises NotSaved."""
        values = {DEVICE: self._device_id.encode()}
        for name in (ACKNOWLEDGED, BINDING):
            kept = await self._value(name)
            if kept is not None:
                values[name] = kept
        with saving():
            await self._mark.keep(values)

    @property
    def device_id(self) -> str:
        """The UUID of this database file."""
        return self._device_id

    # ---- the phone's own records

    async def append(
        self, make: Callable[[Head], Sequence[Item]], drafts: Sequence[str] = (), blobs: Sequence[Blob] = ()
    ) -> list[Entry]:
        """Append records with their files in one durable transaction that also deletes their drafts.

        A second save of what is saved already (a double tap, a retry) gives the first one's records. Raises
        NotSaved: journal, drafts and spool are as before.
        """
        async with self._lock:
            head = await self._chain_head()
            items = list(make(head))
            saved = await self._journal.by_id([i.id for i in items])
            if saved:
                return await self._saved_already(items, saved, drafts)
            rows = await self._journal.seal_new(head, items)
            files = await self._blobs.seal(blobs)
            if files:
                with saving(), self._db.atomic():
                    self._blobs.insert(files)
            mark = self._spool.mark()
            try:
                with saving(), self._changing_journal(), self._db.atomic():
                    self._journal.insert(rows)
                    for draft_id in drafts:
                        self._drafts.delete(draft_id)
                    await self._spool.append([to_spool(r, tuple(drafts)) for r in rows])
            except BaseException:
                self._spool.cut_back(mark)
                self._write_over_the_undone()
                raise
            return [Entry(r.activity_id, r.seq, r.state, i.record) for r, i in zip(rows, items, strict=True)]

    def _write_over_the_undone(self) -> None:
        """A commit whose flush failed lies whole in the write-ahead log: the next opening would take it for done, after
        the officer was told that it is not. What is written next takes its place; it is not flushed, which just failed.
        """
        try:
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute(f"PRAGMA user_version = {schema_version(self._db)}")
        except sqlite3.Error as e:  # a disk that takes nothing at all; the save itself was refused already
            _log.info("journal not written over: %s", getattr(e, "sqlite_errorname", ""))
        finally:
            self._db.execute("PRAGMA synchronous = FULL")

    async def _saved_already(
        self, items: list[Item], saved: list[Entry], drafts: Sequence[str]
    ) -> list[Entry]:
        if len(saved) < len({i.id for i in items}):
            raise NotSaved(
                Message(
                    "A part of this was saved before. Look at the case's timeline and save what is missing anew."
                )
            )
        with saving(), self._db.atomic():
            for draft_id in drafts:
                self._drafts.delete(draft_id)
        return saved

    @contextmanager
    def _changing_journal(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._journal.forget_head()

    async def blob(self, activity_id: str, place: int) -> bytes | None:
        """A file of an own activity; None where there is none. Raises StoreDamaged."""
        async with self._lock:
            try:
                return await self._blobs.get(activity_id, place)
            except SealBroken as e:
                raise damaged() from e

    async def journal(self) -> list[Entry]:
        """All records of this phone, by sequence number."""
        async with self._lock:
            return await self._journal.all()

    async def head(self) -> Head:
        """Where the next record follows: this device's newest record, or the branch's head where that is further."""
        async with self._lock:
            return await self._chain_head()

    async def _chain_head(self) -> Head:
        """A file put back from a backup is behind what the branch has of it: its next record follows those."""
        mine, theirs = await self._journal.head(), await self._acknowledged()
        return theirs if theirs.seq > mine.seq else mine

    async def acknowledged(self) -> Head:
        """The branch's head as it last answered; Head() before."""
        async with self._lock:
            return await self._acknowledged()

    async def _acknowledged(self) -> Head:
        kept = await self._value(ACKNOWLEDGED)
        return Head.from_wire(json.loads(kept)) if kept is not None else Head()

    async def records_after(self, seq: int, max_items: int, max_bytes: int) -> Run:
        """The journal's first records above `seq`, up to a gap, acknowledged or not."""
        async with self._lock:
            return await self._journal.after(seq, max_items, max_bytes)

    async def lacks(self, activity_ids: Sequence[str]) -> bool:
        """Whether any of these own activities is not in the journal here."""
        async with self._lock:
            return self._journal.lacks(activity_ids)

    async def acknowledge(self, head: Head, results: Sequence[PushResult]) -> None:
        """Store what became of pushed records and the branch's head.

        Not flushed: of what is lost with the power the branch answers again `duplicate`.
        """
        async with self._lock:
            rows = await self._journal.judged(results)
            value = await self._sealed_head(head)
            with saving(), self._not_flushed(), self._db.atomic():
                self._journal.update(rows)
                self._values.write(value)
            await self._purge()

    async def roll_back_acknowledged(self, head: Head) -> None:
        """The branch was restored: everything after `head` waits again, in the spool too."""
        async with self._lock:
            rows = await self._journal.waiting_again(head.seq)
            value = await self._sealed_head(head)
            mark = self._spool.mark()
            spooled = {r.activity_id for r in self._spool.records}
            try:
                with saving(), self._db.atomic():
                    self._journal.update(rows)
                    self._values.write(value)
                    await self._spool.append([to_spool(r) for r in rows if r.activity_id not in spooled])
            except BaseException:
                self._spool.cut_back(mark)
                raise
            await self._keep_mark()

    async def declare_lost(self, wanted: int) -> tuple[int, int] | None:
        """The branch wants a record that is nowhere any more: first and last number of those that are gone, once
        what follows them begins a chain anew; None where there is no gap.
        """
        async with self._lock:
            rows = self._journal.run_from(wanted)
            if not rows or rows[0].seq == wanted or any(r.state != WAITING for r in rows):
                return None
            lost = (wanted, rows[0].seq - 1)
            again = await self._journal.rechained(rows)
            known = await self._gaps()
            value = await self._values.seal(GAPS, json.dumps([*known, lost]).encode())
            mark = self._spool.mark()
            try:
                with saving(), self._changing_journal(), self._db.atomic():
                    self._journal.update(again)
                    self._values.write(value)
                    await self._spool.append([to_spool(r) for r in again])
            except BaseException:
                self._spool.cut_back(mark)
                raise
            return lost

    async def _gaps(self) -> list[tuple[int, int]]:
        """Numbers that a rebuilding did not find again: they are with the branch, or declared lost."""
        kept = await self._value(GAPS)
        return [(first, last) for first, last in json.loads(kept)] if kept is not None else []

    async def rebuilt(self) -> tuple[datetime, int] | None:
        """When this notebook was last made anew from a damaged one, and how many records waited; None if never."""
        async with self._lock:
            kept = await self._value(REBUILT)
        if kept is None:
            return None
        at, waiting, _ = json.loads(kept)
        return datetime.fromisoformat(at), waiting

    async def _sealed_head(self, head: Head) -> SealedValue:
        return await self._values.seal(ACKNOWLEDGED, json.dumps(head.to_wire()).encode())

    async def tidy(self) -> None:
        """Empty the spool of what the branch has acknowledged; what waits, and what this database does not know, stays.
        Left as it is where the disk refuses: too much in the spool harms nothing.

        The spool is the way back from a database whose write-ahead log is spoiled, so what it gives up has to be in
        the file itself and the mark first.
        """
        async with self._lock:
            states = self._journal.states([r.activity_id for r in self._spool.records])
            keep = [r for r in self._spool.records if states.get(r.activity_id, WAITING) == WAITING]
            if len(keep) == len(self._spool.records):
                return
            try:
                with saving():
                    busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:
                    return
                await self._keep_mark()
                if self._settle is not None:
                    await self._settle()
                await self._spool.keep(keep)
            except (OSError, NotSaved) as e:
                _log.warning("spool not emptied: %s", type(e).__name__)

    # ---- files on their way to the branch

    async def files_waiting(self) -> Sequence[WaitingFile]:
        """Files of acknowledged records that the branch does not have whole, in the journal's order."""
        async with self._lock:
            return await self._uploads.waiting()

    async def file_bytes(self, file: WaitingFile) -> bytes | None:
        """The file itself; None where it does not open any more (the doctor names it)."""
        async with self._lock:
            try:
                return await self._blobs.get(file.activity_id, file.place)
            except SealBroken:
                return None

    async def note_upload(self, file: WaitingFile) -> None:
        """Keep where its upload is and how far."""
        await self._keep_upload(file, NOT_SENT)

    async def file_sent(self, file: WaitingFile) -> None:
        """The branch has it whole; it stays here with its record."""
        await self._keep_upload(file, SENT)

    async def _keep_upload(self, file: WaitingFile, state: str) -> None:
        async with self._lock:
            row = await self._uploads.seal(file, state)
            with saving(), self._db.atomic():
                self._uploads.write(row)
            if state == SENT:
                await self._purge()

    async def offer_files_again(self) -> None:
        """The branch may lack files it had: all of them wait again."""
        async with self._lock:
            with saving(), self._db.atomic():
                self._uploads.forget()

    async def files_sent(self) -> set[tuple[str, int]]:
        """Activity and place of the files the branch has whole."""
        async with self._lock:
            return set(self._uploads.sent())

    # ---- the feed

    async def cursor(self) -> str:
        """Where the next pull starts; empty for a new start."""
        async with self._lock:
            return self._feed.state.cursor

    async def check(self) -> Check:
        """Count and sum over the documents of the feed held here."""
        async with self._lock:
            return self._feed.state.check

    async def start_anew(self) -> None:
        """Forget the cursor; the documents stay until a new snapshot is whole."""
        async with self._lock:
            await self._feed.start_anew()

    async def apply(self, page: Page) -> None:
        """A page and its cursor in one transaction; what a finished snapshot did not show is removed."""
        async with self._lock:
            goes = page.removed or (not page.more and (page.snapshot or self._feed.state.in_snapshot))
            back = await self._own_come_back(page)
            with self._changing_journal():
                await self._feed.apply(
                    page,
                    await self._waiting_cases() if goes else set(),
                    also=lambda: self._journal.put_in(back),
                )

    async def _own_come_back(self, page: Page) -> list[Sealed]:
        """Own records that this phone lacks and the branch sent along, for their places in the journal."""
        found: list[tuple[str, int, bytes]] = []
        for d in page.docs:
            if d.kind == "activity" and d.body is not None and (seq := self._own_place(d.body)):
                found.append((d.id, seq, d.body))
        if not found:
            return []
        known = self._journal.states([i for i, _, _ in found])
        return await self._journal.come_back([f for f in found if f[0] not in known])

    def _own_place(self, record: bytes) -> int | None:
        """The record's sequence number, where it is this device's own."""
        if self._device_id.encode() not in record:
            return None
        try:
            value = read_json(record)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict) or value.get("device_id") != self._device_id:
            return None
        seq = value.get("device_seq")
        return seq if type(seq) is int and 0 < seq <= SEQ_MOST else None

    async def documents(self, keys: Sequence[tuple[str, str]] | None = None) -> list[Document]:
        """The feed's visible documents with their bytes (own activities excepted: `body` None)."""
        async with self._lock:
            return await self._feed.documents(keys)

    async def _waiting_cases(self) -> set[str]:
        """The cases of which a record, a file or a draft waits."""
        bodies = [e.record for e in await self._journal.waiting()]
        unsent = list(dict.fromkeys(f.activity_id for f in await self._uploads.waiting()))
        bodies += [e.record for e in await self._journal.by_id(unsent)]
        bodies += [body for _, body in await self._drafts.all()]
        return {case_id for body in bodies if (case_id := case_of(body)) is not None}

    async def _purge(self) -> None:
        if self._feed.has_hidden():
            await self._feed.purge(await self._waiting_cases())

    # ---- drafts and values

    async def save_draft(self, draft_id: str, body: bytes) -> None:
        """Durable when it returns."""
        async with self._lock:
            await self._drafts.save(draft_id, body)

    async def drafts(self) -> list[tuple[str, bytes]]:
        """All drafts, oldest first."""
        async with self._lock:
            return await self._drafts.all()

    async def drop_draft(self, draft_id: str) -> None:
        """Forget a draft."""
        async with self._lock:
            with saving(), self._db.atomic():
                self._drafts.delete(draft_id)
                self._blobs.drop_unsaved(draft_id)
            await self._purge()

    async def save_draft_file(self, draft_id: str, name: str, content: bytes) -> None:
        """A photo of a form: durable when it returns."""
        async with self._lock:
            await self._draft_files.save(draft_id, name, content)

    async def draft_file(self, draft_id: str, name: str) -> bytes | None:
        """A photo of a form; None where there is none."""
        async with self._lock:
            return await self._draft_files.get(draft_id, name)

    async def drop_draft_file(self, draft_id: str, name: str) -> None:
        """The officer took the photo out again."""
        async with self._lock:
            with saving(), self._db.atomic():
                self._draft_files.drop(draft_id, name)

    async def get(self, name: str) -> bytes | None:
        """A sealed value of the app's own. Raises StoreDamaged."""
        async with self._lock:
            return await self._value(_own(name))

    async def _value(self, name: str) -> bytes | None:
        try:
            return await self._values.get(name)
        except SealBroken as e:
            raise damaged() from e

    async def put(self, name: str, value: bytes | None) -> None:
        """Set or, with None, remove such a value."""
        async with self._lock:
            sealed = await self._values.seal(_own(name), value) if value is not None else None
            with saving(), self._db.atomic():
                if sealed is None:
                    self._values.remove(name)
                else:
                    self._values.write(sealed)
            if name == BINDING:
                await self._keep_mark()

    async def offset(self) -> tuple[int, datetime] | None:
        """The branch's clock minus this phone's in ms, and when that was measured."""
        async with self._lock:
            kept = await self._value(OFFSET)
        if kept is None:
            return None
        offset_ms, at = json.loads(kept)
        return offset_ms, datetime.fromisoformat(at)

    async def note_offset(self, offset_ms: int) -> None:
        """The branch's clock minus this phone's, measured now."""
        value = json.dumps([offset_ms, self._clock.now().isoformat()]).encode()
        async with self._lock:
            sealed = await self._values.seal(OFFSET, value)
            with saving(), self._not_flushed(), self._db.atomic():
                self._values.write(sealed)

    @contextmanager
    def _not_flushed(self) -> Iterator[None]:
        """For what may be lost with the power, as the next sync brings it again. The next save flushes it along."""
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous = FULL")

    # ---- the whole

    async def doctor(self) -> list[Message]:
        """What is wrong with file, chain, check sum and spool; empty when sound."""
        async with self._lock:
            return await examine(
                self._db,
                self._sealer,
                self._journal,
                self._feed,
                (self._drafts, self._values, self._blobs, self._uploads, self._draft_files),
                self._spool,
                await self._excused(),
            )

    async def _excused(self) -> list[tuple[int, int]]:
        """Gaps of the journal that are accounted for once the feed is whole again."""
        if not self._feed.state.cursor or self._feed.state.in_snapshot:
            return []
        head = await self._acknowledged()
        return [(first, last) for first, last in await self._gaps() if last <= head.seq]

    async def close(self) -> None:
        """Release file, spool and folder; again is fine."""
        async with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._db.close()
            finally:
                self._spool.close()
                self._released()


def _own(name: str) -> str:
    """The store's own values are not the app's."""
    if name.startswith(OWN_NAMES):
        raise ValueError(name)
    return name
