"""A notebook in memory with made-up cases: what the screens are tried and tested on.

It keeps the verbs and the errors of app.notebook.Notebook, not its rules: the plan is laid out by hand so that
every kind of row is there once. PIN 246810, enrolment code 48213097, today 2026-11-23 (a Monday) in Asia/Shanghai.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.bootstrap import bundled_procedures
from app.domain.amounts import penalty_of_days
from app.domain.calendar import Calendar
from app.domain.clocks import GuaranteeClock, guarantee_clocks, limitation
from app.domain.corrections import effective
from app.domain.gate import Hindrance
from app.domain.limits import Limits
from app.domain.message import Message, Text
from app.domain.notice import LETTER_DAYS, letter
from app.domain.people import Register, people
from app.domain.plan import DayPlan, PlanItem
from app.domain.promise_book import PromiseBook, promise_book
from app.domain.promises import PromiseView
from app.domain.records import (
    Activity,
    Address,
    Borrower,
    Case,
    Debtor,
    Figures,
    Guarantor,
    Loan,
    Payment,
    Phone,
    Position,
)
from app.domain.steps import Step
from app.ports import (
    BranchRefused,
    Hindered,
    InvalidRecord,
    NoConnection,
    NotebookError,
    NotSaved,
    PinLocked,
    SealedJournal,
    WrongPin,
)
from app.refusals import as_notebook_error
from app.views import CaseView, Draft, NewActivity, NoticeDraft, Row, SyncState, TimelineEntry
from sync.engine import OnProgress, Progress, SyncReport
from sync.protocol import Refused

PIN = "246810"
CODE = "48213097"
SERVER = "http://127.0.0.1:8765"
ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 23)
HERE = Position(32.3504, 106.8402, accuracy_m=12.0)

STEP_WORDS: dict[str, tuple[str, str, str, str, str]] = {
    # step: (activity kind, title zh, title en, why zh, why en)
    "first_visit": ("visit", "首次上门", "First visit", "逾期第 2 天，先到经营场所看看", "Day 2: see the business first"),
    "daily_call": ("call", "每日电话", "Daily call", "逾期前 3 天每天一个电话", "A call on each of the first 3 days"),
    "second_visit": ("visit", "再次上门", "Second visit", "看经营，问回款", "See the trade, ask for money coming in"),
    "contact_guarantors": ("guarantor_demand", "联系担保人", "Contact guarantor", "第 4 天起一起督促", "From day 4, press together"),
    "serve_notice": ("notice", "送达逾期催收函", "Serve the notice", "第 7 天至第 10 天送达", "Between day 7 and day 10"),
    "call_after_notice": ("call", "送达后每日电话", "Call after notice", "函已送达，每天电话", "Notice served: a call a day"),
    "promise_due": ("call", "核实到账", "Verify today's promise", "今天承诺还 ¥4,000.00", "¥4,000.00 promised for today"),
    "promise_broken": ("visit", "承诺未还，上门", "Visit after a broken promise", "11月22日承诺的 ¥5,000.00 没有到账", "¥5,000.00 promised for 22 Nov was not paid"),
    "takeover_visit": ("visit", "接管首访", "Takeover visit", "接手时已逾期 38 天", "Taken over at day 38"),
    "watch_check": ("call", "还清跟踪", "Watch check", "下期还款日前提醒", "Remind before the next instalment"),
}  # fmt: skip

# (name, D, due, step ids, list, town, village, metres, overdue days, business address?)
PEOPLE: tuple[tuple[str, int, str, tuple[str, ...], str, str, str, int | None, int], ...] = (
    ("龚䶮", 9, "12470.50", ("promise_broken", "call_after_notice"), "visits", "石桥镇", "石桥村", 2300, 1),
    ("王喆", 7, "28310.07", ("serve_notice", "contact_guarantors"), "visits", "石桥镇", "柏林村", 8400, 0),
    ("李堃", 4, "6204.11", ("second_visit", "contact_guarantors"), "visits", "石桥镇", "红岩村", 9000, 0),
    ("张国强", 2, "1866.32", ("first_visit", "daily_call"), "visits", "沙河镇", "沙河社区", 12400, 0),
    ("买买提江·吐尔逊", 38, "154200.00", ("takeover_visit",), "visits", "沙河镇", "双流坝村", None, 4),
    ("欧阳晓燕", 6, "3980.00", ("promise_due",), "calls", "沙河镇", "", 5100, 0),
    ("陈玉珍", 1, "903.27", ("daily_call",), "calls", "正直镇", "长岭村", None, 0),
    ("赵铁柱", 12, "45120.88", ("call_after_notice",), "calls", "下两镇", "高桥村", 31200, 0),
    ("刘桂兰", 0, "0.00", ("watch_check",), "calls", "石桥镇", "石桥村", 2500, 0),
    ("孙大海", 95, "98000.00", (), "waiting", "长赤镇", "青杠村", 45800, 0),
    ("周小梅", 61, "7350.40", (), "waiting", "长赤镇", "玉堂村", None, 0),
    ("吴启明", 22, "15260.00", (), "waiting", "下两镇", "金银村", 30100, 0),
)
INITIALS = {
    "龚䶮": "gy", "王喆": "wz", "李堃": "lk", "张国强": "zgq", "买买提江·吐尔逊": "mmtjtex", "欧阳晓燕": "oyxy",
    "陈玉珍": "cyz", "赵铁柱": "ztz", "刘桂兰": "lgl", "孙大海": "sdh", "周小梅": "zxm", "吴启明": "wqm",
}  # fmt: skip


def case_id_of(name: str) -> str:
    """The case_id the fake gives a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"waifang:{name}"))


def make_step(
    step: str, case_day: int, *, party: str = "borrower", overdue: int = 0, done: bool = False
) -> Step:
    kind, title_zh, title_en, why_zh, why_en = STEP_WORDS[step]
    return Step(
        step=step,
        kind=kind,
        party=party,
        title=Text({"zh": title_zh, "en": title_en}),
        why=Text({"zh": why_zh, "en": why_en}),
        opens_on=TODAY - timedelta(days=min(case_day, 1)),
        due_on=TODAY - timedelta(days=overdue),
        done=done,
        overdue_days=overdue,
    )


def make_case(
    index: int, name: str, day: int, due: Decimal, town: str, village: str, metres: int | None
) -> tuple[Case, Figures]:
    since = TODAY - timedelta(days=day)
    at = (32.35 + index / 100, 106.84) if metres is not None else (None, None)
    case = Case(
        case_id=case_id_of(name),
        contract_no=f"5101{20260000 + index}",
        customer_no=f"C{7000 + index}",
        group_no="G12" if index in (1, 2) else "",
        procedure="psbc_small_loan",
        status="watch" if due == 0 else "open",
        status_since=since,
        episode_start=since,
        assigned_to="M017",
        assigned_on=since,
        borrower=Borrower(
            name=name,
            id_last4=f"{1000 + index}",
            phones=(
                Phone(f"139810{20000 + index * 7}", "本人"),
                Phone(f"136080{30000 + index * 3}", "店里"),
            ),
            addresses=(
                Address("business", f"{town}{village}集市东口 {index + 3} 号，农资门市", town, village, *at),
                Address("home", f"{town}{village}三组", town, village),
            ),
            occupation="农资零售",
        ),
        loan=Loan(
            product="小额贷款",
            amount=Decimal("80000.00"),
            disbursed_on=date(2026, 3, 12),
            maturity=date(2027, 3, 12),
            method="equal_instalments",
            annual_rate=Decimal("0.1458"),
            penalty_uplift=Decimal("0.5"),
            repayment_account=f"6217****{3900 + index}",
        ),
        debtors=(Debtor("d1", "spouse", "何秀英", (Phone("13778100456", "配偶"),)),) if index % 2 else (),
        guarantors=(
            Guarantor("g1", "姚丽国", "joint_group_member", "joint", date(2028, 10, 25), "同组", (Phone("13990100777"),)),
            Guarantor("g2", "周海", "guarantor", "general", TODAY + timedelta(days=26), "妹夫", (Phone("13548100888"),)),
        ) if index % 3 == 1 else (),
        payments=(Payment("p-1", TODAY - timedelta(days=3), Decimal("500.00")),) if index == 2 else (),
    )  # fmt: skip
    interest, penalty = (
        (due * Decimal("0.03")).quantize(Decimal("0.01")),
        (due * Decimal("0.004")).quantize(Decimal("0.01")),
    )
    figures = Figures(
        as_of=TODAY,
        due_since=since,
        principal_outstanding=due + 20000,
        overdue_principal=due - interest - penalty,
        overdue_interest=interest,
        penalty_interest=penalty,
        instalment_due=Decimal("2380.00"),
        account_balance=Decimal("90.25"),
        missing=max(Decimal(0), due - Decimal("90.25")),
        longest_dpd=day,
        payments_cover=TODAY - timedelta(days=1),
    )
    return case, figures


class FakeNotebook:
    """See the module. `online` False: the branch does not answer. `disk_full` True: saves fail with NotSaved.

    `waits` False: what is only read is there at once, as in a real notebook on a desk.
    """

    def __init__(self, *, state: str = "locked", many: int = 0, empty: bool = False) -> None:
        self.state = state
        self.online = True
        self.waits = True
        self.refused: Refused | None = None
        self.disk_full = False
        self.captive_portal = False
        self.pins: dict[str, date] = {}
        self.hindered: tuple[Hindrance, ...] = ()
        self.procedure = bundled_procedures()["psbc_small_loan"]
        self.sync_gate: asyncio.Event | None = None
        self.wrong_pins = 0
        self.moment = datetime(2026, 11, 23, 9, 40, tzinfo=ZONE)
        bound = state != "unbound"
        self.officer_id, self.officer_name, self.branch_name = (
            ("M017", "林致远", "南江县支行") if bound else ("", "", "")
        )
        self.server = SERVER if bound else ""
        self.last_sync: datetime | None = datetime(2026, 11, 21, 18, 5, tzinfo=ZONE)
        self.last_error: Message | None = None
        self.syncs = 0
        self.preferences: dict[str, str] = {}
        self.kept_look: dict[str, str] = {}
        self.kept_drafts: dict[str, Draft] = {}
        self.kept_files: dict[tuple[str, str], bytes] = {}
        self.files_at_branch: dict[tuple[str, str], bytes] = {}
        self.own_files: dict[tuple[str, str], bytes] = {}
        self.clock_off_s: int | None = None
        self.entries: list[TimelineEntry] = []
        self.recorded: list[NewActivity] = []
        self.cases: dict[str, tuple[Case, Figures]] = {}
        self.items: dict[str, PlanItem] = {}
        self.lists: dict[str, list[str]] = {"visits": [], "calls": [], "waiting": []}
        if not empty:
            self._people()
            self._history()
        for n in range(many):
            self._add(
                100 + n,
                f"客户{n:04d}",
                5 + n % 80,
                Decimal(1000 + n * 13),
                (),
                "waiting",
                "长赤镇",
                f"{n % 40} 村",
                None,
                0,
            )

    def _people(self) -> None:
        for index, (name, day, due, steps, where, town, village, metres, overdue) in enumerate(PEOPLE):
            self._add(index, name, day, Decimal(due), steps, where, town, village, metres, overdue)

    def _add(
        self, index: int, name: str, day: int, due: Decimal, steps: Sequence[str], where: str,
        town: str, village: str, metres: int | None, overdue: int,
    ) -> None:  # fmt: skip
        case, figures = make_case(index, name, day, due, town, village, metres)
        self.cases[case.case_id] = (case, figures)
        self.items[case.case_id] = PlanItem(
            case_id=case.case_id,
            contract_no=case.contract_no,
            name=name,
            dpd=day,
            amount_due=due,
            steps=tuple(
                make_step(
                    s,
                    day,
                    party="g1" if s == "contact_guarantors" else "borrower",
                    overdue=overdue if n == 0 else 0,
                )
                for n, s in enumerate(steps)
            ),
            distance_m=metres,
            town=town,
            village=village,
            overdue_days=overdue,
        )
        self.lists[where].append(case.case_id)

    def _history(self) -> None:
        """Two uploaded records, three waiting, one under the supervisor's review, one colleague's."""
        first = case_id_of("王喆")
        days = [(2, "call", {"party": "borrower", "number": "13981020007", "direction": "out", "outcome": "no_answer"}, "uploaded"),
                (1, "visit", {"party": "borrower", "place": "business", "met": ["borrower"], "outcome": "will_pay_undated",
                              "business_state": "operating", "reason": "cash_flow", "reason_detail": "receivable_unpaid",
                              "explained": ["credit_report", "penalty"]}, "uploaded"),
                (1, "promise", {"party": "borrower", "amount": "5000.00", "due_on": "2026-11-22"}, "quarantined"),
                (0, "call", {"party": "borrower", "number": "13981020007", "direction": "out", "outcome": "busy"}, "waiting")]  # fmt: skip
        for ago, kind, body, state in days:
            self._append(
                NewActivity(first, kind, body, happened_at=self.moment - timedelta(days=ago, minutes=30)),
                state,
            )
        self._append(NewActivity(case_id_of("龚䶮"), "promise", {"party": "borrower", "amount": "5000.00", "due_on": "2026-11-22"},
                                 happened_at=self.moment - timedelta(days=4)), "waiting")  # fmt: skip
        self._append(NewActivity(case_id_of("欧阳晓燕"), "promise", {"party": "borrower", "amount": "4000.00", "due_on": "2026-11-23"},
                                 happened_at=self.moment - timedelta(days=2)), "waiting")  # fmt: skip

    def _append(self, new: NewActivity, state: str) -> str:
        activity_id = new.activity_id or str(uuid.uuid4())
        happened = new.happened_at or self.moment
        raw: dict[str, Any] = {
            "activity_id": activity_id,
            "case_id": new.case_id,
            "kind": new.kind,
            "happened_at": happened.isoformat(),
            "recorded_at": self.moment.isoformat(),
            "officer_id": self.officer_id,
            "device_id": "fake-phone",
            "device_seq": len(self.entries) + 1,
            "body": dict(new.body),
            "position": new.position.to_json() if new.position else None,
            "override": {"rule": "contact_hours", "why": new.override} if new.override else None,
            "blobs": [],
        }
        activity = Activity.of(json.loads(json.dumps(raw, default=str)))
        late = self.moment - happened > timedelta(hours=24)
        reason = "记录时间早于本机开通时间" if state == "quarantined" else ""
        self.entries.append(TimelineEntry(activity, state, own=True, late=late, reason=reason))
        return activity_id

    # -- the door

    device_id = "00000000-0000-4000-8000-000000000001"

    async def bind(self, server: str, officer_id: str, code: str, pin: str) -> None:
        await asyncio.sleep(0)
        if not self.online:
            raise NoConnection(
                Message(
                    "The branch cannot be reached. What is recorded is kept and will be sent when there is a connection."
                )
            )
        if self.captive_portal:
            raise NoConnection(
                Message(
                    "Something other than the branch answered, perhaps the sign-in page of a Wi-Fi network. Sign in there or switch the Wi-Fi off, check the address, and try again. Nothing is lost."
                )
            )
        if code != CODE:
            raise BranchRefused(
                Message(
                    "The code is wrong, used up or too old, or belongs to another officer. Ask the branch for a new one."
                )
            )
        self.server, self.officer_id, self.state = server, officer_id, "open"
        self.officer_name, self.branch_name = "林致远", "南江县支行"

    async def unlock(self, pin: str) -> None:
        await self.check_pin(pin)
        self.state = "open"

    async def check_pin(self, pin: str) -> None:
        await asyncio.sleep(0)
        if self.wrong_pins >= 10:
            raise PinLocked(
                Message(
                    "Ten wrong PINs: the notebook stays locked. Nothing in it is lost; the branch's recovery opens it. Ask your supervisor."
                )
            )
        if pin != PIN:
            self.wrong_pins += 1
            if self.wrong_pins >= 10:
                raise PinLocked(
                    Message(
                        "Ten wrong PINs: the notebook stays locked. Nothing in it is lost; the branch's recovery opens it. Ask your supervisor."
                    )
                )
            wait = 0.0 if self.wrong_pins < 3 else 2.0 ** (self.wrong_pins - 2)
            raise WrongPin(Message("Wrong PIN."), wait, 10 - self.wrong_pins)
        self.wrong_pins = 0

    async def lock(self) -> None:
        self.state = "locked"

    # -- reading

    def _opened(self) -> None:
        if self.state == "locked":
            raise NotebookError(Message("The notebook is locked. Enter the PIN first."))

    def today_date(self) -> date:
        return self.moment.date()

    def now(self) -> datetime:
        return self.moment

    async def today(self, on: date | None = None, here: Position | None = None) -> DayPlan:
        self._opened()
        await asyncio.sleep(0)
        visits, calls, waiting = (
            tuple(self.items[i] for i in self.lists[k]) for k in ("visits", "calls", "waiting")
        )
        plan = visits + calls
        due = [p for _, p in await self.promises() if p.state == "due_today"]
        return DayPlan(
            date=on or self.today_date(),
            visits=visits,
            calls=calls,
            waiting=waiting,
            todo=sum(not i.done for i in plan),
            done=sum(i.done for i in plan),
            promises_due=len(due),
            promises_due_sum=sum((p.amount for p in due), Decimal("0.00")),
        )

    async def customers(self, here: Position | None = None) -> list[Row]:
        self._opened()
        await asyncio.sleep(0)
        order = [i for k in ("visits", "calls", "waiting") for i in self.lists[k]]
        return [self._row(i, rank, here) for rank, i in enumerate(order)]

    def _row(self, case_id: str, rank: int, here: Position | None) -> Row:
        case, _ = self.cases[case_id]
        item = self.items[case_id]
        from_day = ((90, "d90"), (30, "d30_89"), (7, "d7_29"), (4, "d4_6"), (0, "d1_3"))
        stage = "watch" if case.status == "watch" else next(s for d, s in from_day if item.dpd >= d)
        return Row(
            case_id=case_id,
            contract_no=case.contract_no,
            name=item.name,
            status=case.status,
            dpd=item.dpd,
            day=item.dpd,
            amount_due=item.amount_due,
            town=item.town,
            village=item.village,
            group_no=case.group_no,
            phone_tail=case.borrower.phones[0].number[-4:],
            stage=stage,
            reason="cash_flow" if rank % 3 == 0 else "",
            rank=rank,
            distance_m=item.distance_m if here else None,
        )

    async def search(self, query: str, here: Position | None = None) -> list[Row]:
        q = query.strip().lower()
        return [
            r
            for r in await self.customers(here)
            if q in r.name
            or q in INITIALS.get(r.name, "")
            or q in r.village
            or (q.isdigit() and (r.phone_tail.endswith(q) or q in r.contract_no))
        ]

    async def case(self, key: str, on: date | None = None, here: Position | None = None) -> CaseView:
        if self.waits:
            await asyncio.sleep(0)
        found = self.cases.get(key) or next((c for c in self.cases.values() if c[0].contract_no == key), None)
        if found is None:
            raise NotebookError(Message("There is no case {key} in this notebook.", {"key": key}))
        case, figures = found
        item = self.items[case.case_id]
        own = [e for e in self.entries if e.activity.case_id == case.case_id]
        return CaseView(
            case=case,
            figures=figures,
            dpd=item.dpd,
            day=item.dpd,
            steps=item.steps,
            promises=tuple(p for c, p in await self.promises() if c.case_id == case.case_id),
            timeline=tuple(
                self._stands(e) for e in sorted(own, key=lambda e: e.activity.happened_at, reverse=True)
            ),
            mix={
                "call": sum(e.activity.kind == "call" for e in own),
                "visit": sum(e.activity.kind == "visit" for e in own),
                "notice": sum(e.activity.kind == "notice" for e in own),
                "guarantor": sum(e.activity.kind == "guarantor_demand" for e in own),
            },
            other_loans=(),
            distance_m=item.distance_m,
            people=people(
                case, self._known(case), self._clocks(case), Register(c for c, _ in self.cases.values())
            ),
            clocks=self._clocks(case),
            limitation=limitation(case, self._known(case), Calendar(), Limits(), self.today_date()),
            procedure=self.procedure,
            pinned_until=self.pins.get(case.case_id),
            whereabouts=tuple(e.activity for e in own if e.activity.kind == "whereabouts"),
            long_overdue=item.dpd >= 90,
        )

    def _stands(self, entry: TimelineEntry) -> TimelineEntry:
        stands = {a.activity_id: a for a in effective([e.activity for e in self.entries])}
        now = stands.get(entry.activity.activity_id)
        if entry.activity.kind == "correction" or now is entry.activity:
            return entry
        return replace(entry, corrected=True, standing=now)

    def is_working_day(self, on: date) -> bool:
        return Calendar().is_working_day(on)

    def _known(self, case: Case) -> list[tuple[date, Activity]]:
        own = (e.activity for e in self.entries if e.activity.case_id == case.case_id)
        return [(a.happened_at.date(), a) for a in own]

    def _clocks(self, case: Case) -> tuple[GuaranteeClock, ...]:
        return guarantee_clocks(case, self._known(case), Calendar(), Limits(), self.today_date())

    async def notice(self, case_id: str, addressee: str) -> NoticeDraft:
        case, figures = self.cases[case_id]
        costs = (penalty_of_days(case, figures, days) for days in LETTER_DAYS)
        return NoticeDraft(letter(case, figures, self.procedure, addressee, self.today_date()), *costs)

    async def pin(self, case_id: str) -> None:
        self.pins[case_id] = self.today_date() + timedelta(days=2)

    async def unpin(self, case_id: str) -> None:
        del self.pins[case_id]

    def may_contact(
        self, case_id: str, party: str, number: str = "", kind: str = "call"
    ) -> tuple[Hindrance, ...]:
        return self.hindered

    async def promise_book(self) -> PromiseBook:
        return promise_book(await self.promises(), Calendar(), self.today_date())

    async def promises(self) -> list[tuple[Case, PromiseView]]:
        self._opened()
        today = self.today_date()
        out = []
        for entry in self.entries:
            a = entry.activity
            if a.kind != "promise":
                continue
            due = date.fromisoformat(a.body["due_on"])
            state = "open" if due > today else "due_today" if due == today else "broken"
            view = PromiseView(
                activity_id=a.activity_id,
                party=a.body["party"],
                amount=Decimal(a.body["amount"]),
                due_on=due,
                made_on=a.happened_at.date(),
                state=state,
                paid=Decimal("0.00"),
            )
            out.append((self.cases[a.case_id][0], view))
        return sorted(out, key=lambda p: (p[1].due_on, p[1].activity_id))

    # -- writing

    async def record(self, new: Sequence[NewActivity], draft_id: str | None = None) -> list[str]:
        await asyncio.sleep(0)
        if self.disk_full:
            raise NotSaved(
                Message(
                    "Not saved: this device has no room left. What you entered is still here; free some space, then save again."
                )
            )
        blocking = tuple(h for h in self.hindered if h.blocks)
        if blocking and not all(n.override for n in new):
            raise Hindered(blocking[0].text, blocking)
        for n in new:
            if n.kind == "promise" and Decimal(str(n.body["amount"])) <= 0:
                raise InvalidRecord(Message("An amount has to be more than 0."), "amount")
        ids = [self._append(n, "waiting") for n in new]
        self.recorded.extend(new)
        for n in new:
            self._step_done(n)
        if draft_id is not None:
            self.kept_drafts.pop(draft_id, None)
        return ids

    def _step_done(self, new: NewActivity) -> None:
        item = self.items[new.case_id]
        steps = tuple(replace(s, done=True) if s.kind == new.kind else s for s in item.steps)
        self.items[new.case_id] = replace(item, steps=steps)

    async def save_draft(self, draft: Draft) -> None:
        if self.disk_full:
            raise NotSaved(
                Message(
                    "Not saved: this device has no room left. What you entered is still here; free some space, then save again."
                )
            )
        self.kept_drafts[draft.draft_id] = draft

    async def draft(self, case_id: str, kind: str) -> Draft | None:
        return next((d for d in self.kept_drafts.values() if (d.case_id, d.kind) == (case_id, kind)), None)

    async def drafts(self) -> list[Draft]:
        return list(self.kept_drafts.values())

    async def drop_draft(self, draft_id: str) -> None:
        self.kept_drafts.pop(draft_id, None)

    async def keep_draft_file(self, draft_id: str, name: str, content: bytes) -> None:
        if self.disk_full:
            raise NotSaved(
                Message(
                    "Not saved: this device has no room left. What you entered is still here; free some space, then save again."
                )
            )
        self.kept_files[draft_id, name] = content

    async def draft_file(self, draft_id: str, name: str) -> bytes | None:
        return self.kept_files.get((draft_id, name))

    async def drop_draft_file(self, draft_id: str, name: str) -> None:
        self.kept_files.pop((draft_id, name), None)

    async def blob(self, activity_id: str, sha256: str) -> bytes | None:
        return self.own_files.get((activity_id, sha256))

    async def file(self, activity_id: str, sha256: str) -> bytes:
        found = self.own_files.get((activity_id, sha256)) or self.files_at_branch.get((activity_id, sha256))
        if found is None:
            raise BranchRefused(
                Message(
                    "The branch does not have this file yet. It comes when the phone that took it has sent it."
                )
            )
        return found

    # -- sync and the rest

    async def sync(self, progress: OnProgress | None = None) -> SyncReport:
        self.syncs += 1
        waiting = [e for e in self.entries if e.state == "waiting"]
        tell = progress or (lambda _: None)
        tell(Progress("push", 0, len(waiting)))
        if self.sync_gate is not None:
            await self.sync_gate.wait()
        await asyncio.sleep(0)
        if not self.online:
            self.last_error = Message(
                "The branch cannot be reached. What is recorded is kept and will be sent when there is a connection."
            )
            raise NoConnection(self.last_error)
        if self.refused is not None:
            error = as_notebook_error(self.refused)
            self.last_error = error.message
            raise error from self.refused
        self.entries = [replace(e, state="uploaded") if e.state == "waiting" else e for e in self.entries]
        tell(Progress("push", len(waiting), len(waiting)))
        tell(Progress("pull", len(self.cases)))
        self.last_sync, self.last_error = self.moment, None
        return SyncReport(pushed=len(waiting), pulled=len(self.cases))

    async def sync_state(self) -> SyncState:
        count = {
            s: sum(e.state == s for e in self.entries)
            for s in ("waiting", "uploaded", "quarantined", "rejected")
        }
        left = sum(f.state == "waiting" for e in self.entries for f in e.files)
        return SyncState(
            last_at=self.last_sync,
            error=self.last_error,
            clock_off_s=self.clock_off_s,
            files_waiting=left,
            **count,
        )

    async def journal(self) -> list[TimelineEntry]:
        return sorted(self.entries, key=lambda e: e.activity.recorded_at, reverse=True)

    async def preference(self, name: str, default: str = "") -> str:
        return self.preferences.get(name, default)

    async def hand_in(self, server: str) -> SealedJournal:
        if not server.startswith("https://"):
            raise NotebookError(
                Message(
                    "This is not a server address. It looks like https://branch.example:8443; ask the branch for theirs."
                )
            )
        self.handed_in = SealedJournal(b"sealed", 3, 2, 1, damaged=False)
        return self.handed_in

    async def set_aside(self) -> None:
        assert self.handed_in is not None
        self.state, self.server = "unbound", ""

    handed_in: SealedJournal | None = None

    def look(self) -> dict[str, str]:
        return self.kept_look

    async def keep_look(self, look: dict[str, str]) -> None:
        self.kept_look = dict(look)

    async def set_preference(self, name: str, value: str) -> None:
        self.preferences[name] = value

    async def doctor(self) -> list[Message]:
        return []

    to_mend = False

    def rebuilt(self) -> Message | None:
        return None

    def weakness(self) -> Message | None:
        return Message(
            "This device offers no keyring, so half of the key lies in a file of this user. That is weaker: keep the device's own lock on."
        )
