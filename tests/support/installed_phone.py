"""A phone with the app installed from the branch: a browser's profile that stays when the browser is closed.

`newer_build` puts another build beside the one the branch hands out, as a new version of the program would.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import Locator, Response, async_playwright, expect

from sync.branch.webapp.build import current, packed, put
from tests.support.branch_server import RunningBranch
from tests.support.browser import (
    DIALLER,
    HERE,
    LOOKS_EVERY_MS,
    PhonePage,
    becomes_true,
    chromium_path,
    phone_shape,
)

STARTS_WITHIN_MS = 120_000  # Python and Flutter begin on a machine that others use too
# Chromium puts off every update of a service worker until its own start is over: the page idle, or three minutes gone.
NEWER_WITHIN_MS = 300_000
PUT_TOGETHER_WITHIN_MS = 600_000
FILLS = 5
FAR_NAME = "branch.example"


class InstalledPage(PhonePage):
    """The one page of such a phone."""

    async def begins(self) -> None:
        """Wait until Flutter draws, and have it speak to assistive technology."""
        await self.page.wait_for_selector("flt-semantics-placeholder", state="attached")
        await self.page.evaluate("document.querySelector('flt-semantics-placeholder').click()")

    async def appears(self, words: str) -> None:
        """As `shows`, with the time a start may take."""
        await expect(self.seen(words)).to_be_attached(timeout=STARTS_WITHIN_MS)

    async def enrol(self, branch_url: str, officer_id: str, code: str, pin: str) -> None:
        """绑定, up to 今日."""
        await self.appears("绑定本机")
        await self._fill(
            {
                "机构服务器地址": branch_url,
                "信贷员工号": officer_id,
                "绑定码": code,
                "6 位 PIN": pin,
                "再输一次 PIN": pin,
            }
        )
        await self.tap("绑定", role="button", exact=True)
        await self.appears("今日到期承诺")

    async def _fill(self, fields: Mapping[str, str]) -> None:
        """Write into fields, and see that all of it stands there: while Flutter speaks to assistive technology it takes keys
        only from the frame after the touch, which a busy machine draws later than this writes.
        """
        for _ in range(FILLS):
            left = [
                label for label, words in fields.items() if await self._field(label).input_value() != words
            ]
            if not left:
                return
            for label in left:
                await self._field(label).click()
                await self.page.keyboard.press("Control+a")
                await self.page.keyboard.insert_text(fields[label])
            await self.page.wait_for_timeout(LOOKS_EVERY_MS)
        raise AssertionError(f"what is typed does not stay: {', '.join(left)}")

    def _field(self, label: str) -> Locator:
        return self.page.get_by_label(label).first

    async def unlock(self, pin: str) -> None:
        """The PIN, up to 今日."""
        await self.appears("请输入 6 位 PIN")
        await self.enter_pin(pin)
        await self.appears("今日到期承诺")

    async def offline(self, yes: bool) -> None:
        """The network goes, or comes back."""
        await self.page.context.set_offline(yes)

    async def builds_kept(self) -> int:
        """How many builds' files are on this phone."""
        names: list[str] = await self.page.evaluate("() => caches.keys()")
        return sum(name.startswith("waifang-build-") for name in names)

    async def newer_build_is_kept(self, version: str) -> None:
        """Wait until this newer build was fetched whole and its service worker has taken over."""
        await becomes_true(
            self.page,
            f"""async () => {{
                const builds = await serviceWorkerSays('builds?', 'builds');
                return builds && builds.newer && builds.version === '{version}';
            }}""",
            NEWER_WITHIN_MS,
        )

    async def older_builds_are_gone(self) -> None:
        """Wait until one build's files are left."""
        await becomes_true(
            self.page,
            "async () => (await caches.keys()).filter((name) => name.startsWith('waifang-build-')).length === 1",
            STARTS_WITHIN_MS,
        )


@dataclass(frozen=True, slots=True)
class PutTogether:
    """The app as a branch has put it together by itself, and what that branch answered meanwhile: `health`, the status of
    its /healthz, and `page`, what it gave out in the app's place.
    """

    webapp: Path
    health: int
    page: str

    @classmethod
    def by_a_branch(cls, folder: Path) -> PutTogether:
        """Found one in `folder`, start it, and wait until the app is there: half a minute."""
        branch = RunningBranch(folder, process=True, webapp=True).start()
        try:
            health, page = httpx.get(f"{branch.url}/healthz").status_code, httpx.get(branch.url).text
            for _ in range(PUT_TOGETHER_WITHIN_MS // LOOKS_EVERY_MS):
                if current(folder) is not None:
                    return cls(folder / "webapp", health, page)
                time.sleep(LOOKS_EVERY_MS / 1000)
        finally:
            branch.close()
        raise AssertionError("the branch did not put the app together")

    def hand_over(self, data: Path) -> None:
        """To another branch, which takes it for its own: no file of it is ever written to."""
        shutil.copytree(self.webapp, data / "webapp", copy_function=os.link)


class Phone:
    """`from_outside` are the addresses whose answers did not come from what the phone keeps, since it was last opened."""

    def __init__(self, profile: Path, address: str) -> None:
        self._profile = profile
        self._address = address
        self.from_outside: list[str] = []
        self.from_kept: list[str] = []

    @asynccontextmanager
    async def opened(self, *, offline: bool = False, dark: bool = False) -> AsyncIterator[InstalledPage]:
        """Open the browser at the app, as from the home screen, and close it whole at the end."""
        self.from_outside, self.from_kept = [], []
        async with async_playwright() as tool:
            context = await tool.chromium.launch_persistent_context(
                self._profile,
                executable_path=chromium_path(),
                # A name that is not this machine's own, as a phone sees a branch; no name server is asked.
                args=["--no-sandbox", f"--host-resolver-rules=MAP {FAR_NAME} 127.0.0.1"],
                **phone_shape(dark=dark, position=HERE, offline=offline),
            )
            context.set_default_timeout(STARTS_WITHIN_MS)
            context.on("response", self._note)
            try:
                await context.add_init_script(DIALLER)
                page = InstalledPage(context.pages[0])
                await page.page.goto(self._address)
                await page.begins()
                yield page
            finally:
                await context.close()

    def _note(self, response: Response) -> None:
        if response.url.startswith(("http:", "https:")):
            (self.from_kept if response.from_service_worker else self.from_outside).append(response.url)


def newer_build(data: Path, version: str, program: Mapping[str, bytes]) -> str:
    """Have the branch with this data folder hand out another build, whose `program` files replace those of the same path
    in app.tar; its name. It passes for made of the same inputs, or a `serve` that starts would put its own in its place.
    """
    folder = current(data)
    assert folder is not None, "there is no build yet"
    listed = json.loads((folder / "build.json").read_bytes())["files"]
    files = {path: (folder / f["hash"]).read_bytes() for path, f in listed.items() if path != "sw.js"}
    before = unpacked(files["app.tar"])
    assert program.keys() <= before.keys(), "not in the program"
    files["app.tar"] = packed(before | program)
    inputs = json.loads((data / "webapp" / "current.json").read_bytes())["inputs"]
    return put(data / "webapp", files, inputs, version).build


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of an app.tar, by path."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            file = tar.extractfile(entry)
            assert file is not None
            files[entry.name] = file.read()
    return files
