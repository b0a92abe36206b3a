"""The installed page begins with little, and knows no less for it."""

import importlib
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.device.browser.page_link import page
from app.in_browser import BEHIND, ClosedNotebook, load, whole_notebook
from tests.support.branch_server import ROOT

# What `run` imports before the first screen, but for the browser's own modules.
BEFORE = """
import app.in_browser, app.device.browser.installation, app.device.browser.storage, app.device.folder
import app.device.page_device, app.ui.start
import sys
print(*sys.modules)
"""


class Whole:
    """Stands for the notebook that is made when it is asked for."""

    state = "open"

    def now(self) -> datetime:
        return datetime(2026, 11, 25)

    def server(self) -> str:
        return "https://branch.example"


def closed(tmp_path: Path) -> tuple[ClosedNotebook, list[Whole]]:
    made: list[Whole] = []

    def make() -> Any:
        made.append(Whole())
        return made[-1]

    return ClosedNotebook(tmp_path / "keys.json", make), made


def test_what_lies_behind_the_pin_is_not_loaded_for_its_keys() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEFORE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "app.ui.screens.unlock" in loaded
    assert not loaded & {
        "app.notebook", "app.domain.records", "app.ui.screens.today", "sqlite3", "httpx", "sync.protocol", "geopy",
        "flet_geolocator", "tomllib",
    }  # fmt: skip


@pytest.mark.parametrize("name", BEHIND)
def test_all_that_is_loaded_behind_the_pin_exists(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


def test_a_notebook_nobody_has_opened_knows_whether_it_is_there_without_being_made(tmp_path: Path) -> None:
    notebook, made = closed(tmp_path)
    assert notebook.state == "unbound"
    (tmp_path / "keys.json").touch()
    assert notebook.state == "locked"
    assert notebook.now().tzinfo is not None
    assert made == []


def test_whatever_else_is_asked_of_it_is_answered_by_the_whole_one_made_once(tmp_path: Path) -> None:
    notebook, made = closed(tmp_path)
    assert notebook.server() == "https://branch.example"
    assert notebook.state == "open"
    assert notebook.now() == datetime(2026, 11, 25)
    assert len(made) == 1


async def test_loading_in_advance_leaves_the_whole_notebook_ready(tmp_path: Path) -> None:
    notebook, made = closed(tmp_path)
    await load(notebook)
    assert len(made) == 1
    assert "app.notebook" in sys.modules


def test_a_build_that_lacks_a_part_tells_the_page_that_it_does_not_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    shell = SimpleNamespace(tell=told.append)
    monkeypatch.setitem(sys.modules, "waifang_page", SimpleNamespace(shell=shell))
    monkeypatch.setitem(sys.modules, "app.ui.inside", None)  # what cannot be imported
    page.cache_clear()
    try:
        with pytest.raises(ImportError):
            whole_notebook()
    finally:
        page.cache_clear()
    assert told == ["unopened"]
