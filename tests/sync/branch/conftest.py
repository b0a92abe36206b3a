from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import WirePhone


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def branch(tmp_path: Path, clock: HandClock) -> Iterator[RunningBranch]:
    """A listening branch with the officers w001 and w002."""
    made = RunningBranch(tmp_path / "branch", now=clock)
    made.officer("w001", "赵试")
    made.officer("w002", "钱试")
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def stranger(branch: RunningBranch) -> Iterator[WirePhone]:
    """A phone nobody bound yet."""
    made = WirePhone(branch.url)
    yield made
    made.close()


@pytest.fixture
def phone(branch: RunningBranch, stranger: WirePhone) -> WirePhone:
    """A phone of w001."""
    assert stranger.enrol(branch.code()).status_code == 200
    return stranger


@pytest.fixture
def colleague(branch: RunningBranch) -> Iterator[WirePhone]:
    """A phone of w002."""
    made = WirePhone(branch.url, "w002")
    assert made.enrol(branch.code("w002")).status_code == 200
    yield made
    made.close()
