"""One sync: push, then pull. Knows neither loans nor HTTP nor SQLite: it speaks to two ports.

Any step may be cut at any byte and repeated: the branch drops what it has, the phone applies a page and its
cursor together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync.protocol import (
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
