"""Bad luck while the installed page is fetched, kept and renewed: its own start page and service worker in Chromium, around a
program of one line in the place of Python and Flutter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from sync.branch.webapp.build import PAGE, service_worker
from tests.support.browser import becomes_true, chromium_path, phone_shape
from tests.support.handing_out import handed_out

pytestmark = pytest.mark.browser

PYTHON = b"onmessage = ({ data }) => { if (data.kind === 'begin') postMessage({ kind: 'running' }); };"
REFUSED = b"onmessage = () => postMessage({ kind: 'failed', name: 'NoStorage', why: 'SecurityError' });"
PORTAL = b"<!DOCTYPE html><title>Wi-Fi</title>Please sign in."
FULL = 1_000_000  # bytes a browser may keep for a page; too few for this one
PROGRAM = "part.bin"


def program(version: str, python: bytes = PYTHON) -> dict[str, bytes]:
    """A whole build: the real start page, and a program that says its version."""
    files = {name: (PAGE / name).read_bytes() for name in ("index.html", "start.css", "start.js")}
    drawn = f"dispatchEvent(new Event('flutter-first-frame')); document.title = 'started {version}';"
    shown = f"jsConnect(1, null, () => {{}}).then(() => fetch('/{PROGRAM}').then((r) => r.ok && r.arrayBuffer())).then((whole) => whole && (() => {{ {drawn} }})());"
    files |= {
        "python-worker.js": python, "flutter_bootstrap.js": shown.encode(), PROGRAM: version.encode() * 2_000_000,
        "icons/start.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "manifest.json": b"{}",
    }  # fmt: skip
    return files | {"sw.js": service_worker(files, version, version)}


class Site:
    """What the branch gives out, changed while it is served, and one phone."""

    def __init__(self, files: dict[str, bytes], address: str, context: BrowserContext, page: Page) -> None:
        self.files, self.address, self.context, self.page = files, address, context, page

    def hands_out(self, files: dict[str, bytes]) -> None:
        """These files from now on, and no others."""
        self.files.clear()
        self.files.update(files)

    async def open(self) -> None:
        await self.page.goto(self.address)

    async def starts(self, version: str) -> None:
        await expect(self.page).to_have_title(f"started {version}")
        await expect(self.page.locator("#start")).to_have_count(0)

    async def starts_offline(self, version: str) -> None:
        await self.context.set_offline(True)
        await self.page.reload()
        await self.starts(version)
        await self.context.set_offline(False)

    async def says(self, words: str) -> None:
        await expect(self.page.locator("#told")).to_contain_text(words)

    async def look_for_newer(self) -> None:
        """As after the network has come back; waits until the try is over, however it ends."""
        await self.page.evaluate(
            """async () => {
                const registration = await navigator.serviceWorker.ready;
                await registration.update().catch(() => {});
                const tried = registration.installing;
                if (tried) await new Promise((over) => tried.addEventListener('statechange',
                    () => (tried.state === 'redundant' || tried.state === 'activated') && over()));
            }"""
        )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with fetched_from(program("1")) as site:
        yield site


@asynccontextmanager
async def fetched_from(files: dict[str, bytes]) -> AsyncIterator[Site]:
    async with handed_out(files) as address, async_playwright() as tool:
        browser = await tool.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        try:
            context = await browser.new_context(**phone_shape())
            yield Site(files, address, context, await context.new_page())
        finally:
            await browser.close()


async def test_a_first_download_that_was_cut_goes_on_when_it_is_tried_again(site: Site) -> None:
    whole = site.files.pop(PROGRAM)
    await site.open()
    await site.says("没有下载完整")
    site.files[PROGRAM] = whole
    await site.page.locator("#start button", has_text="再试一次").click()
    await site.starts("1")
    await site.starts_offline("1")


async def test_a_sign_in_page_in_the_way_of_the_first_download_is_never_taken_for_the_app(site: Site) -> None:
    whole = site.files[PROGRAM]
    site.files[PROGRAM] = PORTAL
    await site.open()
    await site.says("没有下载完整")
    site.files[PROGRAM] = whole
    await site.page.locator("#start button", has_text="再试一次").click()
    await site.starts("1")


async def test_a_phone_without_room_is_told_so(site: Site) -> None:
    devtools = await site.context.new_cdp_session(site.page)
    await devtools.send(
        "Storage.overrideQuotaForOrigin", {"origin": site.address.rstrip("/"), "quotaSize": FULL}
    )
    await site.open()
    await site.says("空间不够")
    await devtools.send("Storage.overrideQuotaForOrigin", {"origin": site.address.rstrip("/")})
    await site.page.locator("#start button", has_text="再试一次").click()
    await site.starts("1")


async def test_a_browser_that_keeps_no_data_is_named_as_the_reason() -> None:
    async with fetched_from(program("1", REFUSED)) as site:
        await site.open()
        await site.says("浏览器不让外访保存数据")


async def test_an_update_that_comes_in_part_or_as_a_sign_in_page_changes_nothing_until_it_is_whole(
    site: Site,
) -> None:
    await site.open()
    await site.starts("1")
    newer = program("2")
    for spoiled in (
        {**newer, "sw.js": PORTAL},
        {**newer, PROGRAM: PORTAL},
        {k: v for k, v in newer.items() if k != PROGRAM},
    ):
        site.hands_out(spoiled)
        await site.look_for_newer()
        await site.starts_offline("1")
    site.hands_out(newer)
    await site.look_for_newer()
    await site.page.reload()
    await site.says("有新版本（2）")
    await site.page.locator("#start button", has_text="换上新版本").click()
    await site.starts("2")
    await site.starts_offline("2")


async def test_a_newer_build_that_did_not_come_whole_is_fetched_a_minute_later_by_the_page_itself(
    site: Site,
) -> None:
    await site.open()
    await site.starts("1")
    await site.page.clock.install()
    newer = program("2")
    whole = newer.pop(PROGRAM)
    site.hands_out(newer)
    await site.look_for_newer()
    site.files[PROGRAM] = whole
    await site.page.clock.fast_forward("01:00")
    await becomes_true(
        site.page,
        "async () => { const builds = await serviceWorkerSays('builds?', 'builds'); return builds && builds.newer; }",
    )


async def test_what_the_browser_has_thrown_away_is_fetched_again(site: Site) -> None:
    await site.open()
    await site.starts("1")
    for lost in (
        "async () => { for (const name of await caches.keys()) await caches.delete(name); }",
        f"async () => {{ for (const name of await caches.keys()) await (await caches.open(name)).delete('/{PROGRAM}'); }}",
    ):
        await site.page.evaluate(lost)
        await site.page.reload()
        await site.starts("1")
        await becomes_true(site.page, "async () => Boolean(await caches.match('/part.bin'))")
        await site.starts_offline("1")
