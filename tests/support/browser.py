"""A real Chromium at a phone's size, for what only a browser shows.

`open_phone()` gives a 390×844 touch page with Flutter's semantics on, so that `get_by_role`, `get_by_label` and
`get_by_text` work; a position comes from the browser itself. Without Chromium the test is skipped, or fails where
WAIFANG_NEED_BROWSER=1 says that there must be one. Pictures go to .artifacts/.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

WIDTH, HEIGHT = 390, 844
HERE = {"latitude": 32.3504, "longitude": 106.8402, "accuracy": 12}
ARTIFACTS = Path(__file__).parents[2] / ".artifacts"
APPEARS_WITHIN_MS = 30_000
LOOKS_EVERY_MS = 500

expect.set_options(timeout=APPEARS_WITHIN_MS)


def chromium_path() -> str:
    """Where Chromium is; skips the test, or fails it where a browser is required."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("WAIFANG_NEED_BROWSER") == "1":
            pytest.fail("WAIFANG_NEED_BROWSER=1, but there is no Chromium on this machine")
        pytest.skip("no Chromium on this machine")
    return found


# A real tel: link makes Chromium ask, in a window of its own that headless has no hands for. The page's own call to
# open it is what counts here.
DIALLER = """
window.dialled = [];
const open = window.open.bind(window);
window.open = (url, ...rest) => /^tel:/.test(url) ? (window.dialled.push(url), null) : open(url, ...rest);
"""


class PhonePage:
    """What a thumb can do on one page. `taps` counts touches, typing is not one."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    async def goto(self, address: str) -> None:
        """Open the app and wait until it draws and speaks to assistive technology."""
        await self.page.goto(address)
        await self.page.wait_for_selector(
            "flt-semantics-placeholder", state="attached", timeout=APPEARS_WITHIN_MS
        )
        await self.page.evaluate("document.querySelector('flt-semantics-placeholder').click()")

    def seen(self, words: str, *, exact: bool = False) -> Locator:
        """The first thing on screen with these words, as text or as a label."""
        labelled = self.page.get_by_label(words, exact=exact)
        return self.page.get_by_text(words, exact=exact).or_(labelled).first

    async def shows(self, words: str, *, exact: bool = False) -> None:
        """Wait until these words are on screen."""
        await expect(self.seen(words, exact=exact)).to_be_attached()

    async def hides(self, words: str) -> None:
        """Wait until these words are gone."""
        await expect(self.page.get_by_text(words)).to_have_count(0)

    async def tap(self, words: str, *, role: Any = None, exact: bool = False) -> None:
        """Touch what carries these words."""
        target = (
            self.page.get_by_role(role, name=words, exact=exact).first
            if role
            else self.seen(words, exact=exact)
        )
        await expect(target).to_be_attached()
        await self._at_rest(target)
        await target.click()
        self.taps += 1

    async def _at_rest(self, target: Locator) -> None:
        """What the touch before has moved must have come to rest: a touch goes to a place, not to words."""
        before = await target.bounding_box()
        for _ in range(50):
            await self.page.wait_for_timeout(100)
            now = await target.bounding_box()
            if now == before:
                return
            before = now
        raise AssertionError("the page does not come to rest")

    async def find_below(self, words: str, *, step: int = 400, screens: int = 30) -> Locator:
        """Scroll down until these words are there: Flutter tells nothing of what is far below the window."""
        await self.page.mouse.move(WIDTH / 2, HEIGHT / 2)
        for _ in range(screens):
            if await self.seen(words).count():
                return self.seen(words)
            await self.page.mouse.wheel(0, step)
            await self.page.wait_for_timeout(150)
        raise AssertionError(f"{words} is nowhere on this page")

    async def write(self, label: str, words: str) -> None:
        """Type into the field with this label: Flutter's fields take keys, not values."""
        field = self.page.get_by_label(label).first
        await field.click()
        await self.page.keyboard.insert_text(words)

    async def enter_pin(self, pin: str) -> None:
        """Touch the digits."""
        for digit in pin:
            await self.page.get_by_role("button", name=digit, exact=True).first.click()
            self.taps += 1

    async def dialled(self) -> list[str]:
        """The tel: links the page has opened."""
        return list(await self.page.evaluate("window.dialled"))

    async def picture(self, name: str) -> Path:
        """Keep a screenshot under .artifacts/."""
        ARTIFACTS.mkdir(exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        await self.page.screenshot(path=path)
        return path


async def becomes_true(page: Page, script: str, within_ms: int = APPEARS_WITHIN_MS) -> None:
    """Wait until this script says true. Playwright's own `wait_for_function` takes the promise of an asynchronous one for
    its answer, and waits for nothing.
    """
    for _ in range(within_ms // LOOKS_EVERY_MS):
        if await page.evaluate(script):
            return
        await page.wait_for_timeout(LOOKS_EVERY_MS)
    raise AssertionError(f"never so: {script}")


def phone_shape(
    *, dark: bool = False, position: dict[str, float] | None = None, width: int = WIDTH, offline: bool = False
) -> dict[str, Any]:
    """What makes a browser's context a phone of a branch in China; for whatever opens one."""
    return {
        "viewport": {"width": width, "height": HEIGHT},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "color_scheme": "dark" if dark else "light",
        "geolocation": position,
        "permissions": ["geolocation"] if position else [],
        "offline": offline,
    }


@asynccontextmanager
async def open_phone(
    *, dark: bool = False, position: dict[str, float] | None = None, width: int = WIDTH, offline: bool = False
) -> AsyncIterator[PhonePage]:
    """A fresh browser with one phone-sized page. `position` None: the officer refused to give one."""
    async with async_playwright() as tool:
        browser = await tool.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        try:
            context = await browser.new_context(
                **phone_shape(dark=dark, position=position, width=width, offline=offline)
            )
            context.set_default_timeout(APPEARS_WITHIN_MS)
            await context.add_init_script(DIALLER)
            yield PhonePage(await context.new_page())
        finally:
            await browser.close()
