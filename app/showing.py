"""What the screens and commands are shown: the shapes of app.views, filled from what the notebook holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.domain.ageing import day_of_episode, days_past_due
from app.domain.amounts import penalty_of_days
from app.domain.cash import CashDate, cash_dates
from app.domain.clocks import guarantee_clocks, limitation
from app.domain.corrections import effective, known_on
from app.domain.message import Message
from app.domain.notice import LETTER_DAYS, letter
from app.domain.people import group_loans, people, reasons_seen
from app.domain.places import distance_m, town_of, village_of
from app.domain.plan import mix_of
from app.domain.promises import judge
from app.domain.records import Activity, CaseFile, Position
from app.domain.search import stage_of
from app.domain.steps import unclear_date
from app.domain.telephone import line_digits
from app.held import Held
from app.ports import NotebookError
from app.views import CaseView, FileView, NoticeDraft, Row, SyncState, TimelineEntry

LATE_AFTER: Final = timedelta(hours=24)
CLOCK_WORTH_SAYING_S: Final = 120
CASH_AHEAD: Final = timedelta(days=30)


def row(held: Held, file: CaseFile, rank: int, here: Position | None) -> Row:
    """A line of 客户; `rank` is the case's place in today's plan."""
    case, day = file.case, held.today_date()
    cash = _cash_now(held, file, day) if case.status == "open" else None
    return Row(
        case_id=case.case_id,
        contract_no=case.contract_no,
        name=case.borrower.name,
        status=case.status,
        dpd=days_past_due(file.case, file.figures, day),
        day=day_of_episode(case, day),
        amount_due=file.figures.amount_due,
        town=town_of(case),
        village=village_of(case),
        group_no=case.group_no,
        phone_tail=line_digits(case.borrower.phones[0].number)[-4:] if case.borrower.phones else "",
        stage=stage_of(case, day).value,
        reason=_last_reason(file),
        rank=rank,
        distance_m=distance_m(case, here),
        cash_on=cash.on if cash else None,
        cash_source=cash.source if cash else "",
        pinned=case.case_id in held.pinned_on(day),
        long_overdue=held.long_overdue(file, day),
    )


def case_view(
    held: Held, found: CaseFile, day: date, here: Position | None, draft_kinds: tuple[str, ...]
) -> CaseView:
    """All that the case's own screen shows of a day."""
    file = held.as_of(found, day)
    case, rules, zone = file.case, held.rules(), held.zone
    told = (*file.activities, *held.rejected(case.case_id, day))
    stands = {a.activity_id: a for a in effective(file.activities)}
    known = known_on(file.activities, day, zone)
    clocks = guarantee_clocks(case, known, rules.calendar, rules.limits, day)
    return CaseView(
        case=case,
        figures=file.figures,
        dpd=days_past_due(file.case, file.figures, day),
        day=day_of_episode(case, day),
        steps=held.steps(file, day),
        promises=judge(file, day, zone),
        timeline=tuple(_standing(timeline_entry(held, a), stands) for a in _newest_first(told)),
        mix=mix_of(file, day, zone),
        other_loans=tuple(
            f.case
            for f in held.book.files()
            if f.case.customer_no
            and f.case.customer_no == case.customer_no
            and f.case.case_id != case.case_id
        ),
        distance_m=distance_m(case, here),
        unclear_date=unclear_date(file, day, zone),
        draft_kinds=draft_kinds,
        people=people(case, known, clocks, held.register()),
        limitation=limitation(case, known, rules.calendar, rules.limits, day),
        clocks=clocks,
        whereabouts=tuple(_newest_first([a for _, a in known if a.kind == "whereabouts"])),
        cash=cash_dates(known, case, rules.market, day, day + CASH_AHEAD),
        reasons=reasons_seen(known),
        group=group_loans(case, held.book.files(), day),
        long_overdue=held.long_overdue(file, day),
        pinned_until=held.pins.get(case.case_id) if case.case_id in held.pinned_on(day) else None,
        procedure=held.procedures().get(case.procedure),
    )


def timeline_entry(held: Held, activity: Activity) -> TimelineEntry:
    """An activity with what became of it."""
    entry = held.entries.get(activity.activity_id)
    state, reason = held.judged(entry) if entry else ("uploaded", "")
    return TimelineEntry(
        activity=activity,
        state=state,
        own=entry is not None or activity.officer_id == held.officer_id,
        late=activity.recorded_at - activity.happened_at > LATE_AFTER,
        reason=reason,
        files=_files_of(held, activity, own=entry is not None),
    )


def notice_draft(held: Held, file: CaseFile, addressee: str) -> NoticeDraft:
    """The notice to `addressee` as of today, filled in. Raises NotebookError where the case has no procedure."""
    procedure = held.procedures().get(file.case.procedure)
    if procedure is None:
        raise NotebookError(
            Message("The branch has sent no procedure for this case. Sync, or ask the branch.")
        )
    filled = letter(file.case, file.figures, procedure, addressee, held.today_date())
    costs = (penalty_of_days(file.case, file.figures, days) for days in LETTER_DAYS)
    return NoticeDraft(filled, *costs)


def files_listed(activity: Activity | None) -> Sequence[Mapping[str, Any]]:
    """The files a record names; one that is no object keeps its place."""
    listed = activity.raw.get("blobs") if activity is not None else None
    return [b if isinstance(b, Mapping) else {} for b in listed] if isinstance(listed, list) else []


async def sync_state(held: Held) -> SyncState:
    """Counts and the last result."""
    kept = json.loads(await held.store.get("sync") or b"{}")
    states = [held.judged(e)[0] for e in held.entries.values()]
    offset = await held.store.offset()
    off_s = offset[0] // 1000 if offset else 0
    return SyncState(
        waiting=states.count("waiting"),
        uploaded=states.count("uploaded") + states.count("accepted"),
        quarantined=states.count("quarantined"),
        last_at=datetime.fromisoformat(kept["at"]) if kept.get("at") else None,
        error=_kept_message(kept.get("error")),
        clock_off_s=off_s if abs(off_s) >= CLOCK_WORTH_SAYING_S else None,
        files_waiting=sum(
            (activity_id, place) not in held.sent
            for activity_id, activity in held.own.items()
            for place, _ in enumerate(files_listed(activity))
        ),
        files_error=_kept_message(kept.get("files_error")),
        rejected=states.count("rejected"),
    )


def rebuilt(held: Held) -> Message | None:
    """That the file was damaged and was made anew, with what was kept; None if it never was."""
    if held.rebuilt is None:
        return None
    at, waiting = held.rebuilt
    params = {"day": at.astimezone(held.zone).date(), "n": waiting}
    if held.to_mend:
        return Message(
            "The notebook's file was damaged and has been made anew. {n} records not yet sent were kept; sync once to fetch the rest from the branch. The damaged file is kept as well.",
            params,
        )
    return Message(
        "The notebook's file was damaged and was made anew on {day}; {n} records not yet sent were kept, and the branch sent the rest. The damaged file is kept as well.",
        params,
    )


def _newest_first(activities: Sequence[Activity]) -> list[Activity]:
    return sorted(activities, key=lambda a: (a.happened_at, a.activity_id), reverse=True)


def _standing(entry: TimelineEntry, stands: Mapping[str, Activity]) -> TimelineEntry:
    """The entry with what corrections have made of it."""
    now = stands.get(entry.activity.activity_id)
    if entry.activity.kind == "correction" or now is entry.activity or entry.state == "rejected":
        return entry
    return replace(entry, corrected=True, standing=now)


def _files_of(held: Held, activity: Activity, *, own: bool) -> tuple[FileView, ...]:
    def state(place: int) -> str:
        if not own:
            return "branch"
        return "sent" if (activity.activity_id, place) in held.sent else "waiting"

    return tuple(
        FileView(
            str(blob.get("sha256", "")),
            blob["size"] if type(blob.get("size")) is int else 0,
            str(blob.get("media_type", "")),
            str(blob.get("role", "")),
            state(place),
        )
        for place, blob in enumerate(files_listed(activity))
    )


def _cash_now(held: Held, file: CaseFile, day: date) -> CashDate | None:
    """Money in their hands about today: a known cash date of yesterday, today or tomorrow."""
    about, market = timedelta(days=1), held.rules().market
    if not market.places and not market.harvests and not any(a.kind == "visit" for a in file.activities):
        return None
    known = known_on(file.activities, day, held.zone)
    found = cash_dates(known, file.case, market, day - about, day + about)
    return found[0] if found else None


def _last_reason(file: CaseFile) -> str:
    """The reason the officer last heard, empty before the first."""
    told = [a for a in effective(file.activities) if isinstance(a.body.get("reason"), str)]
    return str(max(told, key=lambda a: (a.happened_at, a.activity_id)).body["reason"]) if told else ""


def _kept_message(kept: Mapping[str, Any] | None) -> Message | None:
    return Message(kept["text"], kept["params"]) if kept else None
