"""What an officer can do, one method a verb. Screens and commands talk to this alone.

The ports the notebook needs are declared here; bootstrap puts the parts behind them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from app.domain.message import Message
from app.domain.plan import DayPlan
from app.domain.promises import PromiseView
from app.domain.records import Activity, Case, Figures, Position
from app.domain.steps import Step
from sync.engine import Branch, OnProgress, Replica, SyncReport
from sync.protocol import Document, Head, Item


class NotebookError(Exception):
    """Something an officer can act on; `message` says what happened and what to do."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class WrongPin(NotebookError):
    """The PIN does not fit; `wait_s` seconds before the next try, `left` tries."""

    def __init__(self, message: Message, wait_s: float, left: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.left = left


class PinLocked(NotebookError):
    """Ten wrong PINs: only the branch's recovery opens it now. What waits is kept."""


class Busy(NotebookError):
    """Another app holds this data folder."""


class NotSaved(NotebookError):
    """The record could not be made durable (full disk, broken disk); the draft is still there."""


class InvalidRecord(NotebookError):
    """A record that cannot be right; `field` names the member."""

    def __init__(self, message: Message, field_name: str) -> None:
        super().__init__(message)
        self.field = field_name


class NoConnection(NotebookError):
    """The branch was not reached. Nothing is lost; it will be sent next time."""


class BranchRefused(NotebookError):
    """The branch answered no (wrong code, unknown phone, version)."""


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


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of this phone's journal; `state` is waiting, uploaded or quarantined (codes.RECORD_STATES)."""

    activity_id: str
    seq: int
    state: str
    record: bytes
    reason: str = ""


class Store(Replica, Protocol):
    """The phone's sealed store. Raises NotSaved from every writing call that could not be made durable."""

    @property
    def device_id(self) -> str:
        """The UUID of this database file."""
        ...

    async def append(self, make: Callable[[Head], Sequence[Item]], drafts: Sequence[str] = ()) -> list[Entry]:
        """Append records in one durable transaction that also deletes their drafts.

        `make` is called under the store's lock with the journal's head and returns the chained records.
        """
        ...

    async def journal(self) -> list[Entry]:
        """All records of this phone, by sequence number."""
        ...

    async def documents(self, keys: Sequence[tuple[str, str]] | None = None) -> list[Document]:
        """The feed's visible documents with their bytes (own activities excepted: `body` None); `keys` picks some."""
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
class Ports:
    """What bootstrap hands the notebook. `connect(server, token, app_version)` makes the branch port."""

    keys: Keys
    open_store: Callable[[Sealer], Any]  # async: Sealer -> Store
    connect: Callable[[str, str], Branch]
    clock: Clock
    default_settings: Mapping[str, Any] = field(default_factory=dict)
    device_name: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class NewActivity:
    """What an officer wants kept. `activity_id` was born with the draft; None makes a new one.

    `happened_at` aware, None = now. `override` is the reason for going on against a rule.
    """

    case_id: str
    kind: str
    body: Mapping[str, Any]
    activity_id: str | None = None
    happened_at: datetime | None = None
    position: Position | None = None
    override: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One activity as the timeline shows it; `state` is a record state, `own` False for a colleague's, `late` = 补记."""

    activity: Activity
    state: str
    own: bool
    late: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that the case screen shows. `mix`: activities of the last 7 days by call, visit, notice, guarantor."""

    case: Case
    figures: Figures
    dpd: int
    day: int
    steps: tuple[Step, ...]
    promises: tuple[PromiseView, ...]
    timeline: tuple[TimelineEntry, ...]
    mix: Mapping[str, int]
    other_loans: tuple[Case, ...]
    distance_m: int | None
    unclear_date: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of 客户."""

    case_id: str
    contract_no: str
    name: str
    status: str
    dpd: int
    day: int
    amount_due: Any
    town: str
    village: str
    group_no: str
    phone_tail: str
    stage: str
    reason: str
    rank: int
    distance_m: int | None


@dataclass(frozen=True, slots=True)
class SyncState:
    """Where the sync stands. Counts of own records by state; `last_at` the last success, `error` the last failure."""

    waiting: int
    uploaded: int
    quarantined: int
    last_at: datetime | None
    error: Message | None
    clock_off_s: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A form not yet saved: `form` is the screen's own JSON."""

    draft_id: str
    case_id: str
    kind: str
    form: Mapping[str, Any]


__all__ = ["Branch", "Draft", "OnProgress", "Ports", "Replica", "SyncReport"]


class Notebook:
    """The officer's notebook over one data folder. `state` is unbound, locked or open."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @property
    def state(self) -> str:
        """`unbound` (no PIN yet), `locked`, `binding` (PIN set, the branch has not answered yet) or `open`."""
        raise NotImplementedError

    async def bind(self, server: str, officer_id: str, code: str, pin: str) -> None:
        """First start: ask the branch, make the keys, enrol. Raises NotebookError; may be repeated."""
        raise NotImplementedError

    async def unlock(self, pin: str) -> None:
        """Raises WrongPin, PinLocked, Busy."""
        raise NotImplementedError

    async def check_pin(self, pin: str) -> None:
        """A second page of an already open notebook proves its officer. Raises WrongPin, PinLocked."""
        raise NotImplementedError

    async def lock(self) -> None:
        """Forget the keys and everything read with them."""
        raise NotImplementedError

    @property
    def officer_id(self) -> str:
        """Whose notebook it is."""
        raise NotImplementedError

    @property
    def officer_name(self) -> str:
        """The same in words."""
        raise NotImplementedError

    @property
    def branch_name(self) -> str:
        """The branch it syncs with."""
        raise NotImplementedError

    @property
    def server(self) -> str:
        """The branch server's address."""
        raise NotImplementedError

    def today_date(self) -> date:
        """The day it is in the branch's zone."""
        raise NotImplementedError

    def now(self) -> datetime:
        """Now, in the branch's zone."""
        raise NotImplementedError

    async def today(self, on: date | None = None, here: Position | None = None) -> DayPlan:
        """The plan of a day; for a past one later records are ignored."""
        raise NotImplementedError

    async def customers(self) -> list[Row]:
        """All cases in the plan's order."""
        raise NotImplementedError

    async def search(self, query: str) -> list[Row]:
        """Cases by name, pinyin initials, phone tail, village or contract."""
        raise NotImplementedError

    async def case(self, key: str, on: date | None = None, here: Position | None = None) -> CaseView:
        """One case by case_id or contract number. Raises NotebookError when there is none."""
        raise NotImplementedError

    async def promises(self) -> list[tuple[Case, PromiseView]]:
        """All promises of open cases, by due day."""
        raise NotImplementedError

    async def record(self, new: Sequence[NewActivity], draft_id: str | None = None) -> list[str]:
        """Save activities together; returns their ids once they are durable, and drops the draft.

        Raises InvalidRecord (nothing of the batch is saved) or NotSaved.
        """
        raise NotImplementedError

    async def save_draft(self, draft: Draft) -> None:
        """Keep a form as it stands."""
        raise NotImplementedError

    async def draft(self, case_id: str, kind: str) -> Draft | None:
        """The unsaved form of that kind for that case, if any."""
        raise NotImplementedError

    async def drafts(self) -> list[Draft]:
        """All unsaved forms."""
        raise NotImplementedError

    async def drop_draft(self, draft_id: str) -> None:
        """The officer threw it away."""
        raise NotImplementedError

    async def sync(self, progress: OnProgress | None = None) -> SyncReport:
        """One attempt. Raises NoConnection or BranchRefused; what was done stays done."""
        raise NotImplementedError

    async def sync_state(self) -> SyncState:
        """Counts and the last result."""
        raise NotImplementedError

    async def journal(self) -> list[TimelineEntry]:
        """This phone's own records, newest first, with their states."""
        raise NotImplementedError

    async def preference(self, name: str, default: str = "") -> str:
        """A setting of this phone: language, theme, text_size."""
        raise NotImplementedError

    async def set_preference(self, name: str, value: str) -> None:
        """Keep it."""
        raise NotImplementedError

    async def doctor(self) -> list[Message]:
        """What is wrong; empty when sound."""
        raise NotImplementedError

    def weakness(self) -> Message | None:
        """What protects this phone's data less than it should."""
        raise NotImplementedError
