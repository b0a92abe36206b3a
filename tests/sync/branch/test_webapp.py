"""The installable app is put together the same way from the same inputs, whoever does it where and when."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.branch_server import ROOT

LIST = """
import hashlib, sys
from pathlib import Path
from sync.branch.webapp.build import contents
for path, content in sorted(contents(Path(sys.argv[1])).items()):
    print(path, hashlib.sha256(content).hexdigest())
"""


def listed(checkout: Path, home: Path, hash_seed: str, umask: int, zone: str) -> list[str]:
    """Path and hash of every file, as a process of its own puts them together from `checkout`."""
    done = subprocess.run(
        [sys.executable, "-c", LIST, str(home)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": hash_seed, "TZ": zone},
        umask=umask,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_same_inputs_give_the_same_bytes_in_another_folder_at_another_time(tmp_path: Path) -> None:
    elsewhere = tmp_path / "another checkout"
    for part in ("app", "sync", "assets"):
        shutil.copytree(
            ROOT / part, elsewhere / part, copy_function=shutil.copyfile
        )  # with times of their own
    first = listed(ROOT, tmp_path / "one", "1", 0o022, "UTC")
    shutil.copytree(tmp_path / "one" / "wheels", tmp_path / "two" / "wheels")
    second = listed(elsewhere, tmp_path / "two", "2", 0o077, "Asia/Shanghai")
    assert first == second
    assert any(line.startswith("app.tar ") for line in first)


def test_another_program_is_another_build(tmp_path: Path) -> None:
    elsewhere = tmp_path / "checkout"
    for part in ("app", "sync", "assets"):
        shutil.copytree(ROOT / part, elsewhere / part)
    (elsewhere / "app" / "domain" / "steps.py").write_text("")
    changed = set(listed(elsewhere, tmp_path / "home", "0", 0o022, "UTC"))
    shutil.copyfile(ROOT / "app" / "domain" / "steps.py", elsewhere / "app" / "domain" / "steps.py")
    same = set(listed(elsewhere, tmp_path / "home", "0", 0o022, "UTC"))
    assert {line.split()[0] for line in changed ^ same} == {"app.tar"}
