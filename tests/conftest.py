"""What every test runs under."""

import os

import pytest
from hypothesis import settings

# Nothing is timed in a test; the long sweeps run with WAIFANG_SWEEP=full.
settings.register_profile("sample", deadline=None, max_examples=50)
settings.register_profile("full", deadline=None, max_examples=2_000)
settings.load_profile("full" if os.environ.get("WAIFANG_SWEEP") == "full" else "sample")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser at a time where the tests run side by side (`-n`): each fills a core by itself."""
    for item in items:
        if item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.xdist_group("browser"))
