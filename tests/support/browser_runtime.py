"""The tests of store and rules in the runtime the installed page runs in: Pyodide in a worker of Chromium.

    python -m tests.support.browser_runtime             those of RUNS
    python -m tests.support.browser_runtime tests/store/test_feed.py ...

The runtime, the program and its packages are those of `webapp build`; pytest, hypothesis and the tests themselves are put
beside them. Rows are sealed by WebCrypto there, SQLite is Pyodide's own, files lie in memory, and a test that waits is
waited for by the browser's own loop.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from playwright.async_api import async_playwright

from sync.branch.webapp.build import build, packed, put
from sync.branch.webapp.packages import browser_build, files_of
from tests.support.branch_server import RunningBranch, recovery_keys
from tests.support.browser import chromium_path

ROOT: Final = Path(__file__).parents[2]
RUNS: Final = (
    "tests/sync/test_phone_and_branch.py",
    "tests/store/test_sealed.py",
    "tests/store/test_seals.py",
    "tests/store/test_rebuilding.py",
    "tests/store/test_feed.py",
    "tests/store/test_draft_files.py",
    "tests/store/test_spool.py",
    "tests/unit/device/test_sealing.py",
    "tests/unit/device/test_keys.py",
    "tests/unit/domain",
    # Its pictures are made with pillow, the branch's half of the seal is cryptography: neither is there.
    "--ignore=tests/unit/domain/test_photos.py",
    "--deselect=tests/unit/device/test_sealing.py::test_the_branch_opens_with_the_same_rules",
    # The recovery key's private half is the branch's, and so is what is pushed within one process.
    "--deselect=tests/store/test_seals.py::test_with_the_recovery_key_every_row_of_a_copied_folder_opens_without_the_pin",
    "--deselect=tests/store/test_seals.py::test_recovery_says_what_does_not_fit",
    "--deselect=tests/store/test_seals.py::test_a_recovery_key_that_is_none_or_too_small_is_refused",
    "--deselect=tests/store/test_rebuilding.py::test_a_phone_made_anew_syncs_and_has_each_record_once_and_so_has_the_branch",
    "--deselect=tests/store/test_rebuilding.py::test_records_truly_lost_are_declared_and_the_chain_goes_on",
    # One page at a time has the folder there, and its keystore keeps no file.
    "--deselect=tests/unit/device/test_keys.py::test_the_folder_is_held_from_unlocking_on_but_not_after_a_refusal",
    "--deselect=tests/unit/device/test_keys.py::test_a_file_in_place_of_a_keyring_is_said_to_be_weaker",
    # Lists in lists by the hundred thousand end that interpreter; only a script could write such a record.
    "--deselect=tests/unit/domain/test_validation.py::test_a_record_nested_beyond_reason_is_refused_and_breaks_nothing",
)
PURE: Final = ("pytest", "pluggy", "iniconfig", "packaging", "pygments", "sortedcontainers")
RUNS_WITHIN_MS: Final = 900_000
_PAGE: Final = b"<!DOCTYPE html><meta charset=utf-8><title>tests</title>"


def test_tree(wheels: Path) -> bytes:
    """tests/ and what runs them, as a tar: hypothesis in its own build for the browser."""
    inside = {f"__pypackages__/{p}": c for name in PURE for p, c in files_of(name)}
    inside |= {f"__pypackages__/{p}": c for p, c in browser_build("hypothesis", wheels)}
    for name in (*PURE, "hypothesis"):
        inside[f"__pypackages__/{name}-{metadata.version(name)}.dist-info/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {metadata.version(name)}\n".encode()
        )
    for file in sorted((ROOT / "tests").rglob("*.py")):
        inside[file.relative_to(ROOT).as_posix()] = file.read_bytes()
    return packed(inside)


def branch_with_the_tests(folder: Path) -> RunningBranch:
    """A branch that hands out the tests beside the app, so that they reach it at their own address; not started yet."""
    branch = RunningBranch(folder, process=True, webapp=True)
    branch.officer()
    branch.allow_contact_at_any_hour()
    branch.case()
    made = build(folder)
    listed = json.loads((made.folder / "build.json").read_bytes())["files"]
    files = {path: (made.folder / f["hash"]).read_bytes() for path, f in listed.items() if path != "sw.js"}
    files["tests.tar"] = test_tree(folder / "webapp" / "wheels")
    files["browser_runtime.js"] = (Path(__file__).parent / "browser_runtime.js").read_bytes()
    files["tests.html"] = _PAGE
    inputs = json.loads((folder / "webapp" / "current.json").read_bytes())["inputs"]
    put(folder / "webapp", files, inputs)  # of the same inputs: the branch takes it for the one it would make
    return branch


async def run(
    paths: Sequence[str], folder: Path, say: Callable[[str], object]
) -> tuple[int, list[dict[str, Any]]]:
    """pytest's exit code, and what the branch has from the tests; their lines go to `say` as they come. `folder` takes
    branch and build.
    """
    branch = await asyncio.to_thread(branch_with_the_tests, folder)
    try:
        await asyncio.to_thread(branch.start)
        code = await _run_at(branch, paths, say)
        return code, await asyncio.to_thread(branch.exported)
    finally:
        await asyncio.to_thread(branch.close)


async def _run_at(branch: RunningBranch, paths: Sequence[str], say: Callable[[str], object]) -> int:
    recovery = recovery_keys().public
    async with async_playwright() as tool:
        browser = await tool.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            page.set_default_timeout(RUNS_WITHIN_MS)
            page.on("console", lambda line: say(line.text))
            await page.goto(branch.url + "/tests.html")
            code: int = await page.evaluate(
                """asked => new Promise((resolve, reject) => {
                    const worker = new Worker('/browser_runtime.js', {type: 'module'});
                    worker.onmessage = ({data}) => typeof data === 'number' ? resolve(data) : console.log(data);
                    worker.onerror = (event) => reject(new Error(event.message));
                    worker.postMessage(asked);
                })""",
                {
                    "paths": list(paths),
                    "branch": {"url": branch.url, "code": branch.code(), "recovery": recovery},
                },
            )
        finally:
            await browser.close()
    return code


def main() -> int:
    asked = sys.argv[1:]
    paths = asked if any(not word.startswith("-") for word in asked) else [*RUNS, *asked]
    with tempfile.TemporaryDirectory(prefix="waifang-runtime-") as folder:
        code, _ = asyncio.run(run(paths, Path(folder), lambda line: print(line, flush=True)))  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
