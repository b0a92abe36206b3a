"""Day 1 to day 8 of one borrower: first visit, broken promise, guarantor, notice signed on the glass, guarantor pays."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest

from sync.branch.printing.dossier import dossier_pdf
from sync.branch.printing.notices import letters_for
from tests.support.browser import HERE, PhonePage, open_phone
from tests.support.moved_day import MovedDay
from tests.sync.branch.importing.lists import row, statuses
from tests.web.one_borrower import CONTRACT, GUARANTOR, NAME, day, next_day, opened

pytestmark = pytest.mark.browser


async def sign(phone: PhonePage) -> None:
    """A finger on the pad above the save button."""
    mouse = phone.page.mouse
    await mouse.move(90, 660)
    await mouse.down()
    for n in range(24):
        await mouse.move(90 + n * 8, 660 + (n % 5) * 10 - 20, steps=2)
    await mouse.up()


async def test_from_the_first_visit_to_a_guarantor_who_pays(office: MovedDay) -> None:
    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
    async with open_phone(position=HERE) as phone:  # day 1
        await opened(phone, office)
        await phone.shows("首次上门")
        await phone.picture("procedure-1-first-visit-asked")
        before = phone.taps
        await phone.tap("上门", role="button", exact=True)
        await phone.shows("已定位")
        await phone.tap("承诺还款")
        await phone.tap("3 天后")
        await phone.tap("正常经营")
        await phone.tap("征信逾期记录")
        await phone.tap("正常经营的资金周转")
        await phone.picture("procedure-2-visit-with-promise")
        await phone.tap("保存：", role="button")
        await phone.shows("已保存")
        assert phone.taps - before <= 9

    office.paid(
        [{"合同编号": CONTRACT, "还款日期": "20261113", "还款金额": "1.00", "还款人": NAME, "流水号": "LS1"}],
        day(4),
    )
    await next_day(office, 5)  # the promise of day 4 was not kept
    async with open_phone(position=HERE) as phone:
        await opened(phone, office)
        await phone.shows("承诺未兑现")
        await phone.picture("procedure-3-promise-broken")
        button = await phone.find_below("要求担保人")
        await button.click()
        before = phone.taps
        await phone.tap("愿帮助催促借款人")
        await phone.tap("保存", role="button", exact=True)
        await phone.shows("已保存")
        assert phone.taps - before <= 3
        await phone.picture("procedure-4-guarantor-asked")

    await next_day(office, 7)
    assert [one.to for one in letters_for(office.branch.office, day(7))] == [NAME]
    async with open_phone(position=HERE) as phone:
        await opened(phone, office)
        before = phone.taps
        await phone.tap("送达", role="button", exact=True)
        await phone.shows("再拖 7 天约增罚息")
        await phone.tap("已签收", exact=True)
        await phone.shows("请用手指签名")
        await sign(phone)
        await phone.picture("procedure-5-notice-signed")
        await phone.tap("保存：已签收")
        await phone.shows("已保存")
        assert phone.taps - before <= 6

    await next_day(office, 8)
    async with open_phone(position=HERE) as phone:
        await opened(phone, office)
        await phone.shows("送达后每日电话")
        await phone.picture("procedure-6-day-after-the-notice")
        button = await phone.find_below("要求担保人")
        await button.click()
        await phone.tap("同意替其还款")
        await phone.tap("保存", role="button", exact=True)
        await phone.tap("记下其承诺")
        await phone.tap("11月18日 周三")
        await phone.tap(GUARANTOR)
        await phone.picture("procedure-7-guarantor-promises")
        await phone.tap("保存：", role="button")
        await phone.shows("已保存")

    paid = {
        "合同编号": CONTRACT,
        "还款日期": "20261118",
        "还款金额": "4312.00",
        "还款人": GUARANTOR,
        "流水号": "LS2",
    }
    office.close_app()
    office.clock.move_to(day(9), time(18, 0))
    office.paid([paid], day(9))
    await office.on_the_phone(lambda notebook: notebook.sync())
    records = {r["kind"]: r for r in office.branch.exported("activities")}
    assert set(records) == {"visit", "promise", "guarantor_demand", "notice"}
    [signature] = records["notice"]["blobs"]
    assert signature["media_type"] == "image/svg+xml"
    promises = office.branch.exported("promises")
    assert [p["state"] for p in promises] == ["partial", "kept"]
    assert Decimal(promises[1]["paid"]) > 0
    _, chains, _ = dossier_pdf(office.branch.office, CONTRACT)
    assert [c.broken for c in chains] == [None]
    office.clock.move_to(day(9), time(9, 0))
    other = row(
        2, 客户姓名="试二", 数据日期=day(9).isoformat(), 逾期天数="5", 最早未还应还日=day(5).isoformat()
    )
    office.listed([other])
    assert statuses(office.branch.office)[CONTRACT] == "watch"
