"""A sample of `python -m tests.faults.kills`: a few calls of each kind in each part."""

import os
from pathlib import Path

import pytest

from tests.faults.kills import KILLED, sweep
from tests.faults.ready import HAVE_STRACE
from tests.support.postgres import empty_database


@pytest.fixture(autouse=True)
def strace() -> None:
    """Skipped on a laptop without it, required in CI."""
    if not HAVE_STRACE:
        assert not os.environ.get("CI"), "strace is missing"
        pytest.skip("needs strace")


def test_killed_at_a_write_nothing_confirmed_is_lost_or_doubled(tmp_path: Path) -> None:
    counts = sweep(tmp_path, KILLED, 13, ("save", "push", "migrate", "server"), ("pwrite64", "fsync"))
    assert counts["save"] >= 2 and counts["push"] >= 3 and counts["migrate"] >= 2 and counts["server"] >= 1


@pytest.mark.parametrize(
    ("error", "part", "call", "step"),
    [
        ("ENOSPC", "save", "pwrite64", 9),
        ("EIO", "save", "pread64", 9),
        ("ENOSPC", "photo", "fdatasync", 5),  # the sixth is the commit of the record
    ],
)
def test_a_disk_that_refuses_is_said_and_nothing_is_wrongly_confirmed(
    tmp_path: Path, error: str, part: str, call: str, step: int
) -> None:
    assert sweep(tmp_path, error, step, (part,), (call,))[part] >= 2


def test_whatever_befalls_a_photo_it_is_whole_in_the_end_and_never_holds_up_its_record(
    tmp_path: Path,
) -> None:
    counts = sweep(tmp_path, KILLED, 9, ("upload", "files"), ("write", "fsync"))
    assert counts["upload"] >= 2 and counts["files"] >= 2


def test_a_list_is_imported_whole_or_not_at_all(tmp_path: Path) -> None:
    assert sweep(tmp_path, "ENOSPC", 7, ("import",), ("pwrite64",))["import"] >= 2


def test_a_branch_on_postgres_killed_while_it_stores_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with empty_database() as url:
        counts = sweep(tmp_path, KILLED, 13, ("server",), ("recvfrom",), postgres=url)
    assert counts["server"] >= 2
