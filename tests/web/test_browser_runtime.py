"""The store's own tests in the runtime of the installed page; the rules' as well with `python -m tests.support.browser_runtime`."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.browser_runtime import RUNS, run
from tests.support.installed_phone import PutTogether
from tests.sync.test_phone_and_branch import WEEKS_OF_NOTES

pytestmark = pytest.mark.browser

SAMPLE = [path for path in RUNS if path != "tests/unit/domain"]
AT_LEAST = 60  # of them there are; none may be skipped by a runner that finds nothing


async def test_the_tests_of_the_store_pass_in_the_browsers_python(
    tmp_path: Path, put_together: PutTogether
) -> None:
    put_together.hand_over(tmp_path)
    said: list[str] = []
    code, arrived = await run([*SAMPLE, "tests/unit/domain/test_book.py"], tmp_path, said.append)
    report = "\n".join(said)
    assert code == 0, report
    assert Counter(record["kind"] for record in arrived) == {"call": 2, "note": WEEKS_OF_NOTES}, (
        "what the notebook there has synced, each once"
    )
    passed = re.search(r"(\d+) passed", report)
    assert passed is not None, report
    assert int(passed[1]) >= AT_LEAST
