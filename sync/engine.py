"""One sync: push, then pull. Knows neither loans nor HTTP nor SQLite: it speaks to two ports.

Any step may be cut at any byte and repeated: the branch drops what it has, the phone applies a page and its
cursor together or not at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from sync.protocol import (
    PUSH_MAX_BYTES,
    PUSH_MAX_ITEMS,
    Check,
    EnrolAnswer,
    EnrolRequest,
    Head,
    Hello,
    Item,
    Page,
    PushAnswer,
    PushRequest,
    PushResult,
    Refused,
    Unreachable,
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

    async def records_after(self, seq: int, max_items: int, max_bytes: int) -> Sequence[Item]:
        """The journal's records with a sequence number above `seq`, in order, acknowledged or not.

        At least one where there is any, even if larger than `max_bytes`.
        """
        ...

    async def acknowledge(self, head: Head, results: Sequence[PushResult]) -> None:
        """Store in one transaction what became of pushed records, and the branch's head."""
        ...

    async def roll_back_acknowledged(self, head: Head) -> None:
        """The branch was restored: everything after `head` waits again."""
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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is: `phase` is push or pull; counts, not percentages; `total` None while unknown."""

    phase: str
    done: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one sync did. `mismatch`: the check sum was wrong even after a new start; `restored`: the branch had lost records and got them again."""

    pushed: int = 0
    quarantined: int = 0
    pulled: int = 0
    removed: int = 0
    started_anew: bool = False
    restored: bool = False
    mismatch: bool = False


OnProgress = Callable[[Progress], None]

SLOW_ROUND_TRIP_MS: Final = 2000

_Answer = TypeVar("_Answer", PushAnswer, Page)


class Clock(Protocol):
    """What the engine needs of the phone's clocks, in milliseconds."""

    def wall_ms(self) -> int:
        """Wall clock since the epoch."""
        ...

    def monotonic_ms(self) -> int:
        """Never goes back while the phone runs."""
        ...


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

    async def sync(self, progress: OnProgress | None = None) -> SyncReport:
        """Push all that waits, then pull to the feed's end.

        Raises Unreachable or Refused; what was acknowledged or applied until then stays.
        """
        tell = progress or (lambda _: None)
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

    async def _push(self, tell: OnProgress) -> SyncReport:
        """The head is declared even with nothing to send, so that no record can later be denied."""
        head = await self._replica.head()
        known = await self._replica.acknowledged()
        at, restored, pushed, quarantined = known.seq, False, 0, 0
        max_items, max_bytes = PUSH_MAX_ITEMS, PUSH_MAX_BYTES
        while True:
            items = await self._replica.records_after(at, max_items, max_bytes)
            tell(Progress("push", pushed, head.seq - known.seq))
            try:
                answer = await self._timed(self._branch.push(PushRequest(head, tuple(items))))
            except Unreachable as e:
                if e.why != "timeout" or len(items) <= 1:
                    raise
                max_items, max_bytes = max(1, len(items) // 2), max(1, max_bytes // 2)
                continue
            except Refused as e:
                wanted = e.extra.get("resend_from")
                if e.code != "resend_from" or type(wanted) is not int or not 1 <= wanted <= at or restored:
                    raise
                at, restored = wanted - 1, wanted - 1 < known.seq
                if restored:
                    self.whole = True
                    await self._replica.roll_back_acknowledged(await self._head_at(at))
                continue
            if [r.id for r in answer.results] != [i.id for i in items]:
                raise Unreachable("not_the_branch")
            if not items and answer.head.seq < known.seq and not restored:
                at, restored = answer.head.seq, True
                self.whole = True
                await self._replica.roll_back_acknowledged(answer.head)
                continue
            await self._replica.acknowledge(answer.head, answer.results)
            self.results.update((r.id, r) for r in answer.results)
            pushed += len(items)
            quarantined += sum(r.quarantined for r in answer.results)
            at = max(answer.head.seq, at + len(items))
            if at >= head.seq or not items:
                tell(Progress("push", pushed, pushed))
                return SyncReport(pushed=pushed, quarantined=quarantined, restored=restored)

    async def _head_at(self, seq: int) -> Head:
        if seq == 0:
            return Head()
        [item] = await self._replica.records_after(seq - 1, 1, 1)
        return Head(seq, record_hash(item.record))

    async def _pull(self, tell: OnProgress, *, anew: bool) -> SyncReport:
        """At most one new start: a second wrong check sum is reported, not looped."""
        pulled = removed = 0
        if anew:
            await self._replica.start_anew()
        while True:
            cursor = await self._replica.cursor()
            try:
                page = await self._page(cursor)
            except Refused as e:
                if e.code != "cursor_expired" or not cursor or anew:
                    raise
                await self._replica.start_anew()
                anew = True
                continue
            if page.more and page.cursor == cursor:
                raise Unreachable("not_the_branch")
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
        """The branch's clock against the midpoint of the round trip, measured on the monotonic clock."""
        start = self._clock.monotonic_ms()
        answer = await call
        end, wall = self._clock.monotonic_ms(), self._clock.wall_ms()
        if end - start <= SLOW_ROUND_TRIP_MS:
            await self._replica.note_offset(answer.time_ms - (wall - (end - start) // 2))
        return answer
