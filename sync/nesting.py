"""JSON from elsewhere, read without running out of stack.

CPython raises RecursionError for brackets in brackets in brackets; in a phone's browser the same document ends the
interpreter for good (seen with Pyodide 314), and with it the app, at every start. Nothing of ours nests deeper than ten.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

DEEPEST: Final = 100
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def check_nesting(body: bytes) -> None:
    """Raises RecursionError where brackets nest deeper than DEEPEST."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth = 0
    for found in _BRACKETS.finditer(body):
        sign = found[0][0]
        if sign in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise RecursionError("nested too deep")
        elif sign in b"]}":
            depth -= 1


def read_json(body: bytes) -> Any:
    """As json.loads. Raises ValueError, RecursionError."""
    check_nesting(body)
    return json.loads(body)
