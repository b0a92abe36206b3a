"""Three dozen old cases come in on one morning: the plan stays one that can be walked, for ten working days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from app.notebook import Notebook
from app.views import NewActivity
from tests.support.browser import open_phone
from tests.support.moved_day import PIN, MovedDay
from tests.sync.branch.importing.lists import row

MORNING = date(2026, 11, 16)  # a Monday; no public holiday in the two weeks after it
CASES = 36
DOORS, CALLS = 8, 25
TOWNS = ("石桥镇", "沙河镇", "下两镇", "正直镇")
VILLAGES = ("一村", "二村", "三村")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MovedDay]:
    office = MovedDay(tmp_path, MORNING, time(8, 0))
    office.branch.start()
    try:
        yield office
    finally:
        office.close()


def taken_over(on: date) -> list[dict[str, str]]:
    """Three dozen borrowers, 20 to 90 days past due, in four towns."""
    rows = []
    for n in range(1, CASES + 1):
        late = 20 + 2 * n
        rows.append(
            row(
                n,
                客户姓名=f"试{n:02}",
                手机=f"199000{n:05}",
                担保人1手机=f"199100{n:05}",
                乡镇=TOWNS[n % len(TOWNS)],
                村组=VILLAGES[n % len(VILLAGES)],
                最早未还应还日=(on - timedelta(days=late)).isoformat(),
                逾期天数=str(late),
                逾期本金=f"{1000 + 137 * n}.00",
                数据日期=on.isoformat(),
            )
        )
    return rows


def at_the_door(case_id: str) -> list[NewActivity]:
    """一趟办: the first visit with all it asks for, the notice, and the guarantor, in one save."""
    visit = {
        "party": "borrower",
        "place": "business",
        "met": ["borrower"],
        "with_officer": "w002",
        "outcome": "will_pay_undated",
        "business_state": "operating",
        "cause": "capacity",
        "reason": "cash_flow",
        "reason_detail": "receivable_unpaid",
        "explained": ["credit_report"],
        "receivables": [],
    }
    return [NewActivity(case_id, "visit", visit)]


async def served(notebook: Notebook, case_id: str) -> NewActivity:
    """The notice, filled in by the notebook, signed for."""
    letter = (await notebook.notice(case_id, "borrower")).letter
    return NewActivity(
        case_id,
        "notice",
        {
            "notice_no": letter.number,
            "title": letter.title,
            "addressee": "borrower",
            "method": "in_person",
            "result": "signed",
            "amount_claimed": str(letter.amount_claimed),
            "as_of": letter.as_of.isoformat(),
        },
    )


async def test_a_takeover_morning_stays_walkable_until_everybody_was_met(office: MovedDay) -> None:
    office.listed(taken_over(MORNING))
    met: set[str] = set()
    day, working = MORNING, 0

    async def walk(notebook: Notebook) -> None:
        await notebook.sync()
        plan = await notebook.today()
        assert len(plan.visits) <= DOORS
        assert len(plan.calls) <= CALLS
        assert len({i.town for i in plan.visits}) <= 2
        assert len(plan.visits) + len(plan.calls) + len(plan.waiting) == CASES
        for item in (*plan.visits, *plan.calls):
            assert item.steps, "an item of the plan says why it is there"
        # What came in this morning is not weeks late: its days are counted from this morning.
        everything = (*plan.visits, *plan.calls, *plan.waiting)
        assert max(s.overdue_days for i in everything for s in i.steps) < 7
        for n, item in enumerate(plan.visits):
            office.clock.move_to(day, time(9 + n, 0))
            await notebook.record([*at_the_door(item.case_id), await served(notebook, item.case_id)])
            met.add(item.case_id)

    while len(met) < CASES and working < 10:
        working += 1
        office.clock.move_to(day, time(8, 0))
        await office.on_the_phone(walk)
        day += timedelta(days=1 if day.weekday() < 4 else 3)
    assert len(met) == CASES


@pytest.mark.browser
async def test_the_takeover_morning_as_the_officer_sees_it(office: MovedDay) -> None:
    office.listed(taken_over(MORNING))
    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
    async with open_phone() as phone:
        await phone.goto(office.address)
        await phone.shows("请输入 6 位 PIN")
        await phone.enter_pin(PIN)
        await phone.shows("接管首访")
        await phone.picture("takeover-1-morning")
        await phone.find_below("待排", screens=60)
        await phone.picture("takeover-2-below")
