"""The start of everything, asked for what cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--port", "65536"), 2, "65536 不是端口号"),
        (("--demo", "--no-browser", "--port", "0", "--data", "pyproject.toml"), 1, "无法建立"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_started(
    words: tuple[str, ...], code: int, said: str
) -> None:
    done = subprocess.run([sys.executable, "main.py", *words], cwd=ROOT, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (code, b"")
    assert said in done.stderr.decode().splitlines()[-1]
