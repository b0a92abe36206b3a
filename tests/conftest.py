"""What every test runs under."""

import os

from hypothesis import settings

# Nothing is timed in a test; the long sweeps run with WAIFANG_SWEEP=full.
settings.register_profile("sample", deadline=None, max_examples=50)
settings.register_profile("full", deadline=None, max_examples=2_000)
settings.load_profile("full" if os.environ.get("WAIFANG_SWEEP") == "full" else "sample")
