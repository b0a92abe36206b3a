"""A small sample of `python -m tests.faults.partitions`."""

from pathlib import Path

from tests.faults.partitions import Run, once


async def test_after_partitions_every_side_is_the_same(tmp_path: Path) -> None:
    counts = await once(tmp_path, Run(seed=5, phones=5, rate=20, seconds=6))
    assert all(counts[kind] for kind in ("records", "syncs", "cut", "partitions")), counts
