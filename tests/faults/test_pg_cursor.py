"""A small sample of `python -m tests.faults.pg_cursor`."""

from tests.faults.pg_cursor import run
from tests.support.postgres import required_cluster


def test_the_feed_loses_nothing_under_writers_where_a_sequence_and_a_timestamp_do() -> None:
    required_cluster()
    ours, *controls = run(rows=1600, control_rows=400, open_ms=30, batch=10)

    assert (ours.written, ours.missed, ours.twice) == (1600, 0, 0)
    assert all(control.missed > 0 for control in controls), controls
