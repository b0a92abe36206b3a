"""A newer build of the installed page: taken only when agreed to, nothing lost, and one that does not open gives its
place back.
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from playwright.async_api import expect

from tests.support.branch_server import ROOT, RunningBranch
from tests.support.installed_phone import STARTS_WITHIN_MS, InstalledPage, Phone, PutTogether, newer_build
from tests.web.test_installed_page import (
    NAME,
    PIN,
    back_to_the_case,
    borrower,
    log_a_call,
    log_a_promise,
    made_branch,
    sync,
)

pytestmark = pytest.mark.browser

ABOUT = "app/__init__.py"
LATER = "陈后来"
FIRST_SCREENS = "app/in_browser.py"
OPENING = "app/store/opening.py"


@pytest.fixture
def branch(tmp_path: Path, put_together: PutTogether) -> Iterator[RunningBranch]:
    branch = made_branch(tmp_path / "branch")
    put_together.hand_over(branch.folder)
    try:
        yield branch.start()
    finally:
        branch.close()


def source(path: str) -> bytes:
    return (ROOT / path).read_bytes()


async def put(
    branch: RunningBranch, version: str, program: Mapping[str, bytes] = MappingProxyType({})
) -> None:
    """A build that says `version` of itself in 我的, with `program` in place of what it has."""
    named = source(ABOUT) + f'\nVERSION = "{version}"\n'.encode()
    whole = {FIRST_SCREENS: source(FIRST_SCREENS), OPENING: source(OPENING)}
    await asyncio.to_thread(newer_build, branch.folder, version, {**whole, ABOUT: named, **program})


async def phone_with_a_call_waiting(branch: RunningBranch, profile: Path) -> Phone:
    """Enrolled with the first build, closed, and the branch does not know of the call yet."""
    phone = Phone(profile, branch.url)
    async with phone.opened() as page:
        await page.enrol(branch.url, "w001", branch.code(), PIN)
        await page.shows(NAME)
        await page.offline(True)
        await page.tap(NAME)
        await log_a_call(page)
    return phone


async def choose(page: InstalledPage, words: str) -> None:
    """On the start picture; before it there may be a start that fails."""
    button = page.page.locator("#start button", has_text=words)
    await expect(button).to_be_visible(timeout=STARTS_WITHIN_MS)
    await button.click()


async def test_a_newer_build_is_used_when_agreed_to_and_what_waits_is_sent_once(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone = await phone_with_a_call_waiting(branch, tmp_path / "profile")

    await put(branch, "0.2.0")
    async with phone.opened() as page:  # locked, so that nothing is sent yet
        await page.appears("请输入 6 位 PIN")
        await page.newer_build_is_kept("0.2.0")
        await page.offline(True)
        await page.unlock(PIN)
        assert await page.builds_kept() == 2
        await page.tap("我的", role="tab")
        await page.shows("有新版本：0.2.0")
        await page.picture("newer-1-offered-in-me")
        await page.find_below("外访 0.1.0")  # the build in use, until somebody agrees

    async with phone.opened(offline=True) as page:
        await choose(page, "以后再说")
        await page.unlock(PIN)
        assert await page.builds_kept() == 2

    async with phone.opened(offline=True) as page:
        await expect(page.page.locator("#told")).to_contain_text("0.2.0")
        await page.picture("newer-2-offered-at-the-start")
        async with page.page.expect_navigation():
            await choose(page, "换上新版本")
        await page.begins()
        await page.appears("请输入 6 位 PIN")
        assert await page.builds_kept() == 2, "the older one stays until the newer has opened the store"
        await page.unlock(PIN)
        await page.older_builds_are_gone()
        await page.tap("我的", role="tab")
        await page.find_below("外访 0.2.0")
        await page.offline(False)
        await sync(page, 1)
        await page.picture("newer-3-used-and-synced")

    assert [record["kind"] for record in branch.exported()] == ["call"]


async def test_a_phone_too_old_for_the_branch_hands_in_what_it_has_and_takes_the_newer_build_when_agreed_to(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone = await phone_with_a_call_waiting(branch, tmp_path / "profile")
    await asyncio.to_thread(branch.stop)
    branch.released = ("0.1.0", "0.2.0", "0.3.0", "0.4.0")  # a branch of three releases later
    await asyncio.to_thread(branch.start)
    branch.case("w001", borrower=borrower(LATER))
    await put(branch, "0.4.0")

    async with phone.opened() as page:
        await page.unlock(PIN)
        await page.tap("我的", role="tab")
        await page.shows("本应用版本太旧")
        await page.newer_build_is_kept("0.4.0")  # looked for at once, fetched, and only offered
        await page.shows("有新版本：0.4.0")
        await page.picture("newer-5-too-old")
        assert [record["kind"] for record in branch.exported()] == ["call"]
        await page.offline(True)
        await page.tap("今日", role="tab")
        await page.tap(NAME)
        await log_a_promise(page)
        await back_to_the_case(page)
        await page.tap("返回")
        await expect(page.page.get_by_text(LATER)).to_have_count(0)
        await page.tap("我的", role="tab")
        async with page.page.expect_navigation():
            await page.tap("换上新版本")
        await page.begins()
        await page.appears("请输入 6 位 PIN")
        await page.enter_pin(PIN)
        await page.appears("立即同步")  # at 我的 again
        await page.offline(False)
        await sync(page, 2)
        await page.find_below("外访 0.4.0")
        await page.tap("客户", role="tab")
        await page.shows(LATER)
        await page.picture("newer-6-pulls-again")

    assert [record["kind"] for record in branch.exported()] == ["call", "promise"]
    assert [record["device_seq"] for record in branch.exported()] == [1, 2]


async def test_a_build_that_does_not_open_gives_its_place_back_and_the_one_before_it_works_on(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone = await phone_with_a_call_waiting(branch, tmp_path / "profile")

    await put(branch, "0.3.0", {FIRST_SCREENS: b"raise RuntimeError('made for a test')\n"})
    async with phone.opened() as page:
        await page.appears("请输入 6 位 PIN")
        await page.newer_build_is_kept("0.3.0")

    async with phone.opened(offline=True) as page:
        await choose(page, "换上新版本")
        await choose(page, "继续")  # it did not start, and the page has gone back by itself
        await page.begins()
        await page.picture("newer-4-gave-its-place-back")
        await page.unlock(PIN)
        await page.tap("我的", role="tab")
        await page.shows("上次没有打开")

    unopened = (
        source(OPENING) + b"\n\nasync def open_store(*a, **k):\n    raise RuntimeError('made for a test')\n"
    )
    await put(branch, "0.4.0", {OPENING: unopened})
    async with phone.opened() as page:
        await page.appears("请输入 6 位 PIN")
        await page.newer_build_is_kept("0.4.0")

    async with phone.opened(offline=True) as page:
        async with page.page.expect_navigation():
            await choose(page, "换上新版本")
        await page.begins()
        await page.appears("请输入 6 位 PIN")
        async with page.page.expect_navigation():
            await page.enter_pin(PIN)
        await choose(page, "继续")
        await page.begins()
        await page.unlock(PIN)
        await page.offline(False)
        await sync(page, 1)

    assert [record["kind"] for record in branch.exported()] == ["call"]
