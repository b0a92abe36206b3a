"""The end of a case in the real page: repaid after long arrears, off the list, and the months after it."""

from __future__ import annotations

from datetime import date, time

import pytest

from tests.support.browser import HERE, open_phone
from tests.support.moved_day import MovedDay
from tests.sync.branch.importing.lists import row, statuses
from tests.web.one_borrower import CONTRACT, NAME, day, listed, opened

pytestmark = pytest.mark.browser

LATE = 95
GONE, STAYS = "离三平", "留二保"
WATCHED = date(2027, 2, 26)  # two days before the first instalment after the repayment


def others(n: int, *, gone: bool) -> list[dict[str, str]]:
    """Two more borrowers, five days past due; one of them is on the list only where `gone` is not asked for."""
    since, on = day(n - 5).isoformat(), day(n).isoformat()
    rows = [
        row(number, 客户姓名=name, 最早未还应还日=since, 逾期天数="5", 数据日期=on)
        for number, name in ((2, STAYS), (3, GONE))
    ]
    return rows[:1] if gone else rows


async def test_long_arrears_repaid_are_reviewed_then_watched_and_who_left_the_list_is_asked_for(
    office: MovedDay,
) -> None:
    office.clock.move_to(day(LATE), time(9, 0))
    office.listed([*listed(LATE, 到期日="2028-01-31"), *others(LATE, gone=False)])
    paid = {
        "合同编号": CONTRACT, "还款日期": day(LATE + 1).strftime("%Y%m%d"), "还款金额": "4500.00", "还款人": NAME,
        "流水号": "LS1",
    }  # fmt: skip
    office.clock.move_to(day(LATE + 1), time(9, 30))
    office.paid([paid], day(LATE + 1))
    office.listed(others(LATE + 1, gone=True))
    assert statuses(office.branch.office) == {
        CONTRACT: "watch",
        "5100000002": "open",
        "5100000003": "off_list",
    }

    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
    async with open_phone(position=HERE) as phone:
        await opened(phone, office, owed="还清前逾期")
        await phone.shows("已还清，之后三期还款仍要跟踪")
        await phone.shows("长期逾期后还清：提请列入内部黑名单")
        await phone.picture("end-1-blacklist-review-asked")
        await phone.tap("上报／移交", role="button")
        await phone.write("理由", "逾期95天才还清，多次催收无效")
        await phone.picture("end-2-referral")
        await phone.tap("保存", role="button", exact=True)
        await phone.shows("已保存")
        await phone.tap("返回 ")
        await phone.shows("今天的事已办完")
        await phone.picture("end-3-reviewed")
        await phone.tap("返回", role="button")
        await phone.tap("客户", role="tab")
        await phone.tap(GONE)
        await phone.shows("已不在机构当日清单上，也没有查到对应还款")
        await phone.picture("end-4-off-the-list")

    office.close_app()
    office.clock.move_to(WATCHED, time(9, 30))
    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
    async with open_phone(position=HERE) as phone:
        await opened(phone, office, owed="还清前逾期")
        await phone.shows("还清一两次不能放松")
        await phone.picture("end-5-watched")
        await phone.tap("拨打 ", role="button")
        await phone.tap("愿还，日期未定")
        await phone.tap("保存：", role="button")
        await phone.shows("已保存")
        assert len(await phone.dialled()) == 1

    office.close_app()
    await office.on_the_phone(lambda notebook: notebook.sync())
    records = [(r["kind"], r["body"].get("to")) for r in office.branch.exported("activities")]
    assert records == [("referral", "blacklist"), ("call", None)]
