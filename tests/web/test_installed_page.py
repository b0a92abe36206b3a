"""The app in the phone's own browser, installed from the branch: offline, closed, opened again, and nothing is lost."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.support.branch_server import RunningBranch
from tests.support.installed_phone import FAR_NAME, InstalledPage, Phone, PutTogether
from tests.web.one_borrower import fill_in_a_visit

pytestmark = pytest.mark.browser

PIN = "246810"
NAME = "林小满"


def borrower(name: str) -> dict[str, Any]:
    return {
        "name": name, "id_last4": "0000",
        "phones": [{"number": "19900000001", "label": "手机", "source": "list", "verified_on": None}],
        "addresses": [{"kind": "business", "text": "虚构县甲镇一村1号", "town": "甲镇", "village": "一村"}],
        "occupation": "小卖部",
    }  # fmt: skip


def made_branch(folder: Path) -> RunningBranch:
    """A branch with one officer and one case that hands the app out; not started yet."""
    branch = RunningBranch(folder, process=True, webapp=True)
    branch.officer("w001", "赵敏")
    branch.allow_contact_at_any_hour()
    branch.case("w001", borrower=borrower(NAME))
    return branch


@pytest.fixture
def branch(tmp_path: Path, put_together: PutTogether) -> Iterator[RunningBranch]:
    branch = made_branch(tmp_path / "branch")
    put_together.hand_over(branch.folder)
    try:
        yield branch.start()
    finally:
        branch.close()


async def back_to_the_case(page: InstalledPage) -> None:
    await page.tap(f"返回 {NAME}")
    await page.hides("已加密存在本机")
    await page.shows("补齐逾期")


async def log_a_call(page: InstalledPage) -> None:
    """At the case; ends at 已保存."""
    await page.tap("拨号")
    await page.tap("无人接听")
    await page.tap("保存：无人接听")
    await page.shows("已保存")


async def log_a_visit(page: InstalledPage) -> None:
    await fill_in_a_visit(page)
    await page.tap("保存：愿还，日期未定")
    await page.shows("已保存")


async def log_a_promise(page: InstalledPage) -> None:
    await page.tap("承诺", exact=True)
    await page.tap("3 天后")
    await page.tap("保存：", role="button")
    await page.shows("已保存")


async def sync(page: InstalledPage, uploaded: int) -> None:
    await page.tap("我的", role="tab")
    await page.tap("立即同步")
    counts = re.compile(rf"0\s*未上传\s*{uploaded}\s*已上传")
    await expect(page.page.get_by_text(counts).first).to_be_attached()


async def elsewhere(page: InstalledPage, address: str, words: str) -> None:
    """What a second window says at an address."""
    second = await page.page.context.new_page()
    await second.goto(address)
    await expect(second.locator("#told")).to_contain_text(words)
    await second.close()


def test_a_branch_answers_while_it_puts_the_app_together(put_together: PutTogether) -> None:
    assert put_together.health == 200
    assert "请稍候" in put_together.page


async def test_installed_once_the_app_works_without_network_and_what_was_recorded_reaches_the_branch_once(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone = Phone(tmp_path / "profile", branch.url)
    async with phone.opened() as page:
        await page.appears("绑定本机")
        await page.picture("installed-1-enrol")
        await page.enrol(branch.url, "w001", branch.code(), PIN)
        await page.shows(NAME)
        await page.picture("installed-2-today")
        assert phone.from_outside, "the first start comes from the branch"
        assert all(url.startswith(branch.url) for url in phone.from_outside)
        await elsewhere(page, branch.url, "外访已在另一个窗口打开")
        await elsewhere(page, branch.url.replace("127.0.0.1", FAR_NAME), "这个地址的连接没有受到保护")

    await asyncio.to_thread(branch.stop)
    async with phone.opened(offline=True) as page:
        await page.appears("请输入 6 位 PIN")
        await page.picture("installed-3-offline-start")
        assert phone.from_outside == []
        assert branch.url + "/" in phone.from_kept
        await page.unlock(PIN)
        await page.shows(NAME)
        await page.picture("installed-4-offline-today")
        await page.tap(NAME)
        await log_a_call(page)
        await page.picture("installed-5-offline-call")
        await back_to_the_case(page)
        await log_a_visit(page)
        await page.picture("installed-6-offline-visit")
        await back_to_the_case(page)
        await log_a_promise(page)
        await page.picture("installed-7-offline-promise")
        assert phone.from_outside == []

    await asyncio.to_thread(branch.start)
    async with phone.opened() as page:
        await page.unlock(PIN)
        await sync(page, 3)
        await page.picture("installed-8-synced")
        assert all(url.startswith(branch.url) for url in phone.from_outside)

    assert [record["kind"] for record in branch.exported()] == ["call", "visit", "promise"]
    assert [record["device_seq"] for record in branch.exported()] == [1, 2, 3]
