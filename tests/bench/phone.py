"""What the page installed on a phone weighs and how long it keeps an officer waiting, beside an empty Flet page.

    python -m tests.bench.phone             weight, then start, resume, memory and a save with 300 cases
    python -m tests.bench.phone --quarter   once more with a quarter of a core (cgroup; needs root)
    python -m tests.bench.phone --weight    the bytes alone

The empty page is put together from the same build: the same client, runtime, start page and service worker, with Flet
alone and one line of text in the place of the program. Both are opened once, kept by their service workers, and
started from there in a new browser each time. An officer's typing of the PIN is not counted: the start is from the
icon to the PIN's keys, and from the last digit to the plan. Nothing fails for being slow.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright

from sync.branch.webapp.build import packed
from tests.bench.in_browser import _took, served
from tests.bench.made_up import PIN, _case
from tests.support.branch_server import RunningBranch
from tests.support.browser import DIALLER, HEIGHT, HERE, WIDTH, PhonePage, chromium_path
from tests.support.handing_out import handed_out
from tests.support.installed_phone import InstalledPage, unpacked

CASES, STARTS, SAVES = 300, 3, 5
LOADS_WITHIN_MS = 600_000
LARGEST = 12
MB = 1_000_000
EMPTY = "Nothing here"
# What an empty page needs of the program's packages.
FLET = ("flet/", "flet-", "msgpack", "repath", "six.py")
# What the page itself needs to begin any program.
BEGINNING = ("app/device/__init__.py", "app/device/browser/__init__.py", "app/device/browser/compiled.py")
KEEPS_COMPILED = "async () => Boolean(await caches.match('/compiled'))"
EMPTY_PROGRAM = f"""
def run():
    import flet as ft

    def show(page):
        page.title = "empty"
        page.add(ft.Text("{EMPTY}"))

    ft.run(show)
"""
QUOTA_US, PERIOD_US = 25_000, 100_000


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Build:
    """One build as `webapp build` writes it: what is served under each path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, dict[str, Any]] = json.loads((folder / "build.json").read_bytes())["files"]

    def content(self, path: str) -> bytes:
        return (self.folder / self.files[path]["hash"]).read_bytes()

    def kept(self) -> list[list[Any]]:
        """What the service worker keeps: path, hash, size, renderer."""
        line = next(x for x in self.content("sw.js").decode().splitlines() if x.startswith("const FILES = "))
        found: list[list[Any]] = json.loads(line.removeprefix("const FILES = ").removesuffix(";"))
        return found

    def first_load(self, renderer: str) -> dict[str, int]:
        """Bytes by path that a phone with that renderer fetches the first time, brotli."""
        return {
            p: self.files[p]["brotli"] for p, _hash, _size, group in self.kept() if group in ("", renderer)
        }


def emptied(build: Build) -> dict[str, bytes]:
    """The same page around an empty program: every file by its path."""
    files = {path: build.content(path) for path in build.files}
    inside = {"app/__init__.py": b"", "app/in_browser.py": EMPTY_PROGRAM.encode()}
    for path, content in unpacked(files["app.tar"]).items():
        name = path.removeprefix("__pypackages__/")
        if name in BEGINNING or (name != path and name.startswith(FLET)):
            inside[path] = content
    before, after = build.files["app.tar"], packed(inside)
    files["app.tar"] = after
    worker = files["sw.js"].decode()
    worker = worker.replace(before["hash"], hashlib.sha256(after).hexdigest())
    files["sw.js"] = worker.replace(f", {before['bytes']}, ", f", {len(after)}, ").encode()
    return files


class Slow:
    """A cgroup with a quarter of a core, version 2 or 1, whichever this machine has. Raises OSError."""

    def __init__(self) -> None:
        two = Path("/sys/fs/cgroup/cgroup.controllers").exists()
        self.group = Path("/sys/fs/cgroup" if two else "/sys/fs/cgroup/cpu") / f"waifang-bench-{os.getpid()}"
        self.group.mkdir()
        if two:
            (self.group / "cpu.max").write_text(f"{QUOTA_US} {PERIOD_US}")
        else:
            (self.group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.group / "cpu.cfs_quota_us").write_text(str(QUOTA_US))

    def browser(self, folder: Path) -> str:
        """A program that is Chromium within this group."""
        script = folder / "slow-chromium"
        script.write_text(f'#!/bin/sh\necho $$ > {self.group}/cgroup.procs\nexec {chromium_path()} "$@"\n')
        script.chmod(0o755)
        return str(script)

    def remove(self) -> None:
        """Once nothing runs in it any more."""
        for _ in range(100):
            if not (self.group / "cgroup.procs").read_text():
                break
            time.sleep(0.1)
        self.group.rmdir()


@asynccontextmanager
async def phone(profile: Path, executable: str) -> AsyncIterator[BrowserContext]:
    """A browser with what it kept the last time."""
    async with async_playwright() as p:
        context = await p.chromium.launch_persistent_context(
            profile, executable_path=executable, args=["--no-sandbox"], viewport={"width": WIDTH, "height": HEIGHT},
            has_touch=True, locale="zh-CN", timezone_id="Asia/Shanghai", permissions=["geolocation"], geolocation=HERE,
        )  # fmt: skip
        await context.add_init_script(DIALLER)
        context.set_default_timeout(LOADS_WITHIN_MS)
        try:
            yield context
        finally:
            await context.close()


async def opened(context: BrowserContext, address: str, words: str) -> tuple[InstalledPage, float]:
    """A page at `address`, and the seconds from going there until `words` are on it."""
    page = context.pages[0] if context.pages else await context.new_page()
    began = time.monotonic()
    await page.goto(address)
    await page.wait_for_selector("flt-semantics-placeholder", state="attached")
    await page.evaluate("document.querySelector('flt-semantics-placeholder').click()")
    await _shown(page, words)
    return InstalledPage(page), time.monotonic() - began


async def _compiled_kept(page: Page) -> None:
    """Wait until the page has kept what Python compiled: later starts are the usual ones."""
    while not await page.evaluate(KEEPS_COMPILED):  # noqa: ASYNC110 - the page says nothing when it is so
        await asyncio.sleep(1)


async def _shown(page: Page, words: str) -> None:
    await page.get_by_text(words).or_(page.get_by_label(words)).first.wait_for(state="attached")


def memory_of(profile: Path) -> int:
    """Bytes in memory (PSS) of the browser that uses `profile`, with all its processes; 0 where /proc does not say."""
    parents: dict[int, int] = {}
    roots: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if str(profile) in (folder / "cmdline").read_text():
                roots.add(int(folder.name))
        except (OSError, IndexError, ValueError):
            continue
    total = 0
    for pid in parents:
        line, above = {pid}, pid
        while (above := parents.get(above, 0)) and above not in line:
            line.add(above)
        if line & roots:
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(x.split()[1]) * 1024 for x in rollup.splitlines() if x.startswith("Pss:"))
    return total


async def measure_empty(scratch: Path, files: dict[str, bytes], executable: str) -> dict[str, float]:
    """Seconds of a start and bytes of memory of the empty page."""
    profile = scratch / "empty-profile"
    starts = []
    memory = 0
    async with handed_out(files) as address:
        async with phone(profile, executable) as context:
            page, _ = await opened(context, address, EMPTY)
            await _compiled_kept(page.page)
        for _ in range(STARTS):
            async with phone(profile, executable) as context:
                _, took = await opened(context, address, EMPTY)
                starts.append(took)
                memory = max(memory, memory_of(profile))
    return {"start": statistics.median(starts), "memory": memory}


async def measure_notebook(
    scratch: Path, branch: RunningBranch, address: str, executable: str
) -> dict[str, float]:
    """Bind, then start again and again: start, PIN to plan, resume, save (seconds), memory (bytes)."""
    profile = scratch / "profile"
    starts, plans, resumes, saves = [], [], [], []
    memory = 0
    async with phone(profile, executable) as context:
        page, _ = await opened(context, address, "绑定本机")
        await page.enrol(address.rstrip("/"), "w001", branch.code(), PIN)
        await _compiled_kept(page.page)
    for _ in range(STARTS):
        async with phone(profile, executable) as context:
            page, took = await opened(context, address, "请输入 6 位 PIN")
            starts.append(took)
            await page.enter_pin(PIN[:-1])
            began = time.monotonic()
            await page.enter_pin(PIN[-1])
            await _shown(page.page, "待办")
            plans.append(time.monotonic() - began)
            resumes.append(await _resumed(context, page))
            memory = max(memory, memory_of(profile))
            if _ == STARTS - 1:
                saves = [await _saved(page, n) for n in range(SAVES)]
    return {
        "start": statistics.median(starts), "plan": statistics.median(plans), "resume": statistics.median(resumes),
        "save": statistics.median(saves), "memory": memory,
    }  # fmt: skip


async def _resumed(context: BrowserContext, phone_page: PhonePage) -> float:
    """Away to another page and back: seconds until a tap on 客户 is answered."""
    away = await context.new_page()
    await away.goto("about:blank")
    await away.bring_to_front()
    await asyncio.sleep(3)
    began = time.monotonic()
    await phone_page.page.bring_to_front()
    await away.close()
    await phone_page.page.get_by_role("tab", name="客户").click()
    await phone_page.page.get_by_role("button").filter(has_text="逾期").first.wait_for()
    return time.monotonic() - began


async def _saved(phone_page: PhonePage, n: int) -> float:
    """From the release on 保存 to 已保存, in seconds."""
    page = phone_page.page
    await page.get_by_role("button").filter(has_text="逾期").nth(n % 4).click()
    await page.get_by_role("button", name="拨号").click()
    await page.get_by_role("button", name="无人接听", exact=True).click()
    took = await _took(phone_page, page.get_by_role("button", name="保存", disabled=False), "已保存")
    back = page.get_by_role("button", name="返回").first
    await back.click()
    await page.get_by_role("button", name="拨号").wait_for()
    await back.click()
    await page.get_by_role("tab", name="客户").wait_for()
    return took / 1000


def weigh(build: Build, empty: dict[str, bytes]) -> None:
    """Print the first load and its largest parts."""
    say("first load, brotli (aim ≤ 16 MB)")
    for renderer in ("skwasm", "canvaskit"):
        parts = build.first_load(renderer)
        say(f"  {renderer:10} {sum(parts.values()) / MB:6.2f} MB in {len(parts)} files")
    say(f"  the program and its packages, not compressed: {len(build.content('app.tar')) / MB:.2f} MB; empty page {len(empty['app.tar']) / MB:.2f} MB")  # fmt: skip
    everything = {**build.first_load("canvaskit"), **build.first_load("skwasm")}
    for path, size in sorted(everything.items(), key=lambda item: -item[1])[:LARGEST]:
        say(f"    {size / MB:6.2f} MB  {path}")


def report(found: dict[str, float], empty: dict[str, float]) -> None:
    """Print the times beside their aims."""
    say(f"  start to the PIN's keys  {found['start']:7.2f} s   {found['start'] / empty['start']:.2f} x   aim 1.25 x   (empty page {empty['start']:.2f} s)")  # fmt: skip
    say(f"  last digit to the plan   {found['plan']:7.2f} s")
    say(f"  both, without the typing {found['start'] + found['plan']:7.2f} s")
    say(f"  resume                   {found['resume']:7.2f} s   aim 2 s")
    say(f"  a save to 已保存         {found['save'] * 1000:7.0f} ms  aim 300 ms")
    say(
        f"  memory, all processes    {found['memory'] / MB:7.0f} MB  (empty page {empty['memory'] / MB:.0f} MB)"
    )


def _filled(folder: Path) -> RunningBranch:
    branch = RunningBranch(folder)
    branch.officer()
    branch.allow_contact_at_any_hour()
    rng = random.Random(1)
    for n in range(CASES):
        case, figures = _case(rng, n, date.today())
        branch.case("w001", figures, **case)
    return branch


async def _run(scratch: Path, branch: RunningBranch, build: Build, *, quarter: bool) -> None:
    slow = Slow() if quarter else None
    executable = slow.browser(scratch) if slow else chromium_path()
    try:
        say(
            "\nwith a quarter of a core"
            if quarter
            else f"\nin Chromium, {CASES} cases, medians of {STARTS} starts"
        )
        empty = await measure_empty(scratch, emptied(build), executable)
        async with served("-m", "sync.branch", "--data", str(branch.folder), "serve", "--port") as address:
            report(await measure_notebook(scratch, branch, address, executable), empty)
    finally:
        if slow:
            slow.remove()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weight", action="store_true", help="only the bytes")
    parser.add_argument("--quarter", action="store_true", help="with a quarter of a core")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waifang-phone-") as folder:
        scratch = Path(folder)
        branch = _filled(scratch / "branch")
        try:
            told = branch.cli_json("webapp", "build")
            build = Build(Path(told["folder"]))
            weigh(build, emptied(build))
            if not options.weight:
                asyncio.run(_run(scratch, branch, build, quarter=options.quarter))
        finally:
            branch.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
