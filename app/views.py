"""What the notebook takes in and shows: the shapes screens and commands work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.cash import CashDate
from app.domain.clocks import GuaranteeClock, Limitation
from app.domain.message import Message
from app.domain.notice import Letter
from app.domain.people import GroupLoan, PersonView, ReasonSeen
from app.domain.procedure import Procedure
from app.domain.promises import PromiseView
from app.domain.records import Activity, Case, Figures, Position
from app.domain.steps import Step


@dataclass(frozen=True, slots=True)
class NewBlob:
    """A file that belongs to an activity: `role` is one of codes.BLOB_ROLES, `media_type` e.g. image/svg+xml."""

    role: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of an activity. `state`: waiting (on this phone, not at the branch), sent, or branch (a colleague's: it
    is fetched when it is looked at)."""

    sha256: str
    size: int
    media_type: str
    role: str
    state: str


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
    blobs: tuple[NewBlob, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One activity as the timeline shows it; `state` is a record state (the supervisor's answer over the
    quarantine) and `reason` why, `own` False for a colleague's, `late` = 补记.

    `corrected`: a later 更正 speaks of it; `standing` is what it says since then, None where it was taken back.
    """

    activity: Activity
    state: str
    own: bool
    late: bool
    reason: str = ""
    corrected: bool = False
    standing: Activity | None = None
    files: tuple[FileView, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that the case screen shows. `mix`: activities of the last 7 days by call, visit, notice, guarantor.

    `clocks`: guarantee periods as the case lists its guarantors; `cash`: known cash dates of the next 30 days;
    `draft_kinds`: forms begun and not saved; `pinned_until`: the last day of 攻坚.
    """

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
    people: tuple[PersonView, ...] = ()
    limitation: Limitation | None = None
    clocks: tuple[GuaranteeClock, ...] = ()
    whereabouts: tuple[Activity, ...] = ()
    cash: tuple[CashDate, ...] = ()
    reasons: tuple[ReasonSeen, ...] = ()
    group: tuple[GroupLoan, ...] = ()
    draft_kinds: tuple[str, ...] = ()
    long_overdue: bool = False
    pinned_until: date | None = None
    procedure: Procedure | None = None

    @property
    def trading(self) -> bool:
        """Whether the business was seen operating when last visited."""
        seen = (e.activity.body.get("business_state") for e in self.timeline)
        return next((state for state in seen if state), "") == "operating"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of 客户."""

    case_id: str
    contract_no: str
    name: str
    status: str
    dpd: int
    day: int
    amount_due: Decimal
    town: str
    village: str
    group_no: str
    phone_tail: str
    stage: str
    reason: str
    rank: int
    distance_m: int | None
    cash_on: date | None = None
    cash_source: str = ""
    pinned: bool = False
    long_overdue: bool = False


@dataclass(frozen=True, slots=True)
class SyncState:
    """Where the sync stands. Counts of own records by state (`uploaded` with those the supervisor accepted); `last_at` the
    last success, `error` the last failure.

    `files_waiting`: photos and signatures not whole at the branch, `files_error` why the last try left them.
    """

    waiting: int
    uploaded: int
    quarantined: int
    last_at: datetime | None
    error: Message | None
    clock_off_s: int | None = None
    files_waiting: int = 0
    files_error: Message | None = None
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A form not yet saved: `form` is the screen's own JSON."""

    draft_id: str
    case_id: str
    kind: str
    form: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """The notice to one addressee, filled in (app.domain.notice), and what waiting costs: `penalty_7` and `penalty_30`
    are CNY of 7 and 30 more days."""

    letter: Letter
    penalty_7: Decimal
    penalty_30: Decimal
