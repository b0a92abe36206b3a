from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.branch_server import RunningBranch
from tests.support.postgres import empty_database
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the branch's data are to be: None for SQLite in its folder. Who asks for it runs on both."""
    if request.param == "sqlite":
        yield None
        return
    with empty_database() as url:
        yield url


@pytest.fixture
def branch(tmp_path: Path, clock: HandClock, database_url: str | None) -> Iterator[RunningBranch]:
    """A listening branch with the officers w001 and w002."""
    made = RunningBranch(tmp_path / "branch", now=clock, database_url=database_url)
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
