"""A command run under strace, which kills it at its Nth write or lets that write fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PIN: Final = "135790"
CALLS: Final = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename")
HAVE_STRACE: Final = shutil.which("strace") is not None


class CommandPhone:
    """`python -m app` over one data folder; `printed`: the ids of records it said were saved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: list[str] = []

    def run(self, *words: str, stdin: str = "", fault: str = "") -> subprocess.CompletedProcess[str]:
        """`fault` is what strace injects, e.g. `pwrite64:signal=KILL:when=3`."""
        command = [sys.executable, "-m", "app", "--lang", "en", "--data", str(self.folder), *words]
        env = {**os.environ, "WAIFANG_PIN": PIN, "WAIFANG_KEYSTORE_DIR": str(self.folder.parent / "keystore")}
        return subprocess.run(
            traced(command, self.paths(), fault),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=env,
        )

    def paths(self) -> list[Path]:
        """The files whose writes count."""
        names = (
            "waifang.db",
            "waifang.db-wal",
            "waifang.db-shm",
            "waifang.spool",
            "waifang.spool.new",
            "waifang.mark",
            "waifang.mark.new",
            "keys.json",
        )
        return [self.folder / name for name in names]

    def record(self, case_id: str, fault: str = "") -> subprocess.CompletedProcess[str]:
        """One note; an id that was printed counts as promised."""
        line = json.dumps({"case_id": case_id, "kind": "note", "body": {"text": "在家"}})
        done = self.run("record", stdin=line + "\n", fault=fault)
        self.printed += done.stdout.split()
        return done

    def json(self, *words: str) -> Any:
        """A command that has to succeed."""
        done = self.run(*words, "--json")
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return json.loads(done.stdout)


def traced(command: Sequence[str], paths: Sequence[Path], fault: str) -> list[str]:
    """The command under strace where a fault is given; only calls on `paths` count."""
    if not fault:
        return list(command)
    of = [word for path in paths for word in ("-P", str(path))]
    calls = fault.split(":")[0]
    return [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        *of,
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={fault}",
        *command,
    ]
