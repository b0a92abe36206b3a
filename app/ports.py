"""The ports of the notebook: what it needs of keys, store, branch and clock; with them the errors it speaks in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from app.domain.frozen import frozen
from app.domain.message import Message
from app.domain.procedure import Procedure
from app.errors import (
    BranchRefused,
    Busy,
    Hindered,
    InvalidRecord,
    NoConnection,
    NotebookError,
    NotSaved,
    PinLocked,
    WrongPin,
    is_full,
    no_room_to_open,
)
from sync.engine import Branch, Replica
from sync.protocol import Document, Head, Item

# Whoever has to do with the ports finds their errors here too.
__all__ = (
    "BranchRefused",
    "Busy",
    "Hindered",
    "InvalidRecord",
    "NoConnection",
    "NotSaved",
    "NotebookError",
    "PinLocked",
    "WrongPin",
    "is_full",
    "no_room_to_open",
)

Notice = Literal["away", "back", "online"]
"""What happens to a page: put away, taken up again, or the phone has found a network."""


class Sealer(Protocol):
    """Seals rows with the data key: AES-256-GCM, random 96-bit nonce, `aad` bound to the row. Batches only."""

    async def seal(self, rows: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Seal `(aad, plain)` rows; each result is nonce + ciphertext + tag."""
        ...

    async def open(self, rows: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Open `(aad, sealed)` rows. Raises SealBroken when one was changed, moved or relabelled."""
        ...


class SealBroken(Exception):
    """A sealed row that does not open with this key at this place."""


class Keys(Protocol):
    """The data key of one data folder, wrapped by the PIN and to the branch's recovery key."""

    def exist(self) -> bool:
        """Whether a PIN was ever set here."""
        ...

    async def create(self, pin: str, recovery_key: str) -> Sealer:
        """Make and wrap a new data key. `recovery_key`: PEM public key (RSA 3072)."""
        ...

    async def unlock(self, pin: str) -> Sealer:
        """Raises WrongPin or PinLocked."""
        ...

    def weakness(self) -> Message | None:
        """What is weaker than it should be here (no OS keyring), to be said in 我的."""
        ...


@frozen
class Entry:
    """One record of this phone's journal; `state` is waiting, uploaded or quarantined (codes.RECORD_STATES)."""

    activity_id: str
    seq: int
    state: str
    record: bytes
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of an activity; `place` is its index in the record's `blobs`."""

    activity_id: str
    place: int
    data: bytes


class Store(Replica, Protocol):
    """The phone's sealed store. Raises NotSaved from every writing call that could not be made durable."""

    @property
    def device_id(self) -> str:
        """The UUID of this database file."""
        ...

    async def append(
        self, make: Callable[[Head], Sequence[Item]], drafts: Sequence[str] = (), blobs: Sequence[Blob] = ()
    ) -> list[Entry]:
        """Append records with their files in one durable transaction that also deletes their drafts.

        `make` is called under the store's lock with the journal's head and returns the chained records.
        """
        ...

    async def journal(self) -> list[Entry]:
        """All records of this phone, by sequence number."""
        ...

    async def documents(self, keys: Sequence[tuple[str, str]] | None = None) -> list[Document]:
        """The feed's visible documents with their bytes (own activities excepted: `body` None); `keys` picks some."""
        ...

    async def blob(self, activity_id: str, place: int) -> bytes | None:
        """A file of an own activity; None where there is none."""
        ...

    async def files_sent(self) -> set[tuple[str, int]]:
        """Activity and place of the own files the branch has whole."""
        ...

    async def save_draft_file(self, draft_id: str, name: str, content: bytes) -> None:
        """A photo of a form, durable when it returns; it goes with its draft."""
        ...

    async def draft_file(self, draft_id: str, name: str) -> bytes | None:
        """A photo of a form; None where there is none."""
        ...

    async def drop_draft_file(self, draft_id: str, name: str) -> None:
        """Forget one photo of a form."""
        ...

    async def save_draft(self, draft_id: str, body: bytes) -> None:
        """Durable when it returns."""
        ...

    async def drafts(self) -> list[tuple[str, bytes]]:
        """All drafts, oldest first."""
        ...

    async def drop_draft(self, draft_id: str) -> None:
        """Forget a draft."""
        ...

    async def get(self, name: str) -> bytes | None:
        """A sealed value of the app's own (binding, preferences, last sync)."""
        ...

    async def put(self, name: str, value: bytes | None) -> None:
        """Set or, with None, remove such a value."""
        ...

    async def offset(self) -> tuple[int, datetime] | None:
        """The branch's clock minus this phone's in ms, and when that was measured; None before the first sync."""
        ...

    async def rebuilt(self) -> tuple[datetime, int] | None:
        """When the file was last made anew because it was damaged, and how many records waited then; else None."""
        ...

    async def doctor(self) -> list[Message]:
        """What is wrong with file, chain, check sum and spool; empty when sound."""
        ...

    async def close(self) -> None:
        """Release the file."""
        ...


class Clock(Protocol):
    """The phone's clocks."""

    def now(self) -> datetime:
        """Wall clock, aware."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back while the phone runs."""
        ...


@dataclass(frozen=True, slots=True)
class SealedJournal:
    """All records and files of a data folder as one file, as sealed as they lie there.

    `waiting` of the `records` are nowhere else; `damaged`: the database did not give all it had.
    """

    content: bytes
    records: int
    waiting: int
    files: int
    damaged: bool

    @property
    def counted(self) -> Mapping[str, Any]:
        """What fills `{records}`, `{waiting}` and `{files}` of a sentence."""
        records, files = Message("{n} records", {"n": self.records}), Message("{n} files", {"n": self.files})
        return {"records": records, "waiting": self.waiting, "files": files}


class Look(Protocol):
    """How the screens were last shown on this phone: `language`, `theme`, `text_size`. There before the PIN."""

    def read(self) -> Mapping[str, str]:
        """What was kept; not sealed, so not to be trusted."""
        ...

    async def keep(self, look: Mapping[str, str]) -> None:
        """Keep it for the next start, where that can be done."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What bootstrap hands the notebook.

    `address(typed)` is the server's address as it is kept and `connect(server, token)` the branch behind it, both
    raising NotebookError; `procedures` hold until the branch has sent its own; `discard()` removes keys and file of a folder that was never bound; `release()` lets
    another app have the folder; `salvage()` reads the sealed journal without any key, raising NotebookError and Busy,
    and `set_aside()` moves all that is in the folder out of the way, deleting nothing; `home` is the server this page
    came from, if any; `wrap_anew(recovery_key)` wraps the data key to the branch's new recovery key and says
    whether it was another one.
    """

    keys: Keys
    open_store: Callable[[Sealer], Awaitable[Store]]
    discard: Callable[[], Awaitable[None]]
    release: Callable[[], None]
    salvage: Callable[[], Awaitable[SealedJournal]]
    set_aside: Callable[[], Awaitable[None]]
    address: Callable[[str], str]
    connect: Callable[[str, str], Branch]
    clock: Clock
    home: str = ""
    initials: Mapping[str, str] = field(default_factory=dict)
    procedures: Mapping[str, Procedure] = field(default_factory=dict)
    device_name: str = ""
    platform: str = ""
    wrap_anew: Callable[[str], Awaitable[bool]] | None = None
    look: Look | None = None
