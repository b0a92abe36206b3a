"""The app in the phone's own browser, installed from the branch: offline, closed, opened again, and nothing is lost."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Response, async_playwright, expect

from tests.support.branch_server import RunningBranch
from tests.support.browser import DIALLER, HEIGHT, HERE, WIDTH, PhonePage, chromium_path

pytestmark = pytest.mark.browser

PIN = "246810"
STARTS_WITHIN_MS = 120_000  # Python and Flutter begin on a machine that others use too


class Phone:
    """One phone: a browser's profile that stays when the browser is closed. `from_outside` are the addresses whose
    answers did not come from what the phone keeps, since it was last opened.
    """

    def __init__(self, profile: Path, address: str) -> None:
        self._profile = profile
        self._address = address
        self.from_outside: list[str] = []
        self.from_kept: list[str] = []

    @asynccontextmanager
    async def opened(self, *, offline: bool = False) -> AsyncIterator[PhonePage]:
        """Open the browser at the app, as from the home screen, and close it whole at the end."""
        self.from_outside, self.from_kept = [], []
        async with async_playwright() as tool:
            context = await tool.chromium.launch_persistent_context(
                self._profile,
                executable_path=chromium_path(),
                args=["--no-sandbox"],
                viewport={"width": WIDTH, "height": HEIGHT},
                device_scale_factor=2,
                has_touch=True,
                is_mobile=True,
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
                geolocation=HERE,  # type: ignore[arg-type]
                permissions=["geolocation"],
                offline=offline,
            )
            context.set_default_timeout(STARTS_WITHIN_MS)
            context.on("response", self._note)
            try:
                await context.add_init_script(DIALLER)
                page = PhonePage(context.pages[0])
                await page.page.goto(self._address)
                await page.page.wait_for_selector("flt-semantics-placeholder", state="attached")
                await page.page.evaluate("document.querySelector('flt-semantics-placeholder').click()")
                yield page
            finally:
                await context.close()

    def _note(self, response: Response) -> None:
        if response.url.startswith(("http:", "https:")):
            (self.from_kept if response.from_service_worker else self.from_outside).append(response.url)


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBranch]:
    branch = RunningBranch(tmp_path_factory.mktemp("branch"), process=True, webapp=True)
    branch.officer("w001", "赵敏")
    branch.allow_contact_at_any_hour()
    branch.case("w001", borrower={
        "name": "林小满", "id_last4": "0000",
        "phones": [{"number": "19900000001", "label": "手机", "source": "list", "verified_on": None}],
        "addresses": [], "occupation": "",
    })  # fmt: skip
    branch.cli_json("webapp", "build")
    try:
        yield branch.start()
    finally:
        branch.close()


async def fill(page: PhonePage, label: str, words: str) -> None:
    """Write into a field, and see that it stands there: right after the start Flutter may still be drawing it."""
    field = page.page.get_by_label(label).first
    for _ in range(5):
        await field.click()
        await page.page.keyboard.press("Control+a")
        await page.page.keyboard.insert_text(words)
        try:
            await expect(field).to_have_value(words, timeout=2_000)
        except AssertionError:
            continue
        return
    raise AssertionError(f"{label} does not take what is typed")


async def appears(page: PhonePage, words: str) -> None:
    """As `shows`, with the time a start may take."""
    await expect(page.seen(words)).to_be_attached(timeout=STARTS_WITHIN_MS)


async def test_installed_once_the_app_works_without_network_and_what_was_recorded_reaches_the_branch_once(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone = Phone(tmp_path / "profile", branch.url)
    async with phone.opened() as page:
        await appears(page, "绑定本机")
        await fill(page, "机构服务器地址", branch.url)
        await fill(page, "信贷员工号", "w001")
        await fill(page, "绑定码", branch.code())
        await fill(page, "6 位 PIN", PIN)
        await fill(page, "再输一次 PIN", PIN)
        await page.picture("installed-1-enrol")
        await page.tap("绑定", role="button", exact=True)
        await appears(page, "今日到期承诺")
        await page.shows("林小满")
        await page.picture("installed-2-today")
        assert phone.from_outside, "the first start comes from the branch"
        assert all(url.startswith(branch.url) for url in phone.from_outside)

    await asyncio.to_thread(branch.stop)
    async with phone.opened(offline=True) as page:
        await appears(page, "请输入 6 位 PIN")
        await page.picture("installed-3-offline-start")
        assert phone.from_outside == []
        assert branch.url + "/" in phone.from_kept
        await page.enter_pin(PIN)
        await page.shows("林小满")
        await page.picture("installed-4-offline-today")
        await page.tap("林小满")
        await page.tap("拨号")
        await page.tap("无人接听")
        await page.tap("保存：无人接听")
        await page.shows("已保存")
        await page.picture("installed-5-offline-saved")
        assert phone.from_outside == []

    await asyncio.to_thread(branch.start)
    async with phone.opened() as page:
        await appears(page, "请输入 6 位 PIN")
        await page.enter_pin(PIN)
        await page.tap("我的", role="tab")
        await page.tap("立即同步")
        await expect(page.page.get_by_text(re.compile(r"0\s*未上传\s*1\s*已上传")).first).to_be_attached()
        await page.picture("installed-6-synced")
        assert all(url.startswith(branch.url) for url in phone.from_outside)

    assert [record["kind"] for record in branch.exported()] == ["call"]
