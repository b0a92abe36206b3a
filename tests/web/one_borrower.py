"""The office of one borrower, whose loan falls due on a Monday: its lists by day, and the page at their case."""

from __future__ import annotations

from datetime import date, time, timedelta

from tests.support.browser import PhonePage
from tests.support.moved_day import PIN, MovedDay
from tests.sync.branch.importing.lists import row

DUE = date(2026, 11, 9)  # a Monday; day 1 is the Tuesday after it
NAME, GUARANTOR, CONTRACT = "试一帆", "保一诺", "5100000001"


def day(n: int) -> date:
    return DUE + timedelta(days=n)


def listed(n: int, **cells: str) -> list[dict[str, str]]:
    """The list as the core system has it on day `n`; `cells` of the row that are otherwise."""
    return [
        row(
            1, 客户姓名=NAME, 担保人1姓名=GUARANTOR, 最早未还应还日=DUE.isoformat(), 逾期天数=str(n),
            数据日期=day(n).isoformat(), 罚息=f"{n}.10",
            **cells,
        )
    ]  # fmt: skip


async def opened(phone: PhonePage, office: MovedDay, owed: str = "补齐逾期") -> None:
    """The page on this day, at the case, which calls what is owed `owed`."""
    await phone.goto(office.address)
    await phone.shows("请输入 6 位 PIN")
    await phone.enter_pin(PIN)
    await phone.shows("今日到期承诺")
    await phone.tap(NAME)
    await phone.shows(owed)


async def fill_in_a_visit(phone: PhonePage) -> None:
    """At the case; ends in 上门, filled in and not saved."""
    await phone.tap("上门", exact=True)
    await phone.shows("已定位")
    await phone.tap("愿还，日期未定")
    await phone.shows("保存：愿还，日期未定")  # the form has grown by what this outcome asks for
    await phone.tap("正常经营")
    await phone.tap("正常经营的资金周转")
    await phone.tap("征信逾期记录")


async def next_day(office: MovedDay, n: int) -> None:
    """The night between: a new list, the phone synced in the morning."""
    office.close_app()
    office.clock.move_to(day(n), time(9, 30))
    office.listed(listed(n))
    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
