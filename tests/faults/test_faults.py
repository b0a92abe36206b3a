"""A sample of every fault; README.md here names the whole."""

from pathlib import Path

from tests.faults import clocks, corruption, links, simulation


async def test_a_link_cut_at_any_place_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for tried, cut in (await links.sample(tmp_path, places=6)).values():
        assert 0 < cut <= tried


async def test_a_spoiled_database_is_detected_and_what_waits_is_in_the_spool() -> None:
    counts = await corruption.sweep(seed=2, n=30)
    assert counts.total() == 30
    assert not counts["undetected"] + counts["not recovered"]


async def test_random_interleavings_end_with_the_same_sums_on_every_side(tmp_path: Path) -> None:
    rare = {"photo": 60, "answer": 60, "back up": 40, "put back": 20, "revoke": 10}
    counts = await simulation.simulate(tmp_path, 3, 250, {**simulation.WEIGHTS, **rare})
    assert all(counts[kind] for kind in ("records", "photos", "cut", "answered", "restored", "revoked"))


async def test_clocks_set_in_the_middle_of_a_sync_reorder_nothing_and_the_offset_is_right(
    tmp_path: Path,
) -> None:
    found = await clocks.run(tmp_path, seed=4, syncs=60)
    assert found.back > 20 and found.measured > 20
    assert found.well, found
