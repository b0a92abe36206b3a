"""今日: a plan an officer can walk (procedure.md, 'The day')."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from app.domain.ageing import day_of_episode, days_past_due
from app.domain.corrections import known_on
from app.domain.places import LatLon, distance_m, mean, metres, position_of, town_of, village_of
from app.domain.procedure import Procedure
from app.domain.reading import Reading
from app.domain.records import ZERO, Case, CaseFile, Position
from app.domain.rules import Rules
from app.domain.steps import (
    CLOCK,
    CLOCK_STEPS,
    CLOSING,
    LONG_PAST,
    PINNED,
    PROMISE,
    REST,
    Step,
    began_and_now,
    urgency,
)

_EXCEEDING = ("promise_broken", "promise_due")
_PROMISES = (*_EXCEEDING, "promise_verify")
STATUSES = ("open", "watch", "closed")
# Which list a step stands in; a demand that keeps a guarantee is made at the door, where it can be proved.
DOOR_KINDS = ("visit", "notice")
CALL_KINDS = ("call", "guarantor_demand", "referral")
_AT_THE_DOOR = "guarantee_demand"
_KM = 1000
_MIX_DAYS = 7
_CALLS_ALONE = 3


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One case on a day's plan with all its steps of the day, done or not; `distance_m` when both positions are known.

    `asks` names the list it stands in where only that list's steps count (`call`), empty for all kinds. `clock_days`:
    days left of the nearest legal clock that is a step. `pinned`: 攻坚. `status` is the case's.
    """

    case_id: str
    contract_no: str
    name: str
    dpd: int
    amount_due: Decimal
    steps: tuple[Step, ...]
    distance_m: int | None
    town: str
    village: str
    overdue_days: int
    asks: str = ""
    clock_days: int | None = None
    pinned: bool = False
    status: str = "open"

    @property
    def done(self) -> bool:
        """Everything its list asks for today is done (and something was)."""
        asked = [s for s in self.steps if not self.asks or in_list(s, self.asks)]
        return bool(asked) and all(s.done for s in asked)


def in_list(step: Step, asks: str) -> bool:
    """Whether a step belongs to the list `visit` or `call`."""
    at_the_door = step.kind in DOOR_KINDS or step.step == _AT_THE_DOOR
    return at_the_door if asks == "visit" else step.kind in CALL_KINDS and not at_the_door


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The day: doors, telephone calls, and the open cases left for later. `todo` and `done` count plan items.

    `order` holds the case_ids of all three lists in the plan's order of urgency.
    """

    date: date
    visits: tuple[PlanItem, ...] = ()
    calls: tuple[PlanItem, ...] = ()
    waiting: tuple[PlanItem, ...] = ()
    todo: int = 0
    done: int = 0
    promises_due: int = 0
    promises_due_sum: Decimal = ZERO
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capacities:
    """What one officer's day holds: doors, calls, towns, and how far apart the towns may lie."""

    doors: int = 8
    calls: int = 25
    towns: int = 2
    town_radius_km: int = 15

    @classmethod
    def read(cls, settings: Mapping[str, Any] | None, procedures: Mapping[str, Procedure]) -> Capacities:
        """From the setting `plan`; what it leaves out from the procedures (the largest), else as above."""
        read: dict[str, int] = {}
        for f in fields(cls):
            said = (settings or {}).get(f.name)
            told = [p.capacities[f.name] for p in procedures.values() if f.name in p.capacities]
            if isinstance(said, int) and not isinstance(said, bool) and said >= 0:
                read[f.name] = said
            elif told:
                read[f.name] = max(told)
        return cls(**read)


def takeover_slots(
    files: Sequence[CaseFile],
    procedures: Mapping[str, Procedure],
    rules: Rules,
    today: date,
    zone: tzinfo,
) -> dict[str, int]:
    """Which working day from `assigned_on` (0 = the first) each case's takeover visit is due on.

    The cases that came in old on the same day are spread evenly, the larger overdue amount sooner; one already
    visited keeps its place, so nobody's day moves when another's is done.
    """
    readings = (Reading(f, rules, today, zone) for f in files if _may_be_old(f.case, procedures))
    return _slots(readings, procedures)


def plan_day(
    files: Sequence[CaseFile],
    procedures: Mapping[str, Procedure],
    settings: Mapping[str, Any] | None,
    rules: Rules,
    today: date,
    zone: tzinfo,
    here: Position | None = None,
    kept: Kept | None = None,
    pinned: Collection[str] = (),
) -> DayPlan:
    """The plan of a day over an officer's cases. `settings` is the setting `plan` (Capacities).

    `kept` (empty at first) keeps what was read of each case for the next plan, where only a few files have changed;
    the caller starts with an empty one when the day, the procedures, the rules or `pinned` change. `pinned` are the
    case_ids of 攻坚 (集中时间、一鼓作气): right behind clocks and promises.

    Who stands on the plan is decided by what was known as the day began, so that doing one thing moves nothing else;
    only a promise broken or due that came up during the day is added. Distances of waiting cases are left out.
    """
    capacities = Capacities.read(settings, procedures)
    kept = {} if kept is None else kept
    readings = [_read(f, rules, today, zone, kept) for f in files if f.case.status in STATUSES]
    slots = _slots((r for r in readings if _may_be_old(r.case, procedures)), procedures)
    for reading in readings:
        slot = slots.get(reading.case.case_id, 0)
        known = kept.get(reading.case.case_id)
        if known is None or known[0] is not reading or reading.takeover_slot != slot:
            reading.takeover_slot = slot
            kept[reading.case.case_id] = (reading, _entry(reading, procedures, pinned))
    entries = [e for r in readings if (e := kept[r.case.case_id][1]) is not None]
    entries.sort(key=lambda e: e.key)
    doors = _doors(entries, capacities)
    calls = _calls([e for e in entries if e not in doors], capacities)
    for e in entries:
        if e not in doors and e not in calls and e.news:
            if e.asks("visit", e.now, _EXCEEDING):
                doors.append(e)
            elif e.asks("call", e.now, _EXCEEDING):
                calls.append(e)
    waiting = [e for e in entries if e not in doors and e not in calls]
    visits = _undone_first([e.item(here, today) for e in _walk(doors, here)])
    dialled = _undone_first([e.item(here, today, "call") for e in calls])
    planned = (*visits, *dialled)
    due = [
        p
        for e in entries
        if e.reading.case.status == "open"
        for p in e.reading.promises
        if p.due_on == today and p.state != "replaced"
    ]
    return DayPlan(
        date=today,
        visits=visits,
        calls=dialled,
        waiting=tuple(e.item(None, today) for e in waiting),
        todo=sum(not i.done for i in planned),
        done=sum(i.done for i in planned),
        promises_due=len(due),
        promises_due_sum=sum((p.amount for p in due), ZERO),
        order=tuple(e.reading.case.case_id for e in entries),
    )


def mix_of(file: CaseFile, today: date, zone: tzinfo) -> dict[str, int]:
    """近7天: activities of the last seven days, today among them, as call, visit, notice, guarantor.

    What was done with a guarantor counts as guarantor, whatever the means.
    """
    since = today - timedelta(days=_MIX_DAYS - 1)
    mix = {"call": 0, "visit": 0, "notice": 0, "guarantor": 0}
    for on, a in known_on(file.activities, today, zone):
        if on < since:
            continue
        if a.kind == "guarantor_demand" or (a.kind in ("call", "visit") and file.case.guarantor(a.party)):
            mix["guarantor"] += 1
        elif a.kind in mix:
            mix[a.kind] += 1
    return mix


def only_calls(mix: Mapping[str, int]) -> bool:
    """换个方式: three calls or more in a week and nothing else (多种催收方法并用)."""
    return mix["call"] >= _CALLS_ALONE and sum(mix.values()) == mix["call"]


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One case while the day is laid out: its steps as the day began, and as they are now."""

    reading: Reading
    began: tuple[Step, ...]
    now: tuple[Step, ...]
    news: bool
    level: int
    key: tuple[int, int, Decimal, int, str]
    town: str
    pinned: bool

    def asks(self, kind: str, steps: Sequence[Step], only: Sequence[str] = ()) -> bool:
        """Whether any of `steps` is undone and of the list `kind` (and one of `only`, where given)."""
        return any(in_list(s, kind) and not s.done and (not only or s.step in only) for s in steps)

    def exceeds(self, kind: str) -> bool:
        """Whether what brings it onto the list `kind` may exceed the capacities: a clock, or a promise broken or due.

        A clock that asks for a referral adds no door for the sake of some other step.
        """
        rules, today = self.reading.rules, self.reading.today
        return any(
            in_list(s, kind) and not s.done and (s.step in _EXCEEDING or urgency(s, rules, today) == CLOCK)
            for s in self.began
        )

    def item(self, here: Position | None, today: date, asks: str = "") -> PlanItem:
        case, figures = self.reading.case, self.reading.figures
        return PlanItem(
            case_id=case.case_id,
            contract_no=case.contract_no,
            name=case.borrower.name,
            dpd=days_past_due(case, figures, today),
            amount_due=figures.amount_due,
            steps=self.now,
            distance_m=distance_m(case, here),
            town=self.town,
            village=village_of(case),
            overdue_days=max((s.overdue_days for s in self.now), default=0),
            asks=asks,
            clock_days=min(
                (
                    (s.due_on - today).days
                    for s in self.now
                    if s.step in CLOCK_STEPS and not s.done and s.due_on is not None
                ),
                default=None,
            ),
            pinned=self.pinned,
            status=case.status,
        )


# By case_id: the case as it was read, and where it stood in the day.
Kept = dict[str, tuple[Reading, _Entry | None]]


def _read(file: CaseFile, rules: Rules, today: date, zone: tzinfo, kept: Kept) -> Reading:
    known = kept.get(file.case.case_id)
    return known[0] if known is not None and known[0].file is file else Reading(file, rules, today, zone)


def _entry(reading: Reading, procedures: Mapping[str, Procedure], pinned: Collection[str]) -> _Entry | None:
    """None for a case that is not open and has nothing to do."""
    case, today = reading.case, reading.today
    procedure = procedures.get(case.procedure)
    began, now = began_and_now(reading, procedure) if procedure is not None else ((), ())
    if case.status != "open" and not now:
        return None
    news = reading.has_news
    asked = [(urgency(s, reading.rules, today), s) for s in began if not s.done]
    level = min((u for u, _ in asked), default=REST)
    if case.case_id in pinned and case.status == "open":
        level = min(level, PINNED)
    figures = reading.figures
    key = (
        level,
        _within(level, [s for u, s in asked if u == level]),
        -figures.amount_due if level == REST else ZERO,
        -days_past_due(case, figures, today),
        case.case_id,
    )
    return _Entry(reading, began, now, news, level, key, town_of(case), case.case_id in pinned)


def _within(level: int, steps: Sequence[Step]) -> int:
    """The order inside a level: promises broken, due, to verify; clocks and windows by the day they close."""
    if level == PROMISE:
        return min((_PROMISES.index(s.step) for s in steps if s.step in _PROMISES), default=len(_PROMISES))
    if level in (CLOCK, CLOSING):
        return min((s.due_on.toordinal() for s in steps if s.due_on), default=0)
    return 0


def _doors(entries: Sequence[_Entry], capacities: Capacities) -> list[_Entry]:
    """The day's doors in order: few enough, in towns near each other; clocks and broken promises may add to both."""
    positions: dict[str, list[LatLon]] = {}
    for e in entries:
        if (at := position_of(e.reading.case)) is not None:
            positions.setdefault(e.town, []).append(at)
    centres = {town: mean(found) for town, found in positions.items()}

    def near(town: str, other: str) -> bool:
        a, b = centres.get(town), centres.get(other)
        return a is not None and b is not None and metres(a, b) <= capacities.town_radius_km * _KM

    asked = [(e, e.exceeds("visit")) for e in entries if e.asks("visit", e.began)]
    worth_going = {e.town for e, exceeds in asked if not exceeds}
    doors: list[_Entry] = []
    towns: list[str] = []
    for e, exceeds in asked:
        if len(doors) >= capacities.doors and not exceeds:
            continue
        # A clock or promise alone in its town is one door more, not the town the day is spent in.
        goes_there = e.town in worth_going and e.town not in towns
        if goes_there and len(towns) < capacities.towns and all(near(e.town, t) for t in towns):
            towns.append(e.town)
        if e.town in towns or exceeds:
            doors.append(e)
    return doors


def _calls(entries: Sequence[_Entry], capacities: Capacities) -> list[_Entry]:
    """The day's calls in order; clocks and promises due may exceed the capacity."""
    calls: list[_Entry] = []
    for e in entries:
        if e.asks("call", e.began) and (len(calls) < capacities.calls or e.exceeds("call")):
            calls.append(e)
    return calls


def _walk(doors: Sequence[_Entry], here: Position | None) -> list[_Entry]:
    """What cannot wait first, then town by town; within a town the nearest first when a position is known."""
    towns: dict[str, int] = {}
    for e in doors:
        towns.setdefault(e.town, len(towns))
    rank = {id(e): n for n, e in enumerate(doors)}

    def key(e: _Entry) -> tuple[int, int, float, int]:
        far = distance_m(e.reading.case, here)
        return (min(e.level, LONG_PAST + 1), towns[e.town], float("inf") if far is None else far, rank[id(e)])

    return sorted(doors, key=key)


def _undone_first(items: Sequence[PlanItem]) -> tuple[PlanItem, ...]:
    return (*(i for i in items if not i.done), *(i for i in items if i.done))


def _may_be_old(case: Case, procedures: Mapping[str, Procedure]) -> bool:
    """A cheap look before a case is read: whether it was assigned late at all."""
    procedure = procedures.get(case.procedure)
    rule = procedure.takeover if procedure is not None else None
    if rule is None or case.status != "open" or case.assigned_on is None:
        return False
    return day_of_episode(case, case.assigned_on) > rule.numbers["after_day"]


def _slots(readings: Iterable[Reading], procedures: Mapping[str, Procedure]) -> dict[str, int]:
    batches: dict[date, list[tuple[Decimal, int, str, int]]] = {}
    for r in readings:
        procedure = procedures.get(r.case.procedure)
        rule = procedure.takeover if procedure is not None else None
        if rule is None or r.case.assigned_on is None or not r.came_in_old(rule.numbers["after_day"]):
            continue
        spread = rule.numbers["spread_working_days"]
        batches.setdefault(r.case.assigned_on, []).append(
            (-r.figures.amount_due, -r.d, r.case.case_id, spread)
        )
    return {
        case_id: n * spread // len(batch)
        for batch in batches.values()
        for n, (_, _, case_id, spread) in enumerate(sorted(batch))
    }
