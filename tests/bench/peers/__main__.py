"""Our sync beside its peers on the same work, with the aims: one command.

    python -m tests.bench.peers FOLDER                     every peer and ours, 1,000 and 10,000 cases, five times
    python -m tests.bench.peers FOLDER --peers waifang --n 10000 --reps 3 --wait 1

FOLDER holds the peers' bench (its README says what is measured). It is copied to a scratch folder, and the peers are
installed there by npm and pip; with `node_modules` in FOLDER it is used as it is. What else is given goes to its
`run.js`: `--wait 1` does not wait for an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

OURS: Final = Path(__file__).with_name("ours.json")
NAME: Final = "waifang"
# phase → seconds, bytes both ways; for 10,000 cases
AIMS: Final = {"pull": (0.35, None), "none": (0.004, 400), "delta": (0.012, 35_000), "push": (0.07, 100_000)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the peers' bench")
    options, given = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="waifang-peers-") as scratch:
        folder = installed(options.folder.resolve(), Path(scratch))
        results = Path(scratch) / "results.json"
        own_python = Path(sys.executable).parent
        subprocess.run(
            ["node", "run.js", "--out", str(results), *given],
            cwd=folder,
            check=True,
            env={
                **os.environ,
                "PATH": f"{own_python}{os.pathsep}{os.environ['PATH']}",
                "PEERS_EXTRA": str(OURS),
                "PEERS_PY": str(folder / "venv" / "bin" / "python"),
            },
        )
        report(json.loads(results.read_text())["results"])
    return 0


def installed(folder: Path, scratch: Path) -> Path:
    """The bench with its peers: where it is, or a copy with them."""
    if (folder / "node_modules").is_dir() and (folder / "venv").is_dir():
        return folder
    copy = scratch / "peers"
    shutil.copytree(folder, copy)
    subprocess.run(["npm", "install"], cwd=copy, check=True)
    subprocess.run([sys.executable, "-m", "venv", "venv"], cwd=copy, check=True)
    pip = [str(copy / "venv" / "bin" / "pip"), "install", "-q", "-r", "requirements.txt"]
    subprocess.run(pip, cwd=copy, check=True)
    return copy


def report(rows: list[dict[str, Any]]) -> None:
    """A table a phase: medians, ours marked, with the aim."""
    for n in sorted({row["n"] for row in rows}):
        for phase, (seconds, size) in AIMS.items():
            found = [row for row in rows if (row["n"], row["phase"]) == (n, phase)]
            aim = f"   aim {seconds} s" + (f", {size:,} B" if size else "") if n == 10_000 else ""
            say(f"\n{phase}, {n:,} cases{aim}")
            for row in sorted(found, key=lambda r: float(r["median_s"])):
                mark = "→" if row["peer"] == NAME else " "
                size_both = row["up_bytes"] + row["down_bytes"]
                say(
                    f" {mark} {row['peer']:16} {row['median_s']:8.4f} s (least {row['min_s']:.4f}) {size_both:12,} B"
                )


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
