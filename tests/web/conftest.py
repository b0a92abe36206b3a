"""What the stories in the browser begin with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from tests.support.browser import chromium_path
from tests.support.installed_phone import PutTogether
from tests.support.moved_day import MovedDay
from tests.web.one_borrower import day, listed


@pytest.fixture(scope="session")
def put_together(tmp_path_factory: pytest.TempPathFactory) -> PutTogether:
    """The app for phones, put together once for all of them."""
    chromium_path()  # skips without one, before half a minute's work
    return PutTogether.by_a_branch(tmp_path_factory.mktemp("webapp"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MovedDay]:
    """A branch with one borrower on day 1 of their episode, and an officer's phone."""
    office = MovedDay(tmp_path, day(1), time(9, 0))
    office.branch.start()
    office.listed(listed(1))
    try:
        yield office
    finally:
        office.close()
