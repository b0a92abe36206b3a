"""One sync: push, pull, files. Knows neither loans nor HTTP nor SQLite: it speaks to two ports.

Any step may be cut at any byte and repeated: the branch drops what it has, the phone applies a page and its
cursor together or not at all.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from sync.protocol import (
    BLOB_CHUNK_BYTES,
    PUSH_MAX_BYTES,
    PUSH_MAX_ITEMS,
    Check,
    EnrolAnswer,
    EnrolRequest,
    HandedIn,
    Head,
    Hello,
    Page,
    PushAnswer,
    PushRequest,
    PushResult,
    Refused,
    Run,
    Unreachable,
    WaitingFile,
    WireError,
    record_hash,
)


class Branch(Protocol):
    """The branch server as the phone sees it. Every call raises WireError when it did not succeed."""

    async def hello(self) -> Hello:
        """What the branch says of itself."""
        ...

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Bind this phone."""
        ...

    async def push(self, request: PushRequest) -> PushAnswer:
        """Hand in records and declare the head."""
        ...

    async def pull(self, cursor: str, *, own: bool = False) -> Page:
        """The next page after `cursor` (empty: from the start); `own` asks for own activities with their bytes."""
        ...

    async def create_upload(self, activity_id: str, sha256: str, size: int) -> str:
        """Begin the upload of a file of `size` bytes; returns its address."""
        ...

    async def upload_offset(self, address: str) -> int:
        """How many bytes of it have arrived."""
        ...

    async def send_chunk(self, address: str, offset: int, chunk: bytes) -> int:
        """Send the bytes from `offset` on; returns how many have arrived."""
        ...

    async def file(self, activity_id: str, sha256: str) -> bytes:
        """A file of an activity of a case of this officer."""
        ...

    async def hand_in(self, content: bytes) -> HandedIn:
        """Hand in a sealed journal; it needs no token."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


class Replica(Protocol):
    """The phone's store as the sync sees it."""

    async def head(self) -> Head:
        """The newest record of this device's journal."""
        ...

    async def acknowledged(self) -> Head:
        """The branch's head as it last answered; Head() before."""
        ...

    async def records_after(self, seq: int, max_items: int, max_bytes: int) -> Run:
        """The journal's first records with a sequence number above `seq`, up to a gap, acknowledged or not.

        At least one where there is any, even if larger than `max_bytes`.
        """
        ...

    async def acknowledge(self, head: Head, results: Sequence[PushResult]) -> None:
        """Store in one transaction what became of pushed records, and the branch's head."""
        ...

    async def tidy(self) -> None:
        """All that was acknowledged is: what was kept for the case that it would not be may go."""
        ...

    async def roll_back_acknowledged(self, head: Head) -> None:
        """The branch was restored: everything after `head` waits again."""
        ...

    async def declare_lost(self, wanted: int) -> tuple[int, int] | None:
        """The branch wants record `wanted` and it is gone here: the first and last number of the gap it lies in, what
        follows chained anew; None where there is no gap.
        """
        ...

    async def cursor(self) -> str:
        """Where the next pull starts; empty for a new start."""
        ...

    async def lacks(self, activity_ids: Sequence[str]) -> bool:
        """Whether any of these own activities is not in the journal here."""
        ...

    async def apply(self, page: Page) -> None:
        """A page and its cursor in one transaction; what a finished snapshot did not show is removed."""
        ...

    async def check(self) -> Check:
        """Count and sum over the documents of the feed held here."""
        ...

    async def start_anew(self) -> None:
        """Forget the cursor; the documents stay until a new snapshot is whole."""
        ...

    async def note_offset(self, offset_ms: int) -> None:
        """The branch's clock minus this phone's, measured now."""
        ...

    async def files_waiting(self) -> Sequence[WaitingFile]:
        """Files of acknowledged records that the branch does not have whole, in the journal's order."""
        ...

    async def file_bytes(self, file: WaitingFile) -> bytes | None:
        """The file itself; None where it cannot be read any more."""
        ...

    async def note_upload(self, file: WaitingFile) -> None:
        """Keep where its upload is and how far, so that the next sync goes on from there."""
        ...

    async def file_sent(self, file: WaitingFile) -> None:
        """The branch has it whole."""
        ...

    async def offer_files_again(self) -> None:
        """The branch was restored and may lack files it had: all of them wait again."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is: `phase` is push, pull or files; counts, not percentages; `total` None while unknown."""

    phase: str
    done: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one sync did. `mismatch`: the check sum was wrong even after a new start; `restored`: the branch had lost
    records and got them again.

    `files_waiting`: files that could not be sent, `files_trouble` why the last of them could not; the text is through
    all the same.
    """

    pushed: int = 0
    quarantined: int = 0
    pulled: int = 0
    removed: int = 0
    started_anew: bool = False
    restored: bool = False
    mismatch: bool = False
    files_sent: int = 0
    files_waiting: int = 0
    files_trouble: WireError | None = None


OnProgress = Callable[[Progress], None]

SLOW_ROUND_TRIP_MS: Final = 2000
CLOCK_SET_MS: Final = 500  # what two clocks may drift apart within a sync without one having been set
APP_TOO_OLD: Final = "app_too_old"
UPLOAD_GONE: Final = frozenset({403, 404, 410})
FILE_UNREADABLE: Final = "file_unreadable"
CONFLICT: Final = 409
CONFLICTS_MOST: Final = 3
WRONG_FILE: Final = 460
PUSHES_AT_ONCE: Final = 2
"""The branch stores one and the next lies ready; two that lay ready would overtake each other."""
TURNS_TO_SEND: Final = 5
"""Turns of the event loop until a request is out; too few cost nothing but the time gained."""
WHOLE_BRANCH: Final = frozenset({401, 429, 503})
"""What the branch says of this phone or of itself, not of one file."""

_Answer = TypeVar("_Answer", PushAnswer, Page)


class Clock(Protocol):
    """What the engine needs of the phone's clocks, in milliseconds."""

    def wall_ms(self) -> int:
        """Wall clock since the epoch."""
        ...

    def monotonic_ms(self) -> int:
        """Never goes back while the phone runs."""
        ...


class _Going(NamedTuple):
    """A push on its way; `early`: sent before the branch had answered the one before it."""

    run: Run
    call: asyncio.Task[PushAnswer]
    early: bool


class Engine:
    """Brings one replica and the branch to the same state, text first. One attempt; retrying is the caller's.

    What changed here is told even of a sync that broke off: `touched` and `gone` documents, `results` of pushed
    records, and `whole` when documents may have changed that no page named.
    """

    def __init__(self, branch: Branch, replica: Replica, clock: Clock) -> None:
        self._branch = branch
        self._replica = replica
        self._clock = clock
        self.touched: set[tuple[str, str]] = set()
        self.gone: set[tuple[str, str]] = set()
        self.results: dict[str, PushResult] = {}
        self.whole = False
        self._nearest_ms = 2 * SLOW_ROUND_TRIP_MS
        self._wall_ahead_ms = 0  # of the monotonic clock, when a call was last timed

    async def sync(self, progress: OnProgress | None = None) -> SyncReport:
        """Push all that waits, pull to the feed's end, then send files.

        Raises Unreachable or Refused where the text did not get through; what was acknowledged or applied until then
        stays. An app too old to pull has pushed, and sends its files too, before that is raised.
        """
        try:
            text = await self.text(progress)
        except Refused as e:
            if e.code == APP_TOO_OLD:
                await self.files(progress)
            raise
        files = await self.files(progress)
        return replace(
            text,
            pushed=text.pushed + files.pushed,
            quarantined=text.quarantined + files.quarantined,
            files_sent=files.files_sent,
            files_waiting=files.files_waiting,
            files_trouble=files.files_trouble,
        )

    async def text(self, progress: OnProgress | None = None) -> SyncReport:
        """Push all that waits, then pull to the feed's end. Raises Unreachable or Refused."""
        tell = progress or (lambda _: None)
        self._nearest_ms = 2 * SLOW_ROUND_TRIP_MS
        sent = await self._push(tell)
        got = await self._pull(tell, anew=sent.restored)
        return SyncReport(
            pushed=sent.pushed,
            quarantined=sent.quarantined,
            pulled=got.pulled,
            removed=got.removed,
            started_anew=got.started_anew,
            restored=sent.restored,
            mismatch=got.mismatch,
        )

    async def files(self, progress: OnProgress | None = None) -> SyncReport:
        """Send the files that wait. Raises nothing of the wire: one that fails is told and lets the next one go.

        What is recorded meanwhile does not wait for a photo: it is pushed between two pieces of it.
        """
        tell = progress or (lambda _: None)
        waiting = await self._replica.files_waiting()
        report = SyncReport()
        for n, file in enumerate(waiting):
            tell(Progress("files", n, len(waiting)))
            try:
                report = await self._send_file(file, report)
            except Unreachable as e:
                report = replace(report, files_trouble=e)
                break
            except Refused as e:
                report = replace(report, files_trouble=e)
                if e.status in WHOLE_BRANCH:
                    break
        if waiting:
            tell(Progress("files", report.files_sent, len(waiting)))
        return replace(report, files_waiting=len(waiting) - report.files_sent)

    async def _send_file(self, file: WaitingFile, report: SyncReport) -> SyncReport:
        """One file to its end, from where it stands. Raises Unreachable or Refused."""
        content = await self._replica.file_bytes(file)
        if content is None:
            raise Refused(0, FILE_UNREADABLE)
        digest, size = hashlib.sha256(content).hexdigest(), len(content)
        stands: int | None = None  # bytes that have arrived, where the branch has said so
        gone = conflicts = wrong = 0
        while stands is None or stands < size:
            try:
                if not file.address:
                    address = await self._branch.create_upload(file.activity_id, digest, size)
                    file, stands = replace(file, address=address, offset=0), 0
                elif stands is None:
                    stands = await self._branch.upload_offset(file.address)
                else:
                    chunk = content[stands : stands + BLOB_CHUNK_BYTES]
                    stands = await self._branch.send_chunk(file.address, stands, chunk)
            except Refused as e:
                if e.status in UPLOAD_GONE and file.address and not gone:
                    gone, stands, file = 1, None, replace(file, address="", offset=0)
                elif e.status == WRONG_FILE and not wrong:
                    wrong, stands, file = 1, None, replace(file, address="", offset=0)
                elif e.status == CONFLICT and conflicts < CONFLICTS_MOST:
                    conflicts, stands = conflicts + 1, None
                else:
                    if e.status == WRONG_FILE:
                        await self._replica.note_upload(replace(file, address="", offset=0))
                    raise
                continue
            if stands > size:
                raise Unreachable("not_the_branch")
            file = replace(file, offset=stands)
            await self._replica.note_upload(file)
            report = await self._text_first(report)
        await self._replica.file_sent(file)
        return replace(report, files_sent=report.files_sent + 1)

    async def _text_first(self, report: SyncReport) -> SyncReport:
        """Between two pieces of a file: what was recorded meanwhile goes at once."""
        if (await self._replica.head()).seq <= (await self._replica.acknowledged()).seq:
            return report
        sent = await self._push(lambda _: None)
        await self._replica.tidy()
        return replace(
            report, pushed=report.pushed + sent.pushed, quarantined=report.quarantined + sent.quarantined
        )

    async def _push(self, tell: OnProgress) -> SyncReport:
        """The head is declared even with nothing to send, so that no record can later be denied.

        Two pushes are on their way at a time, so that the branch never waits for the phone; where the link is bad, or
        one overtook the other, it is one after the other.
        """
        head = await self._replica.head()
        known = await self._replica.acknowledged()
        at, restored, pushed, quarantined = known.seq, False, 0, 0
        max_items, max_bytes, at_once = PUSH_MAX_ITEMS, PUSH_MAX_BYTES, PUSHES_AT_ONCE
        lost: tuple[int, int] | None = None
        going: list[_Going] = []

        async def fill() -> None:
            while len(going) < (at_once if lost is None else 1):
                after = going[-1].run.last if going else at
                run = await self._replica.records_after(after, max_items, max_bytes)
                if going and not run.items:
                    return
                call = self._timed(self._branch.push(PushRequest(head, run.items, lost)))
                going.append(_Going(run, await _begun(call), early=bool(going)))
                if run.last >= head.seq or not run.items:
                    return

        try:
            while True:
                await fill()
                tell(Progress("push", pushed, head.seq - known.seq))
                run, sent, early = going[0]
                try:
                    answer = await sent
                except Unreachable as e:
                    if e.why != "timeout" or len(run.items) <= 1:
                        raise
                    at_once, max_items, max_bytes = 1, max(1, len(run.items) // 2), max(1, max_bytes // 2)
                    await _given_up(going)
                    continue
                except Refused as e:
                    wanted = e.extra.get("resend_from")
                    if e.code != "resend_from" or type(wanted) is not int or wanted < 1:
                        raise
                    await _given_up(going)
                    if early:  # it may have overtaken the one before it
                        at_once = 1
                        continue
                    if wanted > at or restored:
                        gone = await self._replica.declare_lost(wanted)
                        if gone is None or gone == lost:
                            raise
                        lost, at, self.whole = gone, wanted - 1, True
                        head = await self._replica.head()
                        continue
                    at, restored = wanted - 1, wanted - 1 < known.seq
                    if restored:
                        self.whole = True
                        await self._replica.roll_back_acknowledged(await self._head_at(at))
                        await self._replica.offer_files_again()
                    continue
                if [r.id for r in answer.results] != [i.id for i in run.items]:
                    raise Unreachable("not_the_branch")
                del going[0]
                if not run.items and answer.head.seq < known.seq and not restored:
                    at, restored = answer.head.seq, True
                    self.whole = True
                    await self._replica.roll_back_acknowledged(answer.head)
                    await self._replica.offer_files_again()
                    continue
                lost = None
                if going:
                    await fill()
                await self._replica.acknowledge(_answered(answer.head, run, head), answer.results)
                self.results.update((r.id, r) for r in answer.results)
                pushed += len(run.items)
                quarantined += sum(r.quarantined for r in answer.results)
                at = run.last
                if at >= head.seq or not run.items:
                    tell(Progress("push", pushed, pushed))
                    return SyncReport(pushed=pushed, quarantined=quarantined, restored=restored)
        finally:
            await _given_up(going)

    async def _head_at(self, seq: int) -> Head:
        if seq == 0:
            return Head()
        run = await self._replica.records_after(seq - 1, 1, 1)
        return Head(seq, record_hash(run.items[0].record))

    async def _pull(self, tell: OnProgress, *, anew: bool) -> SyncReport:
        """At most one new start: a second wrong check sum is reported, not looped."""
        pulled = removed = 0
        ahead: asyncio.Task[Page] | None = None
        if anew:
            await self._replica.start_anew()
        try:
            ahead = await _begun(self._page(await self._replica.cursor()))
            await self._replica.tidy()
            while True:
                cursor = await self._replica.cursor()
                try:
                    page = await (ahead if ahead is not None else self._page(cursor))
                except Refused as e:
                    ahead = None
                    if e.code != "cursor_expired" or not cursor or anew:
                        raise
                    await self._replica.start_anew()
                    await self._replica.offer_files_again()  # a new epoch may be a restored branch
                    anew = True
                    continue
                if page.more and page.cursor == cursor:
                    raise Unreachable("not_the_branch")
                ahead = await _begun(self._page(page.cursor)) if page.more else None
                await self._replica.apply(page)
                self._note(page)
                pulled += len(page.docs)
                removed += len(page.removed)
                tell(Progress("pull", pulled))
                if page.more:
                    continue
                sound = page.check is None or page.check == await self._replica.check()
                if sound or anew:
                    return SyncReport(pulled=pulled, removed=removed, started_anew=anew, mismatch=not sound)
                await self._replica.start_anew()
                anew = True
        finally:
            if ahead is not None:
                await _cancelled(ahead)

    def _note(self, page: Page) -> None:
        named, removed = {(d.kind, d.id) for d in page.docs}, set(page.removed)
        self.touched = (self.touched | named) - removed
        self.gone = (self.gone | removed) - named
        self.whole = self.whole or page.snapshot

    async def _page(self, cursor: str) -> Page:
        page = await self._timed(self._branch.pull(cursor))
        own = [d.id for d in page.docs if d.body is None]
        if own and await self._replica.lacks(own):
            page = await self._timed(self._branch.pull(cursor, own=True))
        return page

    async def _timed(self, call: Awaitable[_Answer]) -> _Answer:
        """The branch's clock against the midpoint of the round trip, measured on the monotonic clock. Within a sync a
        later one counts where its round trip is half as long (keeping each would cost a flush of the disk), or where
        the phone's clock was set since.
        """
        start = self._clock.monotonic_ms()
        answer = await call
        end, wall = self._clock.monotonic_ms(), self._clock.wall_ms()
        if abs(wall - end - self._wall_ahead_ms) > CLOCK_SET_MS:
            self._nearest_ms, self._wall_ahead_ms = 2 * SLOW_ROUND_TRIP_MS, wall - end
        if 2 * (end - start) <= self._nearest_ms:
            self._nearest_ms = end - start
            await self._replica.note_offset(answer.time_ms - (wall - (end - start) // 2))
        return answer


def _answered(theirs: Head, run: Run, mine: Head) -> Head:
    """The branch's head as far as it has answered: it may have stored what follows `run` too, of which this phone has not
    heard, and a sync that is cut now has to ask for that.
    """
    if not run.items or run.last >= mine.seq or theirs.seq <= run.last:
        return theirs
    return Head(run.last, record_hash(run.items[-1].record))


async def _begun(call: Coroutine[Any, Any, _Answer]) -> asyncio.Task[_Answer]:
    """The call on its way while its caller writes to the disk, which leaves the loop no turn of its own."""
    task = asyncio.ensure_future(call)
    task.add_done_callback(_looked_at)
    try:
        for _ in range(TURNS_TO_SEND):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        await _cancelled(task)
        raise
    return task


async def _given_up(going: list[_Going]) -> None:
    """None of them is on its way any more; what they held is sent again."""
    while going:
        await _cancelled(going.pop().call)


async def _cancelled(task: asyncio.Task[_Answer]) -> None:
    """What it would have brought is asked for again by the next sync."""
    task.cancel()
    await asyncio.wait([task])


def _looked_at(task: asyncio.Task[_Answer]) -> None:
    """So that nobody is told of the error of a call that nobody waits for any more: a sync was given up in between."""
    if not task.cancelled():
        task.exception()
