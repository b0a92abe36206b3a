"""How the runner talks to our two ends: one JSON object a line in, one out (the peers' README)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def given(name: str) -> list[dict[str, Any]]:
    """The rows of `DATA/name_N.jsonl`: cases, delta or acts."""
    path = Path(os.environ["DATA"]) / f"{name}_{os.environ['N']}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def serve(commands: Mapping[str, Callable[[], dict[str, Any] | None]]) -> None:
    """Answer commands until the runner closes the input; an error ends the process, which the runner reports. What a library prints goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answer = {"ok": True, **(commands[json.loads(line)["cmd"]]() or {})}
        out.write(json.dumps(answer) + "\n")
        out.flush()
