"""What a thumb waits for: a tap's time to the case and to 已保存 in Chromium, beside a tap in an empty Flet app.

Both apps run at once behind the same page server and are measured the same way: from the pointer's release to the
moment the awaited words stand in the page's semantics. A row's gap while scrolling is the tallest stretch of the
list's place that no row covered in any frame looked at.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Locator

from tests.bench.empty_app import BACK, OPEN, OPENED, TAP, TAPPED
from tests.bench.made_up import PIN
from tests.support.browser import HERE, PhonePage, open_phone
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
ROUNDS = 12
STARTS_WITHIN_S = 60
STOPS_WITHIN_S = 20
ANSWERS_WITHIN_S = 30
COMES_TO_REST_S = 0.8  # a screen slides in; a tap on the way counts for nothing
FLICKS = 30

WATCH = """
words => {
  const said = e => e.getAttribute('aria-label') || e.textContent || '';
  const there = () => [...document.querySelectorAll('flt-semantics')].some(e => said(e).includes(words));
  window.__took = new Promise(resolve => {
    let released = null;
    addEventListener('pointerup', () => { released = performance.now(); }, {capture: true, once: true});
    const look = () => { if (released !== null && there()) { watch.disconnect(); resolve(performance.now() - released); } };
    const watch = new MutationObserver(look);
    watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  });
}
"""
# The rows are buttons in a list between the filters above and the tabs below; what Flutter tells of rows beyond its
# edges is not on the screen. Looked at in every frame while a thumb flicks.
LOOK_AT_EVERY_FRAME = """
() => {
  const seen = window.__seen = {rows: new Set(), widest: 0, frames: 0, on: true};
  const words = e => e.getAttribute('aria-label') || e.textContent || '';
  const scrolls = e => /auto|scroll|hidden/.test(getComputedStyle(e).overflowY);
  const look = () => {
    const rows = [...document.querySelectorAll('flt-semantics[role=button]')].filter(e => words(e).includes('逾期'));
    let list = rows.length ? rows[0].parentElement : null;
    while (list && list.parentElement && !scrolls(list)) list = list.parentElement;
    if (list) {
      const {top, bottom: end} = list.getBoundingClientRect();
      const tab = document.querySelector('flt-semantics[role=tab]');
      const bottom = Math.min(end, tab ? tab.getBoundingClientRect().top : innerHeight);
      const inside = rows.map(e => [e.getBoundingClientRect(), words(e)])
        .filter(([b]) => b.bottom > top && b.top < bottom).sort((x, y) => x[0].top - y[0].top);
      let covered = top;
      for (const [b, name] of inside) {
        seen.widest = Math.max(seen.widest, b.top - covered);
        covered = Math.max(covered, b.bottom);
        seen.rows.add(name);
      }
      seen.widest = Math.max(seen.widest, bottom - covered);
      seen.frames += 1;
    }
    if (seen.on) requestAnimationFrame(look);
  };
  look();
}
"""


async def report_browser(folder: Path, say: Callable[[str], None]) -> None:
    """Measure with the notebook in `folder` and print."""
    async with AsyncExitStack() as stack:
        notebook = await stack.enter_async_context(
            served("main.py", "--data", str(folder), "--no-browser", "--port")
        )
        empty = await stack.enter_async_context(served("-m", "tests.bench.empty_app"))
        phone = await stack.enter_async_context(open_phone(position=HERE))
        beside = await stack.enter_async_context(open_phone())
        await beside.goto(empty)
        line, screen = await _taps_of_the_empty_app(beside, 0)
        try:
            to_case, to_saved = await _taps_of_the_notebook(phone, notebook)
        except Exception:
            say(f"stopped; what was on the screen is in {await phone.picture('bench_stopped')}")
            raise
        line_again, screen_again = await _taps_of_the_empty_app(beside, ROUNDS)
        rows, frames, gap = await _scrolled(phone)
    say(f"\nin Chromium, {ROUNDS} taps each, medians; beside the same tap in an empty Flet app")
    _say_ratio(say, "a tap to the case   ", to_case, screen + screen_again, "a screen of plain text opens")
    _say_ratio(say, "a tap to 已保存     ", to_saved, line + line_again, "a line changes")
    say(
        f"  scrolling 客户         {rows} rows in {frames} frames, widest stretch without a row {gap:.0f} px "
        "(between rows 8, at the end 24)"
    )


def _say_ratio(
    say: Callable[[str], None], what: str, times: list[float], base: list[float], beside: str
) -> None:
    ours, theirs = statistics.median(times), statistics.median(base)
    say(f"  {what} {ours:8.1f} ms   {ours / theirs:.2f} x   aim 1.5 x   ({beside}: {theirs:.1f} ms)")


async def _taps_of_the_empty_app(phone: PhonePage, tapped: int) -> tuple[list[float], list[float]]:
    """A changed line, an opened screen; the time of each. `tapped` is what the line counts so far."""
    await phone.shows(TAP)
    button = phone.page.get_by_role
    line = [
        await _took(phone, button("button", name=TAP), f"{TAPPED} {tapped + n + 1}") for n in range(ROUNDS)
    ]
    screen: list[float] = []
    for _ in range(ROUNDS):
        screen.append(await _took(phone, button("button", name=OPEN), OPENED))
        await asyncio.sleep(COMES_TO_REST_S)
        await button("button", name=BACK).click()
        await asyncio.sleep(COMES_TO_REST_S)
    return line, screen


async def _taps_of_the_notebook(phone: PhonePage, address: str) -> tuple[list[float], list[float]]:
    """From the list to the case, from the case's dialler to a saved call, and back, again and again."""
    page = phone.page
    await phone.goto(address)
    await phone.enter_pin(PIN)
    await phone.shows("待办")
    await page.get_by_role("tab", name="客户").click()
    to_case: list[float] = []
    to_saved: list[float] = []
    back = page.get_by_role("button", name="返回").first
    for n in range(ROUNDS):
        row = page.get_by_role("button").filter(has_text="逾期").nth(n % 4)
        to_case.append(await _took(phone, row, "补齐逾期"))
        await page.get_by_role("button", name="拨号").click()
        await page.get_by_role("button", name="无人接听", exact=True).click()
        save = page.get_by_role("button", name="保存", disabled=False)
        to_saved.append(await _took(phone, save, "已保存"))
        await back.click()
        await page.get_by_role("button", name="拨号").wait_for()
        await asyncio.sleep(COMES_TO_REST_S)
        await back.click()
        await page.get_by_role("tab", name="客户").wait_for()
    return to_case, to_saved


async def _took(phone: PhonePage, target: Locator, words: str) -> float:
    """Milliseconds from the release of the pointer on `target` until `words` are there."""
    await target.wait_for(state="visible")
    await asyncio.sleep(COMES_TO_REST_S)
    await phone.page.evaluate(WATCH, words)
    await target.click()
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        took: float = await phone.page.evaluate("() => window.__took")
    return took


async def _scrolled(phone: PhonePage) -> tuple[int, int, float]:
    """Flick through 客户; how many rows came by in how many frames, and the tallest stretch no row covered."""
    page = phone.page
    thumb = await page.context.new_cdp_session(page)
    await page.evaluate(LOOK_AT_EVERY_FRAME)
    for _ in range(FLICKS):
        await thumb.send(
            "Input.synthesizeScrollGesture",
            {"x": 195, "y": 650, "yDistance": -420, "speed": 2400, "gestureSourceType": "touch"},
        )
    await page.evaluate("() => { window.__seen.on = false; }")
    rows, frames, widest = await page.evaluate(
        "() => [window.__seen.rows.size, window.__seen.frames, window.__seen.widest]"
    )
    return rows, frames, widest


@asynccontextmanager
async def served(*command: str) -> AsyncIterator[str]:
    """A process of its own that serves a page on a free port, stopped at the end."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, *command, str(port), cwd=ROOT)
    try:
        await asyncio.wait_for(_listening(port, process), STARTS_WITHIN_S)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), STOPS_WITHIN_S)


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise RuntimeError(f"the server ended with {process.returncode} before it listened")
