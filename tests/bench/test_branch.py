"""The branch's bench does the whole job, on a handful of phones."""

from pathlib import Path

import pytest

from tests.bench.branch import run
from tests.support.postgres import empty_database


@pytest.mark.parametrize(("postgresql", "servers"), [(False, 1), (True, 2)])
def test_phones_that_come_at_once_are_all_through_with_a_whole_feed(
    tmp_path: Path, postgresql: bool, servers: int
) -> None:
    if postgresql:
        with empty_database() as url:
            figures = run(tmp_path, phones=6, records=5, cases=4, servers=servers, database_url=url)
    else:
        figures = run(tmp_path, phones=6, records=5, cases=4, servers=servers)
    assert figures.errors == []
    assert len(figures.phones) == 6
    assert figures.down_bytes > 6 * 4 * 1_000
