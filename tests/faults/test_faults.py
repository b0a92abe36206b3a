"""A sample of every fault; README.md here names the whole."""

from pathlib import Path

from tests.faults import corruption, links, simulation


async def test_a_link_cut_at_any_place_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for tried, cut in (await links.sweep(tmp_path, samples=6)).values():
        assert 0 < cut <= tried


async def test_a_spoiled_database_is_detected_and_what_waits_is_in_the_spool() -> None:
    counts = await corruption.sweep(seed=2, n=30)
    assert counts.total() == 30
    assert not counts["undetected"] + counts["not recovered"]


async def test_random_interleavings_end_with_the_same_sums_on_every_side(tmp_path: Path) -> None:
    assert (await simulation.simulate(tmp_path, seed=3, steps=400))["records"] > 0
