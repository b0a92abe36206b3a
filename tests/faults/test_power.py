"""A small sample of `python -m tests.faults.power`."""

import os
from pathlib import Path

import pytest

from tests.faults.power import sweep
from tests.faults.ready import HAVE_STRACE


def test_a_power_cut_takes_nothing_that_was_confirmed(tmp_path: Path) -> None:
    if not HAVE_STRACE:
        assert not os.environ.get("CI"), "strace is missing"
        pytest.skip("needs strace")
    counts = sweep(tmp_path, step=17, luck=0)
    assert all(counts[part] for part in ("enrol", "save", "photo", "branch", "sync")), counts
