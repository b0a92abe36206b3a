"""Each start is a Python of its own, as on a phone."""

import subprocess
import sys
import zipfile
from pathlib import Path

START = """
import os
import sys
from pathlib import Path
from app.device.browser.compiled import begin, compiled
kept = Path("kept")
begin(kept.read_bytes() if kept.exists() else None)
sys.path[:0] = ["plain", "archive.zip"]
import package.inside, zipped.inside
print(package.inside.WORD, zipped.inside.WORD, os.path.relpath(package.inside.__file__))
fresh = compiled.fresh()
print("nothing new" if fresh is None else "kept")
if fresh is not None:
    kept.write_bytes(fresh)
"""


def start(folder: Path) -> list[str]:
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", START], cwd=folder, env={"PYTHONPATH": root}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def program(folder: Path, word: str = "read") -> None:
    (folder / "plain" / "package").mkdir(parents=True)
    (folder / "plain" / "package" / "__init__.py").write_text("")
    (folder / "plain" / "package" / "inside.py").write_text(f"WORD = '{word}'")
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("zipped/__init__.py", "")
        archive.writestr("zipped/inside.py", "WORD = 'unzipped'")


def test_what_was_compiled_at_one_start_is_used_at_the_next(tmp_path: Path) -> None:
    program(tmp_path)
    assert start(tmp_path) == ["read unzipped plain/package/inside.py", "kept"]
    (tmp_path / "plain" / "package" / "inside.py").write_text("WORD = 'compiled again'")
    assert start(tmp_path) == ["read unzipped plain/package/inside.py", "nothing new"]


def test_kept_code_that_cannot_be_read_is_compiled_anew(tmp_path: Path) -> None:
    program(tmp_path)
    (tmp_path / "kept").write_bytes(b"[\xff\xff")
    assert start(tmp_path) == ["read unzipped plain/package/inside.py", "kept"]
    assert start(tmp_path)[-1] == "nothing new"


def test_a_module_imported_later_is_kept_beside_the_others(tmp_path: Path) -> None:
    program(tmp_path)
    start(tmp_path)
    (tmp_path / "plain" / "package" / "__init__.py").write_text("from package import later")
    (tmp_path / "plain" / "package" / "later.py").write_text("")
    (tmp_path / "kept").unlink()
    assert start(tmp_path)[-1] == "kept"
    assert b"package.later" in (tmp_path / "kept").read_bytes()
