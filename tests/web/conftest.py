"""What the stories in the browser begin with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from tests.support.moved_day import MovedDay
from tests.web.one_borrower import day, listed


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
