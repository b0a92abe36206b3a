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
from typing import Final

from playwright.async_api import async_playwright

from sync.branch.webapp.build import build, packed
from sync.branch.webapp.packages import browser_build, files_of
from tests.support.browser import chromium_path
from tests.support.handing_out import handed_out

ROOT: Final = Path(__file__).parents[2]
RUNS: Final = (
    "tests/store/test_sealed.py",
    "tests/store/test_feed.py",
    "tests/store/test_draft_files.py",
    "tests/store/test_spool.py",
    "tests/unit/device/test_sealing.py",
    "tests/unit/domain",
    # Its pictures are made with pillow, the branch's half of the seal is cryptography: neither is there.
    "--ignore=tests/unit/domain/test_photos.py",
    "--deselect=tests/unit/device/test_sealing.py::test_the_branch_opens_with_the_same_rules",
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


async def run(paths: Sequence[str], folder: Path, say: Callable[[str], object]) -> int:
    """pytest's exit code; its lines go to `say` as they come. `folder` takes the build."""
    made = await asyncio.to_thread(build, folder)
    listed = json.loads((made.folder / "build.json").read_bytes())["files"]
    files = {path: (made.folder / f["hash"]).read_bytes() for path, f in listed.items()}
    files["tests.tar"] = await asyncio.to_thread(test_tree, folder / "webapp" / "wheels")
    files["browser_runtime.js"] = (Path(__file__).parent / "browser_runtime.js").read_bytes()
    files["tests.html"] = _PAGE
    async with handed_out(files) as address, async_playwright() as tool:
        browser = await tool.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            page.set_default_timeout(RUNS_WITHIN_MS)
            page.on("console", lambda line: say(line.text))
            await page.goto(address + "tests.html")
            code: int = await page.evaluate(
                """paths => new Promise((resolve, reject) => {
                    const worker = new Worker('/browser_runtime.js', {type: 'module'});
                    worker.onmessage = ({data}) => typeof data === 'number' ? resolve(data) : console.log(data);
                    worker.onerror = (event) => reject(new Error(event.message));
                    worker.postMessage(paths);
                })""",
                list(paths),
            )
        finally:
            await browser.close()
    return code


def main() -> int:
    asked = sys.argv[1:]
    paths = asked if any(not word.startswith("-") for word in asked) else [*RUNS, *asked]
    with tempfile.TemporaryDirectory(prefix="waifang-runtime-") as folder:
        return asyncio.run(run(paths, Path(folder), lambda line: print(line, flush=True)))  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
